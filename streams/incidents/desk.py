"""The desk of a tier as a program: which event leads to what, the same frame for all three."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from schemas.codec import read_tier
from schemas.command import CommandEvent, SilenceEvent
from schemas.dead_letter import Reason
from schemas.errors import SchemaError
from schemas.handoff import HandoffEvent, Notice, NoticeEvent
from schemas.report import ReportEvent, ReportUpdateEvent
from schemas.score import AreaScoresEvent
from schemas.tally import AreaTalliesEvent
from schemas.terms import Tier
from schemas.tick import TickEvent
from streams.incidents import (
    annunciation,
    chains,
    deadline_risk,
    deadlines,
    family,
    hotspots,
    openings,
    ownership,
    precursors,
    problems,
    rhythms,
    spreading,
    standings,
    summing,
    surges,
    troubled,
    weather,
)
from streams.incidents.annunciation import ATTENTION
from streams.incidents.case import (
    BINS,
    CASES,
    COPIES,
    NAMESPACES,
    PROBLEMS,
    SPREADS,
    WARNINGS,
)
from streams.incidents.commands import on_command
from streams.incidents.endings import forget
from streams.incidents.foresight import CALENDAR
from streams.incidents.holding import BUDGETS, HELD, POOLS
from streams.incidents.inhibition import CAUSING, FOLDED, LIT, TOLD
from streams.incidents.messages import event_id
from streams.incidents.opening import on_report
from streams.incidents.pulse import PULSES, SERIES
from streams.incidents.rainfall import RAIN
from streams.incidents.scores import SCORED, SCORES
from streams.incidents.sheets import SHEETS, SUMMED, SUMS
from streams.incidents.turn import Turn
from streams.incidents.updates import on_update
from streams.incidents.verdicts import VERDICTS
from streams.incidents.workloads import FOLLOWED, LOADS
from streams.policy import Policy
from streams.program import Due, Horizon, Output, Record, Refuse
from streams.state import State, to_microseconds
from streams.topics import INBOXES

Answer = Callable[[Turn, Any], None]

_OURS = re.compile(rb'"source":"/(?:intake|sensing|street|district|city)[/"]')
_HEAD_BYTES = 1_000


class Arrival:
    """A message in a desk's inbox: what it says, and whose desk it is for.

    One lane serves many desks; the record's key says which.
    """

    __slots__ = ("area", "id", "message", "source", "time", "type")

    def __init__(self, area: str, message: Any) -> None:
        self.area = area
        self.message = message
        self.id: str = message.id
        self.source: str = message.source
        self.time: datetime = message.time
        self.type: str = message.type

    @property
    def data(self) -> Any:
        """The body of the message."""
        return self.message.data


class Desk:
    """A tier of the city: one inbox, one keyed state, and what it decides.

    Args:
        tier: which one.
        answers: what this tier does beyond what all three do, by type of message.

    Attributes:
        turn: makes each step's turn; a backtest puts in one that writes nothing out.
    """

    def __init__(
        self, policy: Policy, tier: Tier, answers: Mapping[type[Any], Answer] | None = None
    ) -> None:
        self.policy = policy
        self.tier: Tier = tier
        self.stage: str = tier
        self.turn: Callable[[Policy, Tier, str, State, datetime, str], Turn] = Turn
        self.inputs = (INBOXES[tier],)
        self.namespaces = (
            *NAMESPACES,
            *SUMMED,
            *SCORED,
            ATTENTION,
            BUDGETS,
            CALENDAR,
            CAUSING,
            FOLDED,
            HELD,
            FOLLOWED,
            LIT,
            LOADS,
            POOLS,
            PULSES,
            RAIN,
            SERIES,
            openings.AWAITED,
            chains.DISMISSED,
            chains.LEARNED,
            precursors.CHAINS,
            rhythms.RHYTHMS,
            precursors.LATELY,
            hotspots.SCANS,
            troubled.HISTORIES,
            troubled.PACES,
            TOLD,
            VERDICTS,
            problems.NAMED,
        )
        self._answers: dict[type[Any], Answer] = {
            ReportEvent: on_report,
            ReportUpdateEvent: on_update,
            HandoffEvent: _on_handoff,
            NoticeEvent: _on_notice,
            CommandEvent: on_command,
            AreaTalliesEvent: summing.on_tallies,
            AreaScoresEvent: standings.on_scores,
            SilenceEvent: _on_silence,
            **(answers or {}),
        }

    def decode(self, record: Record) -> Any:
        """Read a message of the inbox. Raises SchemaError."""
        message = read_tier(record.value)
        if type(message) is TickEvent:
            return message
        try:
            area = "" if record.key is None else record.key.decode()
        except UnicodeDecodeError:
            raise SchemaError(
                "the key is not UTF-8, wanted an area code", code="not_utf8"
            ) from None
        return Arrival(area, message)

    def trusts(self, record: Record) -> bool:
        """Whether its source names a stage of ours."""
        return record.value is not None and bool(_OURS.search(record.value[:_HEAD_BYTES]))

    def step(self, state: State, event: Any, now: datetime) -> Iterable[Output | Refuse]:
        """Answer one message: to one desk, at one time."""
        area: str = event.area
        if self.policy.areas.tier_of(area) != self.tier:
            return (
                Refuse(
                    Reason(
                        code="unknown_area",
                        message=f"got the key {area!r}, wanted the code of a {self.tier}",
                    )
                ),
            )
        message = event.message
        answer = self._answers.get(type(message))
        if answer is None:
            return (
                Refuse(
                    Reason(
                        code="not_for_this_tier",
                        message=f"the {self.tier} does nothing with {event.type}",
                        path="/type",
                    )
                ),
            )
        turn = self.turn(self.policy, self.tier, area, state, now, event.id)
        answer(turn, message)
        if turn.touched:
            family.settle(turn)
            turn.settle()
        return turn.out

    def fire(self, state: State, due: Due, now: datetime) -> Iterable[Output | Refuse]:
        """Answer an entry whose time has come."""
        area, _, rest = due.key.partition("/")
        namespace = due.namespace
        if namespace is CASES and due.value.incident.closed_at is not None:
            forget(state, due.key, due.value)
            return ()
        cause = event_id(due.key, f"due/{to_microseconds(due.at)}")
        turn = self.turn(self.policy, self.tier, area, state, now, cause)
        if namespace is CASES:
            deadlines.fire(turn, due.value)
        elif namespace is BINS:
            spreading.on_bins(turn, due.value, due.at)
        elif namespace is PULSES:
            surges.on_due(turn, due.key, due.value, due.at)
        elif namespace is openings.AWAITED:
            openings.on_due(turn, due.value, due.at)
        elif namespace is SHEETS:
            summing.on_sheet(turn, due.key, due.value, due.at)
        elif namespace is SUMS:
            summing.on_sum(turn, due.key, due.value, due.at)
        elif namespace is SCORES:
            standings.on_due(turn, due.key, due.value, due.at)
        elif namespace is SPREADS:
            spreading.on_due(turn, due.key, due.value)
        elif namespace is WARNINGS:
            weather.on_due(turn, due.value)
        elif namespace is PROBLEMS:
            problems.on_due(turn, due.key, due.value)
        elif namespace is LOADS:
            deadline_risk.on_due(turn, rest, due.value)
        elif namespace is ATTENTION:
            annunciation.on_due(turn, due.value)
        elif namespace is COPIES:
            ownership.drop_copy(turn, rest)
        if turn.touched:
            family.settle(turn)
            turn.settle()
        return turn.out

    def horizon(self, state: State, now: datetime) -> Horizon:
        """As the clock goes; who runs the stage may know better."""
        return Horizon(now, now)

    def close(self, state: State, reached: Horizon, partition: int = 0) -> Iterable[Output]:
        """Nothing is told at the end of a chunk."""
        return ()


_FAMILY: dict[str, Callable[[Turn, Notice], None]] = {
    "cause": family.on_cause,
    "child": family.on_child,
    "parent_ended": family.on_parent_ended,
    "chains": precursors.on_chains,
    "rhythm": rhythms.on_rhythms,
}


def _on_handoff(turn: Turn, event: HandoffEvent) -> None:
    ownership.receive(turn, event.data)
    if turn.policy.causes:
        case = family.case_of(turn, event.data.incident.incident_id)
        if case is not None and case.owned:
            family.notice_case(turn, case)


def _on_silence(turn: Turn, event: SilenceEvent) -> None:
    annunciation.on_silence(turn, event.data)


def _on_notice(turn: Turn, event: NoticeEvent) -> None:
    notice = event.data
    if notice.purpose == "copy":
        ownership.on_copy(turn, notice)
    elif notice.purpose == "ended":
        ownership.on_ended(turn, notice)
    elif notice.purpose in _FAMILY:
        _FAMILY[notice.purpose](turn, notice)
    else:
        weather.on_warning(turn, event)
