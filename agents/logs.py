"""What the backbone says of itself: one event a line, with where it happened.

On a terminal the lines are for reading, elsewhere each is a JSON object. The libraries
under us (Faust, mode, aiokafka) speak through the same formatter. Lines carry, where known,
``stage``, ``partition``, ``offset`` and ``trace`` (the trace id of the event at hand).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import Processor

from agents.settings import Settings

# Libraries that tell every rebalance step at info level.
_CHATTY = ("aiokafka", "faust", "mode", "asyncio", "kafka")
_SECRET_WORDS = ("password", "secret", "token", "credential")
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure_logs(
    settings: Settings, stage: str | None = None, stream: TextIO | None = None
) -> None:
    """Set up logging for this process; call it once, before anything is logged.

    Args:
        stage: put on every line of this process.
        stream: where lines go; standard error unless given.
    """
    target = stream if stream is not None else sys.stderr
    level = _LEVELS[settings.log_level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings, target),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(
            max(level, logging.WARNING) if level > logging.DEBUG else level
        )
    structlog.contextvars.clear_contextvars()
    if stage is not None:
        structlog.contextvars.bind_contextvars(stage=stage)


def _renderers(settings: Settings, target: TextIO) -> list[Processor]:
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and target.isatty())
    if as_text:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=plain)]
    return [
        # Never with local variables: they hold passwords and what citizens wrote.
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def _to_json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _hide_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "***"
    return event


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry the context that is bound when they are written."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def at(
    *, partition: int | None = None, offset: int | None = None, traceparent: str | None = None
) -> Iterator[None]:
    """Say where the lines written inside happened: partition, offset, trace."""
    known: dict[str, Any] = {"partition": partition, "offset": offset}
    if traceparent is not None and (trace := trace_id(traceparent)) is not None:
        known["trace"] = trace
    with structlog.contextvars.bound_contextvars(
        **{key: value for key, value in known.items() if value is not None}
    ):
        yield


def trace_id(traceparent: str) -> str | None:
    """The trace id in a W3C traceparent (``00-<32 hex>-<16 hex>-01``); None if it has none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) >= 4 and len(parts[1]) == 32 else None
