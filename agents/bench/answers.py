"""How long a person waits for the command line: whole commands, from the key to the prompt."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents.alert_index import AlertIndex, index_file
from agents.alert_keeper import explain_some, prepare
from agents.bench.machine import percentile, spread
from agents.policy_files import load
from agents.up.city import CityRecord, read_city, write_city
from schemas.alert import Alert, AlertEvent, Trigger, Window
from schemas.codec import encode
from schemas.errors import ConfigurationError
from streams.partitioner import partition_of
from streams.topics import ALERTS

GOAL_MS = 100.0
LANES = 4
_START = "from agents.cli.main import main; main()"
_GIVEN_UP_S = 60.0


@dataclass(frozen=True, slots=True)
class Line:
    """One command line, and what may be expected of it.

    Attributes:
        goal_ms: the wait within which it must be over, median.
        code: the exit code that shows that it did what it should.
    """

    words: tuple[str, ...]
    goal_ms: float = GOAL_MS
    code: int = 0


def lines_for(alert_id: str, places: Sequence[str], pictures: Path) -> list[Line]:
    """The command lines that are measured.

    Args:
        places: the options that name the city.
        pictures: a directory for what is drawn.
    """
    why = ("why", alert_id, *places)
    return [
        Line(why),
        Line((*why, "--lang", "en")),
        Line((*why, "--json")),
        Line((*why, "--plot", str(pictures / "why.svg"))),
        Line((*why, "--plot", str(pictures / "why.png"))),
        Line(("why", f"{alert_id}-mistyped", *places), code=2),
        Line(("--help",)),
        Line(("wyh",), code=2),
        Line(("incident", "lsit"), code=2),
        Line(("alert", "list", "--tire", "street"), code=2),
    ]


def measure(lines: Sequence[Line], runs: int) -> list[dict[str, Any]]:
    """Run each command line so often, in turns, and say how long a person would have waited.

    Returns:
        For each line: `words`, `ms` (median, min, max, runs), `p90_ms`, `goal_ms`, and `failed`,
        runs that did not end as they should. The first is an interpreter that does nothing.
    """
    commands = [[sys.executable, "-c", "pass"], *(_command(line.words) for line in lines)]
    wanted = [0, *(line.code for line in lines)]
    waits: list[list[float]] = [[] for _ in commands]
    failed = [0] * len(commands)
    for turn in range(runs + 1):
        for number, command in enumerate(commands):
            begun = time.perf_counter()
            ended = subprocess.run(
                command, capture_output=True, check=False, timeout=_GIVEN_UP_S, env=_environment()
            )
            if turn == 0:
                continue  # the first writes what Python compiled
            waits[number].append(1_000 * (time.perf_counter() - begun))
            failed[number] += ended.returncode != wanted[number]
    told = [("an interpreter that does nothing", None), *((" ".join(x.words), x) for x in lines)]
    return [
        {
            "words": words,
            "ms": spread(waits[number]),
            "p90_ms": percentile(waits[number], 0.9),
            "goal_ms": None if line is None else line.goal_ms,
            "failed": failed[number],
        }
        for number, (words, line) in enumerate(told)
    ]


def _command(words: Sequence[str]) -> list[str]:
    """As a person starts it: the installed command, where there is one."""
    script = Path(sys.executable).with_name("chengyun")
    start = [str(script)] if script.is_file() else [sys.executable, "-P", "-c", _START]
    return [*start, *words]


def _environment() -> dict[str, str]:
    """Ours, with this very code before any other that may be installed."""
    root = str(Path(__file__).parents[2])
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": root if not path else f"{root}{os.pathsep}{path}"}


def newest_of(data_dir: Path) -> str:
    """The alert that the last city of a data directory spoke of last.

    Raises:
        ConfigurationError: there is no city, or its index has none.
    """
    city = read_city(data_dir)
    try:
        if city is not None:
            with AlertIndex(index_file(data_dir, city.prefix), only_read=True) as index:
                for alert_id in index.newest(1):
                    return alert_id
    except sqlite3.Error:
        city = None
    raise ConfigurationError(f"{data_dir}: got no alerts of a city, wanted where `up` keeps them")


def made_up_city(data_dir: Path, prefix: str = "bench.") -> str:
    """Lay down what a city leaves behind that has ended: its record, and its index of alerts.

    Returns:
        The id of an alert in it: water on a road, in three revisions.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    opened = now - timedelta(hours=2)
    alert_id = "990101001-W3-bench"
    revisions = [
        Alert(
            alert_id=alert_id,
            revision=n,
            key="W3/990101001/gauge-1",
            trigger=Trigger(id="W3", version="1"),
            scale="warning",
            tier="street",
            area="990101001",
            colour="yellow",
            state="opened" if n == 1 else "raised",
            title="道路积水 gauge-1",
            unit="cm",
            observed=9.0 + 3 * n,
            threshold=10.0,
            window=Window(start=opened, end=opened + timedelta(minutes=10 * n)),
            evidence=[f"gauge-1/{m}" for m in range(n)],
            evidence_count=n,
            opened_at=opened,
            changed_at=opened + timedelta(minutes=10 * n),
            policy_version="1",
        )
        for n in (1, 2, 3)
    ]
    record = CityRecord(
        prefix=prefix,
        bootstrap="127.0.0.1:9",
        embedded=True,
        timezone="Asia/Shanghai",
        pid=1,
        started_at=opened,
        ended_at=now,
    )
    write_city(data_dir, data_dir / "up" / prefix.rstrip("."), record)
    keep_alerts(index_file(data_dir, prefix), revisions, whole_at=now.timestamp())
    return alert_id


def keep_alerts(file: Path, alerts: Sequence[Alert], whole_at: float) -> None:
    """Write an index of these alerts, each with its reasons, as if they had come from topics.

    Args:
        whole_at: when there was nothing more in the topics, seconds since 1970.
    """
    policy = load()
    with AlertIndex(file) as index:
        places = [(topic.name, lane) for topic in ALERTS.values() for lane in range(LANES)]
        index.add((), dict.fromkeys(places, 0))
        said = []
        for offset, alert in enumerate(alerts):
            home = ALERTS[alert.tier].name, partition_of(alert.alert_id.encode(), LANES)
            at = f"/{alert.tier}/{alert.area}"
            event = AlertEvent(
                id=f"{alert.alert_id}/{alert.revision}",
                source=at,
                time=alert.changed_at,
                data=alert,
            )
            said.append((home, offset, alert.alert_id, encode(event)))
        index.add(said)
        prepare(index, policy)
        while explain_some(index, policy):
            pass
        index.whole(places, whole_at)
