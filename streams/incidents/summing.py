"""Summing up a desk's work by day, week, month and season (日巡周查月评季通报).

What happens to a case is counted once, by the desk that owns it at that moment; what its
callers say when called back, by the desk where their report came in. A desk's summary is
its own work and that of all desks below it. When a day's input is complete, the desk says
its sums to whom it may concern and to the tier above; what comes late revises them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from schemas.incident import ReportedCase
from schemas.report import ReportUpdate
from schemas.tally import AreaTalliesEvent
from streams.incidents.case import Case
from streams.incidents.sheets import SHEETS, SUMS, Sheet, Sum
from streams.policy import Policy
from streams.state import Slot
from streams.summaries.periods import (
    LONGER,
    Period,
    begin_of,
    day_after,
    day_of,
    first_day,
    next_moment,
)
from streams.summaries.tally import (
    NO_UNIT,
    Counts,
    Rows,
    add,
    minus,
    rates,
    time_counter,
    totals,
    whole,
)
from streams.summaries.tally import told as told_counts
from streams.topics import SUMMARIES

if TYPE_CHECKING:
    from streams.incidents.turn import Turn

COUNTED: dict[str, str] = {
    "open": "opened",
    "register": "opened",
    "self_handle": "opened",
    "merge": "merged",
    "dispatch": "dispatched",
    "redispatch": "redispatched",
    "return": "returned",
    "check_failed": "redone",
    "reject": "rejected",
    "reopen": "reopened",
    "extend": "extended",
    "suspend": "suspended",
    "whistle": "whistled",
    "report": "arrived",
    "consult": "consulted",
    "supervise": "supervised",
    "remind": "reminded",
    "delegate": "delegated",
    "hand_back": "handed_back",
    "escalate": "lifted",
    "went_overdue": "overdue",
    "decide_appeal": "exempt",
}
"""What happens to a case → what a summary counts. Whatever closes it counts as closed too."""

_SUMMARY_KIND = b"cn.chengyun.summary.v1"
_TALLIES_KIND = b"cn.chengyun.area-tallies.v1"
_MINUTE = timedelta(minutes=1)


def note(
    turn: Turn,
    case: Case,
    action: str,
    before: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """This desk made a move that counts; it is added up when the step ends."""
    incident = case.incident
    unit = incident.unit
    at = turn.now
    counter = COUNTED.get(action)
    counters: list[str] = []
    if counter == "opened":
        if incident.dispatched_at is not None and action == "register":
            return  # looked into once more after a return: opened before
        counters.append("opened")
        if incident.recurrence_of is not None:
            counters.append("recurred")
        if incident.reports:
            counters.append("complaints")
            if action == "open":
                counters.append("dispatched")
            at = incident.reports[-1].reported_at
        if action == "self_handle":
            counters.append("self_handled")
    elif counter == "merged":
        counters += ("complaints", "merged")
        if incident.dispatched_at is not None:
            counters.append("dispatched")
        at = incident.reports[-1].reported_at
    elif counter == "dispatched":
        turn.tallies.append((at, unit, ("dispatched",), incident.report_count))
    elif counter == "returned":
        counters.append("returned")
        if unit is None and detail is not None:
            unit = detail.get("unit")
    elif counter == "lifted":
        counters.append(f"lifted_from_{turn.tier}")
        if incident.overdue:
            counters.append(f"late_from_{turn.tier}")
    elif counter == "exempt":
        if incident.exempt:
            counters.append("exempt")
            at = incident.closed_at or at
    elif counter is not None:
        counters.append(counter)
    if incident.state == "closed" and before != "closed":
        counters.append("closed")
        if not (incident.overdue or any(report.overdue for report in incident.reports)):
            counters.append("on_time")
        if turn.tier == "street":
            counters.append("settled_low")
        if action == "withdraw":
            counters.append("withdrawn")
        ended = incident.resolved_at or incident.closed_at or turn.now
        counters.append(time_counter((ended - incident.opened_at) / _MINUTE))
    if counters:
        turn.tallies.append((at, unit, tuple(counters), 1))


def note_callback(turn: Turn, case: Case, report: ReportedCase | None, said: ReportUpdate) -> None:
    """A caller was called back: whether in time, and what they said (三率).

    Counted once, where the report came in; a tier to which the update was passed on only
    notes that there was contact.
    """
    callback = said.callback
    if callback is None or not callback.contacted:
        return
    first = report is not None and report.contacted_at is None
    if report is not None and report.contacted_at is None:
        report.contacted_at = said.updated_at
    if report is not None:
        report.solved, report.satisfied = callback.solved, callback.satisfied
    if said.incident_id is not None:
        return
    unit = case.incident.unit
    counters = ["answered"]
    if callback.solved:
        counters.append("solved")
    if callback.satisfied:
        counters.append("satisfied")
    turn.tallies.append((turn.now, unit, tuple(counters), 1))
    if report is None or not first:
        return
    policy = turn.policy
    limit = policy.calendar.add(report.reported_at, policy.summaries.contact)
    told = ("contacts", "contacted") if said.updated_at <= limit else ("contacts",)
    turn.tallies.append((report.reported_at, unit, told, 1))


def count(turn: Turn) -> None:
    """Add what this step has noted to the sheets it belongs to."""
    rules = turn.policy.summaries
    tz = turn.policy.calendar.tz
    shortest = rules.shortest
    table = turn.state.table(SHEETS)
    today = day_of(turn.now, tz)
    current = first_day(shortest, today)
    before, key = 0, ""
    slot: Slot | None = None
    for at, unit, counters, number in turn.tallies:
        first = current if at is turn.now else first_day(shortest, day_of(at, tz))
        if first != current and not _revisable(turn, first, today):
            first = current
        if slot is None or first != before:
            before, key = first, f"{turn.area}/{first}"
            slot = table.slot(key)
            slot.touched = True
            if slot.value is None:
                slot.value = Sheet()
        sheet: Sheet = slot.value
        row = sheet.own.get(unit or NO_UNIT)
        if row is None:
            row = sheet.own[unit or NO_UNIT] = {}
        for counter in counters:
            row[counter] = row.get(counter, 0) + number
        if sheet.due is None:
            sheet.due = _next(turn, first, sheet.revision)
            table.put(key, sheet, sheet.due)
    turn.tallies.clear()


def _revisable(turn: Turn, first: int, today: int) -> bool:
    """Whether a sheet that ended lately still takes what comes late."""
    rules = turn.policy.summaries
    after = day_after(rules.shortest, first)
    return after <= today <= after + rules.kept_days


def _next(turn: Turn, first: int, revision: int) -> datetime:
    """When a sheet that has changed is said next: at its end, or with the next round after it."""
    rules, tz, now = turn.policy.summaries, turn.policy.calendar.tz, turn.now
    if rules.interim_s is None and not revision:
        return max(begin_of(day_after(rules.shortest, first), tz), now)
    return next_moment(now, rules.interim_s, tz)


def on_tallies(turn: Turn, event: AreaTalliesEvent) -> None:
    """An area below says what it did; an older revision of the same sheet changes nothing."""
    said = event.data
    key = f"{turn.area}/{said.first}"
    sheet = turn.state.get(SHEETS, key) or Sheet()
    known = sheet.below.get(said.area)
    if known is not None and known[0] >= said.revision:
        return
    sheet.below[said.area] = said.revision, said.units
    if sheet.due is None or said.at < sheet.due:
        sheet.due = said.at
    turn.state.put(SHEETS, key, sheet, sheet.due)


def on_sheet(turn: Turn, key: str, sheet: Sheet, at: datetime) -> None:
    """A sheet's input is complete up to `at`: say its sums, or forget it when its time is up."""
    first = int(key.rpartition("/")[2])
    if sheet.due is None:
        turn.state.delete(SHEETS, key)
        return
    shortest = turn.policy.summaries.shortest
    sheet.due = None
    rows = totals(sheet.own, (rows for _, rows in sheet.below.values()))
    rest = minus(rows, sheet.said)
    if rest:
        sheet.said = rows
        sheet.revision += 1
        _publish(turn, shortest, first, rows, sheet.revision, at)
        _say_up(turn, first, rows, sheet.revision, at)
        for period in LONGER[shortest]:
            _add_to(turn, period, first_day(period, first), rest, at)
    turn.state.put(SHEETS, key, sheet, _forgotten(turn, day_after(shortest, first)))


def _forgotten(turn: Turn, after: int) -> datetime:
    """When what ended with the day before `after` is forgotten.

    A tier keeps it longer than the tier below, so that no revision finds it gone.
    """
    grace = {"street": 2, "district": 4, "city": 6}[turn.tier]
    return begin_of(after + turn.policy.summaries.kept_days + grace, turn.policy.calendar.tz)


def _add_to(turn: Turn, period: Period, first: int, rest: Rows, at: datetime) -> None:
    """A sheet has said more than before: the longer period has as much more."""
    key = f"{turn.area}/{period}/{first}"
    found = turn.state.get(SUMS, key) or Sum()
    add(found.rows, rest)
    found.changed = True
    tz = turn.policy.calendar.tz
    due = begin_of(day_after(period, first), tz)
    if turn.policy.summaries.interim_s is not None:
        due = min(due, begin_of(day_of(at - timedelta(microseconds=1), tz) + 1, tz))
    turn.state.put(SUMS, key, found, max(due, at))


def on_sum(turn: Turn, key: str, found: Sum, at: datetime) -> None:
    """A week, month or season has ended, or was revised: say it, or forget it."""
    area, name, number = key.rsplit("/", 2)
    period = cast(Period, name)  # our own key
    first = int(number)
    after = day_after(period, first)
    if not found.changed:
        turn.state.delete(SUMS, key)
        return
    found.changed = False
    found.revision += 1
    _publish(turn, period, first, found.rows, found.revision, at)
    turn.state.put(SUMS, f"{area}/{period}/{first}", found, _forgotten(turn, after))


def _publish(
    turn: Turn, period: Period, first: int, rows: Rows, revision: int, at: datetime
) -> None:
    policy = turn.policy
    tz = policy.calendar.tz
    counts = whole(rows)
    shares = rates(counts, turn.tier)
    end = begin_of(day_after(period, first), tz)
    data: dict[str, Any] = {
        "area": turn.area,
        "tier": turn.tier,
        "period": period,
        "window": {"start": begin_of(first, tz), "end": end},
        "revision": revision,
        "counts": told_counts(counts),
        "rates": shares,
        "units": {
            unit: {"counts": told_counts(rows[unit]), "rates": rates(rows[unit], turn.tier)}
            for unit in sorted(rows)
        },
        "marks": _marks(policy, counts, shares) if at >= end else [],
        "complete": at >= end,
        "policy_version": policy.version,
    }
    identity = f"{turn.area}/{period}/{begin_of(first, tz).astimezone(tz).date()}"
    turn.send(
        SUMMARIES,
        identity,
        turn.enveloped(_SUMMARY_KIND, f"{identity}/{revision}", turn.area, data),
    )


def _marks(policy: Policy, counts: Counts, shares: dict[str, float]) -> list[str]:
    rules = policy.summaries
    rate = shares.get("whistles_per_100")
    if rate is None or counts.get("opened", 0) < rules.judged_from:
        return []
    if rate < rules.few_whistles:
        return ["whistles_few"]
    return ["whistles_many"] if rate > rules.many_whistles else []


def _say_up(turn: Turn, first: int, rows: Rows, revision: int, at: datetime) -> None:
    parent = turn.policy.areas.parent(turn.area)
    if parent is None:
        return
    data = {
        "area": turn.area,
        "tier": turn.tier,
        "first": first,
        "revision": revision,
        "at": at,
        "units": rows,
    }
    identity = f"{turn.area}/tallies/{first}/{revision}"
    turn.send_to(parent, turn.enveloped(_TALLIES_KIND, identity, turn.area, data))
