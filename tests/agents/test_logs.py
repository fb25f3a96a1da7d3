"""Log lines are JSON with place and trace, and hold neither secrets nor local variables."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from agents.logs import at, configure_logs, get_logger, trace_id
from agents.settings import load_settings

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go; logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_stage_partition_offset_and_trace(stream: io.StringIO) -> None:
    configure_logs(load_settings(), stage="street", stream=stream)
    with at(partition=3, offset=7, traceparent=TRACEPARENT):
        get_logger("agents.x").info("restored", keys=5)
    get_logger("agents.x").info("after")
    first, second = _lines(stream)
    assert first["event"] == "restored"
    assert first["trace"] == "0af7651916cd43dd8448eb211c80319c"
    assert (first["stage"], first["partition"], first["offset"], first["keys"]) == (
        "street",
        3,
        7,
        5,
    )
    assert second["stage"] == "street"
    assert "partition" not in second


def test_the_libraries_speak_through_it_but_only_when_it_matters(stream: io.StringIO) -> None:
    configure_logs(load_settings(), stream=stream)
    logging.getLogger("aiokafka.consumer").warning("lost %s", "node 1")
    logging.getLogger("faust").info("chatter")
    (line,) = _lines(stream)
    assert (line["event"], line["logger"], line["level"]) == (
        "lost node 1",
        "aiokafka.consumer",
        "warning",
    )


@pytest.mark.parametrize("form", ["json", "text"])
def test_neither_secrets_nor_local_variables_are_written(stream: io.StringIO, form: str) -> None:
    configure_logs(load_settings(log_format=form), stream=stream)
    local = "what a citizen wrote"
    try:
        raise ValueError(f"{len(local)} characters")
    except ValueError:
        get_logger("agents.x").exception("failed", sasl_password="hunter2")
    text = stream.getvalue()
    assert "20 characters" in text
    assert "hunter2" not in text
    assert local not in text


@pytest.mark.parametrize("broken", ["", "00-abc-def-01", "nonsense"])
def test_a_broken_traceparent_has_no_trace(broken: str) -> None:
    assert trace_id(broken) is None
