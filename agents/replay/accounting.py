"""The account of a replay: what became of every row, from what the stages committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from rich.text import Text

from agents.ledger import open_ledger
from agents.settings import Settings
from streams.program import Record
from streams.topics import (
    ALERTS,
    DEAD_LETTERS,
    INCIDENTS,
    INTAKE_REPORTS,
    PROBLEMS,
    REPLIES,
    SENSING_READINGS,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One table of an account: a title, its lines, and what they do not say by themselves."""

    title: str
    lines: tuple[tuple[str, str], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a recording: tables for people, figures for programs.

    Attributes:
        complete: every row is in an incident or has a dead letter with its reason.
        figures: the same numbers as in the tables, as JSON values.
        files: longer lists that were written out, by what they hold.
    """

    dataset: str
    complete: bool
    parts: tuple[Part, ...]
    figures: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)

    def table(self) -> Text:
        """All tables, for a terminal."""
        return Text(self.text())

    def text(self) -> str:
        """All tables as plain text."""
        width = max((len(name) for part in self.parts for name, _ in part.lines), default=0)
        blocks = []
        for part in self.parts:
            rows = [part.title, "─" * max(len(part.title), 8)]
            rows += [f"  {name:<{width}}  {value}" for name, value in part.lines]
            if part.note:
                rows.append(f"  {part.note}")
            blocks.append("\n".join(rows))
        tail = [f"{what}: {where}" for what, where in self.files.items()]
        return "\n\n".join([*blocks, *tail])

    def as_dict(self) -> dict[str, Any]:
        """The account as JSON values."""
        return {
            "dataset": self.dataset,
            "complete": self.complete,
            **self.figures,
            "files": self.files,
        }


@dataclass(slots=True)
class Found:
    """What the stages have committed under one prefix, as far as an account needs it.

    Attributes:
        incidents: last word on each incident, as JSON values.
        dead: report or device key to reason code and text of its dead letter.
        dead_reasons: dead letters by stage and reason code.
        answered: report id to the last incident that a reply named for it.
        alerts: alerts by tier, trigger and highest colour.
        alert_messages: alert records by tier.
        problems: problems by tier.
        begun, fed, ended: real time of the first and last input and of the last output.
    """

    incidents: list[dict[str, Any]] = field(default_factory=list)
    dead: dict[str, tuple[str, str]] = field(default_factory=dict)
    dead_reasons: Counter[str] = field(default_factory=Counter)
    answered: dict[str, str] = field(default_factory=dict)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    alert_messages: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    begun: int | None = None
    fed: int | None = None
    ended: int | None = None


_ALERT_TIERS = {topic.name: tier for tier, topic in ALERTS.items()}
_OUTPUTS = (INCIDENTS, DEAD_LETTERS, PROBLEMS, *ALERTS.values())
_INPUTS = (INTAKE_REPORTS, SENSING_READINGS)
_COLOURS = ("blue", "yellow", "orange", "red")


async def read_replies(settings: Settings, bootstrap: str, found: Found) -> None:
    """Read what senders were told, too: it names the incident of a report that none lists."""
    async with open_ledger(settings, bootstrap, (REPLIES,)) as ledger:
        async for batch in ledger.scan((REPLIES,)):
            for record in batch:
                reply = orjson.loads(record.value or b"{}").get("data", {})
                if reply.get("report_id") and reply.get("incident_id"):
                    found.answered[reply["report_id"]] = reply["incident_id"]


async def gather(settings: Settings, bootstrap: str) -> Found:
    """Read the outboxes of a prefix from their beginning; compacted ones keep the last word.

    Raises:
        ConfigurationError: the broker or the topics are not there.
    """
    found = Found()
    last: dict[tuple[str, bytes], bytes] = {}
    async with open_ledger(settings, bootstrap, (*_OUTPUTS, *_INPUTS)) as ledger:
        async for batch in ledger.scan(_OUTPUTS):
            for record in batch:
                _read_output(found, record, last)
        async for batch in ledger.scan(_INPUTS):
            for record in batch:
                stamp = record.timestamp_ms
                found.begun = stamp if found.begun is None else min(found.begun, stamp)
                found.fed = stamp if found.fed is None else max(found.fed, stamp)
    _settle_last_words(found, last)
    return found


def _read_output(found: Found, record: Record, last: dict[tuple[str, bytes], bytes]) -> None:
    topic = record.topic
    found.ended = (
        record.timestamp_ms if found.ended is None else max(found.ended, record.timestamp_ms)
    )
    if record.value is None:
        last.pop((topic, record.key or b""), None)
    elif topic == DEAD_LETTERS.name:
        letter = orjson.loads(record.value)["data"]
        reason = letter["reason"]
        found.dead_reasons[f"{letter['stage']}: {reason['code']}"] += 1
        key = letter["origin"].get("key")
        if key is not None:
            found.dead.setdefault(key, (reason["code"], reason["message"]))
    else:
        if topic in _ALERT_TIERS:
            found.alert_messages[_ALERT_TIERS[topic]] += 1
        last[topic, record.key or b""] = record.value


def _settle_last_words(found: Found, last: dict[tuple[str, bytes], bytes]) -> None:
    for (topic, _), value in last.items():
        message = orjson.loads(value)["data"]
        if topic == INCIDENTS.name:
            found.incidents.append(message)
        elif topic == PROBLEMS.name:
            found.problems[message["tier"]] += 1
        else:
            tier = _ALERT_TIERS[topic]
            found.alerts[tier, message["trigger"]["id"], message["colour"]] += 1


def flow(found: Found, city: str) -> Part:
    """The part about incidents, escalations and alerts that every replay has."""
    tiers: Counter[str] = Counter(incident["tier"] for incident in found.incidents)
    states: Counter[str] = Counter(incident["state"] for incident in found.incidents)
    lines = [("incidents", f"{len(found.incidents):,}")]
    lines += [(f"  owned by {tier} at the end", f"{n:,}") for tier, n in _by_tier(tiers)]
    lines += [(f"  {state}", f"{n:,}") for state, n in states.most_common()]
    lines += [
        (f"escalated to {tier} by {rule}", f"{n:,}")
        for (tier, rule), n in sorted(escalations(found, city).items())
    ]
    for (tier, trigger, colour), n in sorted(found.alerts.items()):
        lines.append((f"alerts of {tier}: {trigger} {colour}", f"{n:,}"))
    lines += [(f"problems of {tier}", f"{n:,}") for tier, n in _by_tier(found.problems)]
    return Part("What the tiers did", tuple(lines))


def flow_figures(found: Found, city: str) -> dict[str, Any]:
    """The figures of `flow`."""
    return {
        "incidents": {
            "total": len(found.incidents),
            "by_tier": dict(Counter(i["tier"] for i in found.incidents)),
            "by_state": dict(Counter(i["state"] for i in found.incidents)),
        },
        "escalations": {
            f"{tier} {rule}": n for (tier, rule), n in escalations(found, city).items()
        },
        "alerts": {" ".join(key): n for key, n in sorted(found.alerts.items())},
        "alert_messages": dict(found.alert_messages),
        "problems": dict(found.problems),
        "dead_letters": dict(found.dead_reasons),
        "times": times(found),
    }


def escalations(found: Found, city: str) -> Counter[tuple[str, str]]:
    """How often an incident went up, by the tier that received it and the rule."""
    counts: Counter[tuple[str, str]] = Counter()
    for incident in found.incidents:
        for lift in incident.get("escalations", ()):
            tier = "city" if lift["to_area"] == city else "district"
            counts[tier, lift["rule"]] += 1
    return counts


def times(found: Found) -> dict[str, Any]:
    """Real time of the run, by the broker's own time stamps."""
    if found.begun is None or found.fed is None:
        return {}
    ended = max(found.ended or found.fed, found.fed)
    return {
        "first_input": _text(found.begun),
        "last_input": _text(found.fed),
        "last_output": _text(ended),
        "feeding_s": round((found.fed - found.begun) / 1000, 1),
        "first_input_to_last_output_s": round((ended - found.begun) / 1000, 1),
    }


def times_part(found: Found) -> Part:
    """The part about real time."""
    lines = tuple((name.replace("_", " "), str(value)) for name, value in times(found).items())
    return Part("Real time, by the broker's time stamps", lines)


def dead_part(found: Found) -> Part:
    """The part about dead letters."""
    lines = tuple((reason, f"{n:,}") for reason, n in found.dead_reasons.most_common())
    return Part("Dead letters", lines or (("none", "0"),))


def share(part: int, whole: int) -> str:
    """A share as text, with what it is a share of."""
    return f"{part:,} of {whole:,} ({part / whole:.3%})" if whole else f"{part:,} of 0"


def _by_tier(counts: Counter[str]) -> Sequence[tuple[str, int]]:
    return [(tier, counts[tier]) for tier in ("street", "district", "city") if counts[tier]]


def _text(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
