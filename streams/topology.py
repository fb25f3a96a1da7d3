"""The picture of the city as data: each stage and each edge once.

Edges carry the direction that time travels: *forward* edges hold a watermark back
until the upstream stage has said how far it has come, *backward* edges (delegation
down, warnings passed down) never do, or the tiers would wait for one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams import topics
from streams.topics import StageName, Topic

Direction = Literal["forward", "backward"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the city: its inbox, its state and what it publishes."""

    name: StageName
    chinese: str
    decides: str
    inbox: Topic
    state: Topic
    publishes: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """One stage writing to the inbox of another."""

    source: StageName
    target: StageName
    carries: str
    direction: Direction


STAGES: tuple[Stage, ...] = (
    Stage(
        "intake",
        "受理",
        "valid? known code and place? masked? new? → a report for a street or a district's desk",
        topics.INTAKE_REPORTS,
        topics.STATES["intake"],
        (topics.REPLIES, topics.DEAD_LETTERS),
    ),
    Stage(
        "sensing",
        "感知",
        "valid? a hard limit, a rise too fast, silent? → only findings go on to the street",
        topics.SENSING_READINGS,
        topics.STATES["sensing"],
        (topics.REPLIES, topics.DEAD_LETTERS),
    ),
    Stage(
        "street",
        "街道",
        "one incident out of many reports; route, clock, remind, escalate; counts per kind",
        topics.STREET_INBOX,
        topics.STATES["street"],
        (
            topics.INCIDENTS,
            topics.STREET_ALERTS,
            topics.PROBLEMS,
            topics.SUMMARIES,
            topics.SCOREBOARD,
            topics.REPLIES,
            topics.AUDIT,
            topics.DEAD_LETTERS,
        ),
    ),
    Stage(
        "district",
        "区",
        "what streets cannot solve: escalations, returns, spread over streets",
        topics.DISTRICT_INBOX,
        topics.STATES["district"],
        (
            topics.INCIDENTS,
            topics.DISTRICT_ALERTS,
            topics.PROBLEMS,
            topics.SUMMARIES,
            topics.SCOREBOARD,
            topics.REPLIES,
            topics.AUDIT,
            topics.DEAD_LETTERS,
        ),
    ),
    Stage(
        "city",
        "市",
        "spread over districts, fan-out of warnings, end point of major risk",
        topics.CITY_INBOX,
        topics.STATES["city"],
        (
            topics.INCIDENTS,
            topics.CITY_ALERTS,
            topics.PROBLEMS,
            topics.SUMMARIES,
            topics.SCOREBOARD,
            topics.REPLIES,
            topics.AUDIT,
            topics.DEAD_LETTERS,
        ),
    ),
)
BY_NAME: dict[str, Stage] = {stage.name: stage for stage in STAGES}

EDGES: tuple[Edge, ...] = (
    Edge("intake", "street", "reports, updates", "forward"),
    Edge("intake", "district", "reports without a street", "forward"),
    Edge("sensing", "street", "findings", "forward"),
    Edge("street", "district", "escalations, counts", "forward"),
    Edge("district", "city", "escalations, counts", "forward"),
    Edge("street", "sensing", "operators' answers about devices", "backward"),
    Edge("district", "sensing", "operators' answers about devices", "backward"),
    Edge("city", "sensing", "operators' answers about devices", "backward"),
    Edge("district", "street", "delegations, notices", "backward"),
    Edge("city", "district", "delegations, warnings", "backward"),
)


def upstreams(stage: str) -> tuple[StageName, ...]:
    """Stages whose ticks a stage must have before time may pass in it."""
    return tuple(e.source for e in EDGES if e.target == stage and e.direction == "forward")


def downstreams(stage: str) -> tuple[StageName, ...]:
    """Stages that wait for this stage's ticks."""
    return tuple(e.target for e in EDGES if e.source == stage and e.direction == "forward")


def as_text() -> str:
    """Draw the city for a terminal, one stage a block."""
    lines: list[str] = []
    for stage in STAGES:
        lines.append(
            f"{stage.name} {stage.chinese}   ◀─ {stage.inbox.name}  (key: {stage.inbox.key})"
        )
        for edge in EDGES:
            if edge.source == stage.name:
                arrow = "──▶" if edge.direction == "forward" else "◁──"
                lines.append(f"  {arrow} {edge.target:<9} {edge.carries}")
        lines.append(
            "  ──▶ " + ", ".join(t.name.removeprefix("chengyun.") for t in stage.publishes)
        )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def as_mermaid() -> str:
    """Draw the city as a Mermaid flowchart, for documents."""
    lines = ["flowchart LR", "  reports([apps, 12345, inspectors]) --> intake"]
    lines.append("  sensors([sensors]) --> sensing")
    lines += [f"  {s.name}[{s.name} {s.chinese}]" for s in STAGES]
    for edge in EDGES:
        arrow = "-->" if edge.direction == "forward" else "-.->"
        lines.append(f"  {edge.source} {arrow}|{edge.carries}| {edge.target}")
    for tier in ("street", "district", "city"):
        lines.append(f"  {tier} --> {tier}alerts([{topics.ALERTS[tier].name}])")
    lines.append(
        "  street & district & city --> out([incidents, problems, summaries, replies, audit])"
    )
    return "\n".join(lines) + "\n"
