"""What a report becomes: a new case, one more voice in an open one, or settled on the spot."""

from __future__ import annotations

from datetime import timedelta

from schemas.dead_letter import Reason
from schemas.incident import Incident, ReportedCase
from schemas.report import Report, ReportEvent
from schemas.terms import Place, Severity, Urgency
from streams.incidents import (
    clocks,
    family,
    lifecycle,
    openings,
    ownership,
    problems,
    repeats,
    stages,
    troubled,
)
from streams.incidents.case import Case, Draft
from streams.incidents.counting import count
from streams.incidents.endings import answer_ended, belong, end_report
from streams.incidents.grading import (
    TOLD,
    awaits_a_witness,
    corroborate_by_calls,
    is_call_nearby,
    regrade,
)
from streams.incidents.messages import Maker, short_hash
from streams.incidents.orders import entry
from streams.incidents.places import Near, Spots
from streams.incidents.routing import GRAVITY, graver, lead_unit, title_of
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy import CategoryRule
from streams.program import Refuse

draft_of = Maker(Draft)
reported_case = Maker(ReportedCase)


def on_report(turn: Turn, event: ReportEvent) -> None:
    """Take in a report: join it to the open case of the matter, or open one."""
    report = event.data
    if report.incident_id is not None:
        _from_below(turn, event)
        return
    if turn.members.get(report.report_id) is not None:
        return  # delivered before; intake has told the sender so
    rule = turn.policy.category(None, report.category.code)
    if rule is None:
        refuse(turn, "unknown_category", f"the policy has no kind {report.category.code!r}")
        return
    count(turn, rule.code, report.reported_at, report.report_id, report.channel)
    place = report.place
    spots = Spots(turn, rule)
    near: list[Near] = []
    again: troubled.Again | None = None
    located = report.mergeable and place.lat is not None and place.lon is not None
    if located and place.lat is not None and place.lon is not None:
        near = spots.around(place.lat, place.lon)
        again = troubled.complained(turn, rule, place.lat, place.lon)
        case = None if report.self_handled else spots.same_matter(near, report.reported_at)
        if case is not None:
            shadow = not case.owned
            join(turn, case, report)
            if again is not None:
                problems.notice_trouble(turn, case, rule, near, again)
            spots.touch(case, report.reported_at)
            if shadow:
                ownership.pass_on(turn, case, _addressed(event, case), "joined")
            return
    open_case(turn, report, rule, spots, near, located=located, again=again)


def _addressed(event: ReportEvent, case: Case) -> ReportEvent:
    data = event.data.model_copy(update={"incident_id": case.incident.incident_id})
    return event.model_copy(update={"data": data})


def _from_below(turn: Turn, event: ReportEvent) -> None:
    """A lower tier's shadow got one more report: it joins the case wherever that is now."""
    report = event.data
    case = turn.case(report.incident_id or "")
    if case is None or (case.owned and case.incident.state not in lifecycle.OPEN):
        # It ended while the report was on its way up: the matter begins anew, here.
        anew = report.model_copy(update={"incident_id": None})
        on_report(turn, event.model_copy(update={"data": anew}))
        return
    if any(each.report_id == report.report_id for each in case.incident.reports):
        return
    shadow = not case.owned
    join(turn, case, report)
    if shadow:
        ownership.pass_on(turn, case, event, "joined")


def refuse(turn: Turn, code: str, message: str) -> None:
    """The input at hand cannot be used here: a dead letter keeps it, with this reason."""
    turn.out.append(Refuse(Reason(code=code, message=message)))


def open_case(
    turn: Turn,
    report: Report,
    rule: CategoryRule,
    spots: Spots,
    near: list[Near],
    *,
    located: bool,
    again: troubled.Again | None = None,
) -> None:
    """Open a case for a report: routed, with its clocks, lifted at once where a rule says so.

    Args:
        spots, near: the places of the kind at this desk, and those within reach of the report.
        again: what the report shows about its place, if that is beyond chance.
    """
    policy = turn.policy
    place = report.place
    case = begin(
        turn,
        rule,
        cause=report.report_id,
        place=place,
        severity=report.severity,
        urgency=report.urgency,
        agency=report.agency,
    )
    incident = case.incident
    incident.areas = report.areas
    incident.sensitive = list(report.sensitive)
    incident.danger_to_life = report.danger_to_life
    incident.reports = [
        reported_case(
            report_id=report.report_id, reported_at=report.reported_at, due_at=report.due_at
        )
    ]
    incident.report_count = 1
    case.calls = 1
    belong(turn, report.report_id, incident.incident_id)
    if located and place.lat is not None and place.lon is not None:
        _link_to_the_past(turn, incident, near)
        spots.remember(incident.incident_id, place.lat, place.lon, report.reported_at)
        problems.notice_recurrence(turn, case, rule, near, again)
    if report.self_handled:
        _settle_on_the_spot(turn, case)
        return
    waits = policy.orders.verification
    if waits is not None and entry.looks_first(waits, rule, report):
        entry.receive(turn, case, waits)
    else:
        start(turn, case, rule, rule_name=_rule_of_birth(turn))
        if case.owned:
            ownership.copy_up(turn, case)
    turn.answer_report(
        report.report_id,
        "accepted",
        outcome="accepted",
        incident_id=incident.incident_id,
        unit=incident.unit,
        due_at=incident.due_at,
        result=words(policy.language, "to_verify" if incident.state == "reported" else "received"),
    )
    if policy.causes and incident.state != "reported":
        family.notice_case(turn, case)


def _rule_of_birth(turn: Turn) -> str | None:
    # What nobody could place is opened by the district's fallback desk.
    return "E5" if turn.tier == "district" else None


def begin(
    turn: Turn,
    rule: CategoryRule,
    *,
    cause: str,
    place: Place,
    severity: Severity,
    urgency: Urgency,
    agency: str | None = None,
) -> Case:
    """A case that is not in the life cycle yet; its id is the same for the same cause."""
    policy = turn.policy
    unit = lead_unit(policy, rule, agency)
    case = Case(
        draft_of(
            incident_id=_new_id(turn, cause),
            version=1,
            state="registered",
            tier=turn.tier,
            area=turn.area,
            category=rule.category,
            severity=severity,
            urgency=urgency,
            title=title_of(policy, rule, turn.area, place),
            place=place,
            unit=unit,
            assisting=list(rule.assisting),
            opened_at=turn.now,
            policy_version=policy.version,
        )
    )
    if rule.code in policy.told_openings and turn.tier == "street":
        openings.note(turn, case.incident)
    return case


def _new_id(turn: Turn, cause: str) -> str:
    """Area of birth, the day in the city, and a hash of the cause; free at this desk."""
    day = turn.now.astimezone(turn.policy.tz)
    number = day.year % 100 * 10_000 + day.month * 100 + day.day
    identity = f"{turn.area}-{number:06d}-{short_hash(cause)}"
    again = 1
    while turn.case(identity) is not None:
        again += 1
        identity = f"{turn.area}-{number:06d}-{short_hash(f'{cause}#{again}')}"
    return identity


def start(turn: Turn, case: Case, rule: CategoryRule, *, rule_name: str | None = None) -> None:
    """Put a new case into the life cycle: dispatched if a unit is known, its clocks running."""
    policy, incident = turn.policy, case.incident
    clocks.follow_due(case, policy)
    if rule.stages:
        stages.begin(turn, case, rule)
    turn.move(case, "register" if incident.unit is None else "open", new=True, rule=rule_name)
    if policy.desk.synthetic_acceptance:
        incident.acknowledged_at = turn.now
        if incident.state == "dispatched":
            turn.move(case, "accept", turn.synthetic())
    if not ownership.lift_as_needed(turn, case):
        clocks.start_acknowledge(case, policy, turn.now)
        clocks.follow_work(case, policy, turn.now)


def _link_to_the_past(turn: Turn, incident: Incident, near: list[Near]) -> None:
    """The same kind at the same place again, soon after its end: another case, but linked."""
    days = timedelta(days=turn.policy.escalation.reopen_days)
    for each in near:
        if turn.now - each.opened > days:
            continue
        before = turn.case(each.incident_id)
        if before is None or before.incident.state not in lifecycle.OPEN:
            incident.recurrence_of = each.incident_id
            return


def _settle_on_the_spot(turn: Turn, case: Case) -> None:
    """Found, settled and closed in one message (小事不出网格): counted, and no clock runs."""
    incident = case.incident
    incident.self_handled = True
    turn.move(case, "self_handle", new=True)
    for report in incident.reports:
        end_report(report, turn.now, words(turn.policy.language, "on_the_spot"))
        answer_ended(turn, case, report)


def join(turn: Turn, case: Case, report: Report) -> None:
    """One more report in an open case: its own limit and reply duty, the same matter."""
    incident = case.incident
    incident.reports = [
        *incident.reports,
        reported_case(
            report_id=report.report_id, reported_at=report.reported_at, due_at=report.due_at
        ),
    ]
    incident.report_count += 1
    case.calls += is_call_nearby(turn, incident, report)
    marks = [mark for mark in report.sensitive if mark not in incident.sensitive]
    spans = [code for code in report.areas if code not in incident.areas]
    incident.sensitive = [*incident.sensitive, *marks]
    incident.areas = [*incident.areas, *spans]
    incident.danger_to_life = incident.danger_to_life or report.danger_to_life
    if turn.tier == "street" or report.incident_id is None:
        belong(turn, report.report_id, incident.incident_id)
    if not case.owned:
        turn.keep(case)
        return
    clocks.follow_due(case, turn.policy)
    turn.move(case, "merge", detail={"report_id": report.report_id})
    grave = GRAVITY[report.severity] < GRAVITY[incident.severity]
    if grave and not awaits_a_witness(turn, case, report):
        regrade(turn, case, graver(report.severity, incident.severity), TOLD)
    witnessed = corroborate_by_calls(turn, case)
    repeats.on_complaint(turn, case)
    if grave or witnessed or marks or spans:
        anew = (*(("E7",) if marks else ()), *(("E4",) if spans else ()))
        ownership.lift_as_needed(turn, case, *anew)
    turn.answer_report(
        report.report_id,
        "merged",
        outcome="merged",
        incident_id=incident.incident_id,
        unit=incident.unit,
        due_at=report.due_at or incident.due_at,
        result=words(turn.policy.language, "together"),
    )
