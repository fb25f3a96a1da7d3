"""What devices find: a case and an alert per trigger (W1 to W5), raised and cleared as it goes."""

from __future__ import annotations

from datetime import timedelta

from schemas.alert import Trigger, Window
from schemas.reading import Finding, FindingEvent
from schemas.terms import COLOURS
from streams.incidents import (
    clocks,
    duty,
    family,
    lamps,
    lifecycle,
    ownership,
    problems,
    verdicts,
    weather,
)
from streams.incidents.case import Case
from streams.incidents.counting import count
from streams.incidents.endings import belong, finish, open_reports
from streams.incidents.grading import (
    TOLD,
    WITNESSED,
    corroborate_by_calls,
    corroborate_by_rain,
    regrade,
)
from streams.incidents.messages import Maker
from streams.incidents.opening import begin, refuse, start
from streams.incidents.places import Near, Spots
from streams.incidents.routing import GRAVITY
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy import CategoryRule
from streams.policy.sensors import DeviceRule
from streams.policy.watches import Watch
from streams.warning import corroboration

LISTED_FINDINGS = 50
window_of = Maker(Window)


def on_finding(turn: Turn, event: FindingEvent) -> None:
    """Take in a finding: open or join a case, raise it, or note that the danger is over."""
    finding = event.data
    known = _known(turn, event)
    if known is not None:
        case, ours = known
        _follow(turn, case, finding)
        if not ours:
            ownership.pass_on(turn, case, event, finding.phase)
        return
    if finding.phase == "cleared":
        return  # its case is long closed and forgotten, or never was: nothing is in danger
    rule = turn.policy.category(None, finding.category.code)
    if rule is None:
        refuse(turn, "unknown_category", f"the policy has no kind {finding.category.code!r}")
        return
    count(turn, rule.code, finding.observed_at, finding.finding_id, finding.device_class)
    _take_in(turn, event, rule)


def _known(turn: Turn, event: FindingEvent) -> tuple[Case, bool] | None:
    """The case of a finding, and whether it is owned here.

    A lower tier that forwards a finding names the case in the envelope's subject.
    """
    belongs = turn.members.get(event.data.finding_id)
    incident_id = event.subject if belongs is None else belongs.incident_id
    case = None if incident_id is None else turn.case(incident_id)
    if case is None or case.incident.state == "closed":
        return None
    return case, case.owned


def _take_in(turn: Turn, event: FindingEvent, rule: CategoryRule) -> None:
    finding = event.data
    place = finding.place
    spots = Spots(turn, rule)
    near: list[Near] = []
    if place.lat is not None and place.lon is not None:
        near = spots.around(place.lat, place.lon)
        case = spots.same_matter(near, finding.observed_at)
        if case is not None:
            shadow = not case.owned
            _add(turn, case, finding)
            spots.touch(case, finding.observed_at)
            if shadow:
                ownership.pass_on(turn, case, event, finding.phase)
            return
    case = begin(
        turn,
        rule,
        cause=finding.finding_id,
        place=place,
        severity=finding.severity,
        urgency=finding.urgency,
    )
    incident = case.incident
    incident.findings = [finding.finding_id]
    case.findings = {finding.finding_id: finding.severity}
    case.plain = rule.severity
    belong(turn, finding.finding_id, incident.incident_id)
    if place.lat is not None and place.lon is not None:
        spots.remember(incident.incident_id, place.lat, place.lon, finding.observed_at)
        problems.notice_recurrence(turn, case, rule, near)
    start(turn, case, rule)
    _light(turn, case, finding)
    if case.owned:
        _look_at_the_rain(turn, case, finding)
        ownership.lift_as_needed(turn, case)
    if case.owned:
        ownership.copy_up(turn, case)
    if turn.policy.causes:
        family.notice_case(turn, case)


def _add(turn: Turn, case: Case, finding: Finding) -> None:
    """A device confirms an open case, or a second device does."""
    incident = case.incident
    case.findings[finding.finding_id] = finding.severity
    clocks.stop(case, clocks.CALM)
    if finding.finding_id not in incident.findings:
        incident.findings = [*incident.findings, finding.finding_id][-LISTED_FINDINGS:]
    belong(turn, finding.finding_id, incident.incident_id)
    _light(turn, case, finding)
    if not case.owned:
        turn.keep(case)
        return
    turn.move(case, "finding", rule=finding.trigger, detail=_detail(finding))
    _grade(turn, case, finding)


def _follow(turn: Turn, case: Case, finding: Finding) -> None:
    """News of a finding whose case is known here."""
    incident = case.incident
    if finding.phase == "cleared":
        _clear(turn, case, finding)
        return
    if finding.finding_id not in case.findings:
        _add(turn, case, finding)
        return
    case.findings[finding.finding_id] = finding.severity
    _light(turn, case, finding)
    if not case.owned:
        turn.keep(case)
        return
    turn.move(case, "finding", rule=finding.trigger, detail=_detail(finding))
    if incident.state not in lifecycle.OPEN:
        return
    _grade(turn, case, finding)


def _grade(turn: Turn, case: Case, finding: Finding) -> None:
    """A graver step of the trigger makes the case graver; so does a second witness (W6)."""
    incident = case.incident
    if incident.state not in lifecycle.OPEN:
        return
    if GRAVITY[finding.severity] < GRAVITY[incident.severity]:
        regrade(turn, case, finding.severity, finding.trigger)
    corroborate_by_calls(turn, case)
    _look_at_the_rain(turn, case, finding)
    ownership.lift_as_needed(turn, case)


def _look_at_the_rain(turn: Turn, case: Case, finding: Finding) -> None:
    triggers = turn.policy.triggers
    rule = triggers.corroboration
    if rule is None:
        return
    signal = weather.in_force(turn)
    if signal is None:
        return
    rises = frozenset(rise.id for rise in triggers.rises)
    if corroboration.rain_confirms(finding, rule, rises, signal.colour, signal.opened_at, turn.now):
        corroborate_by_rain(turn, case, finding)


def _clear(turn: Turn, case: Case, finding: Finding) -> None:
    """The danger is over by the device: with nothing else open, so is the work."""
    case.findings.pop(finding.finding_id, None)
    lamps.put_out(turn, case, finding.finding_id)
    if not case.owned:
        turn.keep(case)
        return
    turn.move(case, "finding", rule=finding.trigger, detail=_detail(finding))
    if not case.findings:
        lamps.put_out(turn, case, WITNESSED)
        calm = turn.policy.escalation.calm
        if calm is not None and case.received_from is not None:
            clocks.start(case, clocks.CALM, turn.policy, turn.now, calm)
    state = case.incident.state
    if not case.findings and case.plain is not None and open_reports(case):
        # Nobody waits for a second witness any more: callers alone make it what its kind is.
        if state in lifecycle.OPEN:
            regrade(turn, case, case.plain, TOLD)
            ownership.lift_as_needed(turn, case)
        return
    if case.findings or open_reports(case) or state not in lifecycle.OPEN:
        return
    over = words(turn.policy.language, "cleared")
    finish(turn, case, "resolve", reason=over, resolution=over)


def _light(turn: Turn, case: Case, finding: Finding) -> None:
    watch = _watch(turn, finding)
    language = turn.policy.language
    title = finding.trigger if watch is None else watch.title.of(language)
    seconds = 6 * 3600.0 if watch is None else watch.expires_s
    # Within an episode a colour only rises, whichever rule spoke last. A limit that is passed
    # calls the desk, though a forecast has spoken before.
    lamp = case.lamps.get(finding.finding_id)
    colours = [finding.colour] if lamp is None else [finding.colour, lamp.colour]
    hard = turn.policy.triggers.hard
    comes = lamp is not None and finding.trigger in hard and lamp.trigger not in hard
    trigger, also = finding.trigger, [] if lamp is None else lamp.also
    if lamp is not None and lamp.trigger != trigger:
        also = [each for each in (lamp.trigger, *lamp.also) if each != trigger]
    lamps.light(
        turn,
        case,
        finding.finding_id,
        trigger=trigger,
        version=finding.trigger_version,
        colour=max(colours, key=COLOURS.index),
        title=f"{title}：{case.incident.title}",
        scale="warning",
        observed=finding.observed,
        threshold=finding.threshold,
        expected=finding.expected,
        interval=finding.interval,
        p=finding.p,
        chance=finding.chance,
        fires_at=finding.fires_at,
        window=_window(finding),
        lead_time_s=finding.lead_time_s,
        contributions=finding.contributions or None,
        unit=finding.unit,
        evidence=finding.evidence,
        evidence_count=finding.evidence_count,
        suggested_action=turn.policy.suggested_action(trigger, language),
        also=[trigger_of(turn, each) for each in also] or None,
        calls=comes,
        call=duty.to_call(turn, duty.FIRST),
        expires_at=turn.now + timedelta(seconds=seconds),
        believed_p=_believed_p(turn, finding),
    )
    case.lamps[finding.finding_id].also = also


def _window(finding: Finding) -> Window | None:
    """From the first reading that carries it to the newest; None for a single reading."""
    if finding.began_at >= finding.observed_at:
        return None
    return window_of(start=finding.began_at, end=finding.observed_at)


def _believed_p(turn: Turn, finding: Finding) -> float | None:
    """The largest p at which this desk, after its answers, believes that a device is odd.

    None: it believes all of them. Devices far from the desk decide what is odd enough to be
    told; what the desk has found wrong too often is still told, and calls nobody.
    """
    factor = verdicts.factor(turn, finding.trigger, finding.category.code)
    if finding.p is None or factor >= 1.0:
        return None
    triggers = turn.policy.triggers
    device = turn.policy.devices.get(finding.device_class)
    measured = None if device is None else device.properties.get(finding.observed_property)
    at: float | None = None
    if triggers.anomaly is not None and finding.trigger == triggers.anomaly.id:
        full = measured is not None and measured.profile == "full"
        at = (triggers.anomaly.full if full else triggers.anomaly.compact).alert_at
    elif triggers.together is not None and finding.trigger == triggers.together.id:
        station = None if device is None else device.station
        at = None if station is None else station.alert_at
    return None if at is None else float(factor * 10.0**-at)


def trigger_of(turn: Turn, trigger: str) -> Trigger:
    """A trigger as alerts name it."""
    return lamps.trigger_of(id=trigger, version=turn.policy.trigger_version(trigger))


def _watch(turn: Turn, finding: Finding) -> Watch | DeviceRule | None:
    triggers = turn.policy.triggers
    watch: Watch | DeviceRule
    for watch in (*triggers.limits, *triggers.rises, *triggers.forecasts):
        if watch.id == finding.trigger and watch.device_class == finding.device_class:
            return watch
    for watch in triggers.device_rules.values():
        if watch.id == finding.trigger:
            return watch
    return None


def _detail(finding: Finding) -> dict[str, object]:
    return {
        "finding_id": finding.finding_id,
        "phase": finding.phase,
        "colour": finding.colour,
        "observed": finding.observed,
    }
