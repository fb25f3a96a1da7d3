"""Why a warning was raised, in an operator's words: what ends it, what would not have fired.

The numbers are those of the policy that the reader has; an alert names the version that
decided it, and where the two differ the reader is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from schemas.alert import Alert
from schemas.terms import COLOURS, Colour
from streams.policy import Policy
from streams.policy.section import Language
from streams.policy.watches import HardLimit, Rise
from streams.warning.attention import RESERVED
from streams.warning.explain_texts import EXPLAINED

Part = Literal["observed", "expected", "p", "window", "evidence", "completeness", "lead_time_s"]
"""What an alert's evidence is made of; each is there, or it is said why not."""

PARTS: tuple[Part, ...] = (
    "observed", "expected", "p", "window", "evidence", "completeness", "lead_time_s",
)  # fmt: skip

_COLOUR: dict[Colour, str] = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons of one warning.

    Attributes:
        clears: what would end it.
        nearest: the next step that it has not reached; None: there is none.
        not_fired: the nearest case that would not have fired.
        missing: why a part of its evidence is not there, by part.
    """

    clears: str
    nearest: str | None = None
    not_fired: str = ""
    missing: dict[Part, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads which alert under which policy."""

    alert: Alert
    policy: Policy
    language: Language

    def say(self, text: str, **values: object) -> str:
        pair = EXPLAINED[text]
        return (pair[0] if self.language == "zh" else pair[1]).format(**values)

    def colour(self, colour: Colour) -> str:
        return _COLOUR[colour] if self.language == "zh" else colour

    def span(self, seconds: float) -> str:
        minutes = seconds / 60
        zh = self.language == "zh"
        if minutes < 1:
            return f"{seconds:g} 秒" if zh else f"{seconds:g} s"
        if minutes < 120 or minutes % 60:
            return f"{minutes:.4g} 分钟" if zh else f"{minutes:.4g} min"
        return f"{minutes / 60:g} 小时" if zh else f"{minutes / 60:g} h"

    def fires_at(self, by_policy: float) -> float:
        """What it took here and then, after what the desk had answered; older alerts do not say."""
        said = self.alert.fires_at
        return by_policy if said is None else said

    @property
    def observed(self) -> float:
        return self.alert.observed or 0.0

    @property
    def unit(self) -> str:
        return f" {self.alert.unit}" if self.alert.unit else ""


Told = tuple[str, str | None, str]
"""What ends it, the next step, what would not have fired."""


def explain(alert: Alert, policy: Policy, language: Language) -> Explanation:
    """Explain an alert by the rule of its trigger."""
    reader = _Reader(alert, policy, language)
    clears, nearest, not_fired = _told(reader)
    return Explanation(clears, nearest, not_fired, _missing(reader))


def _told(reader: _Reader) -> Told:
    alert, triggers = reader.alert, reader.policy.triggers
    trigger = alert.trigger.id
    if alert.scale == "supervision" and (triggers.flood is None or trigger != triggers.flood.id):
        return reader.say("supervision_clears"), None, reader.say("supervision_not")
    limit = _limit(alert, triggers.limits)
    if limit is not None:
        return _of_limit(reader, limit)
    for rise in triggers.rises:
        if rise.id == trigger:
            return _of_rise(reader, rise)
    for find in (_of_rules, _of_silent_area, _of_chance, _of_devices):
        told = find(reader)
        if told is not None:
            return told
    return reader.say("finding_clears"), None, reader.say("finding_not")


# -- limits --------------------------------------------------------------------------


def _limit(alert: Alert, limits: tuple[HardLimit, ...]) -> HardLimit | None:
    """The hard limit of the trigger that has a step at the alert's threshold."""
    named = [limit for limit in limits if limit.id == alert.trigger.id]
    for limit in named:
        if any(step.at == alert.threshold for step in limit.steps):
            return limit
    return named[0] if named else None


def _of_limit(reader: _Reader, limit: HardLimit) -> Told:
    alert, say = reader.alert, reader.say
    unit = _unit(reader.policy, limit)
    clearing, first = limit.clearing, limit.steps[0]
    span = reader.span(clearing.for_s)
    clears = say("limit_clears", at=clearing.at, unit=unit, span=span, readings=clearing.readings)
    above = limit.direction == "above"
    held = say("limit_not_held", span=reader.span(first.hold_s)) if first.hold_s else ""
    observed = alert.observed if alert.observed is not None else first.at
    not_fired = say(
        "limit_not",
        at=first.at,
        unit=unit,
        side=say("below" if above else "above"),
        held=held,
        observed=observed,
    )
    sign = 1 if above else -1
    reached = alert.threshold if alert.threshold is not None else first.at
    for step in limit.steps:
        if step.at * sign > reached * sign:
            colour = reader.colour(step.colour)
            near = say("limit_next", at=step.at, unit=unit, colour=colour, observed=observed)
            return clears, near, not_fired
    return clears, say("limit_last"), not_fired


def _of_rise(reader: _Reader, rise: Rise) -> Told:
    values = {
        "span": reader.span(rise.within_s),
        "by": rise.by,
        "unit": _unit(reader.policy, rise),
        "observed": reader.observed,
    }
    clears = reader.say("rise_clears", span=reader.span(rise.clear_for_s))
    return clears, reader.say("rise_next", **values), reader.say("rise_not", **values)


def _unit(policy: Policy, watch: HardLimit | Rise) -> str:
    device = policy.devices.get(watch.device_class)
    known = None if device is None else device.properties.get(watch.observed_property)
    return "" if known is None else f" {known.unit}"


# -- rules ---------------------------------------------------------------------------


def _of_rules(reader: _Reader) -> Told | None:
    triggers = reader.policy.triggers
    known: tuple[tuple[object, Callable[[_Reader], Told]], ...] = (
        (triggers.weather, _of_weather),
        (triggers.corroboration, _of_witness),
        (triggers.spread, _of_spread),
        (triggers.recurrence, _of_recurrence),
        (triggers.complaints, _of_complaints),
        (triggers.deadline_risk, _of_risk),
        (triggers.fan_out, _of_sites),
        (triggers.flood, _of_flood),
    )
    for rule, told in known:
        if getattr(rule, "id", None) == reader.alert.trigger.id:
            return told(reader)
    return _of_season(reader)


def _of_silent_area(reader: _Reader) -> Told | None:
    board = reader.policy.scoreboard
    rule = None if board is None else board.silent
    if rule is None or reader.alert.trigger.id != rule.id:
        return None
    usual = reader.alert.expected or 0.0
    not_fired = reader.say("silent_not", p=rule.p, usual=usual)
    return reader.say("silent_clears"), None, not_fired


def _of_weather(reader: _Reader) -> Told:
    rule = reader.policy.triggers.weather
    assert rule is not None
    not_fired = reader.say("rain_not", colour=reader.colour(rule.fan_out_from))
    return reader.say("rain_clears"), None, not_fired


def _of_witness(reader: _Reader) -> Told:
    rule = reader.policy.triggers.corroboration
    assert rule is not None
    colour = reader.colour(rule.rain_from)
    not_fired = reader.say("witness_not", calls=rule.calls, radius=rule.radius_m, colour=colour)
    return reader.say("witness_clears"), None, not_fired


def _of_spread(reader: _Reader) -> Told:
    rule = reader.policy.triggers.spread
    assert rule is not None
    number = rule.streets if reader.alert.tier == "district" else rule.districts
    span = reader.span(rule.within_s)
    not_fired = reader.say("spread_not", number=number, span=span, observed=reader.observed)
    return reader.say("spread_clears", span=span, number=number), None, not_fired


def _of_recurrence(reader: _Reader) -> Told:
    rules, now = reader.policy.escalation, reader.observed
    clears = reader.say("recurrence_clears", days=rules.recurrence_days, relapse=rules.relapse_days)
    near: str | None = None
    if now < rules.recurrence_district_count:
        number = rules.recurrence_district_count
        near = reader.say("recurrence_next", number=number, observed=now)
    not_fired = reader.say(
        "recurrence_not", days=rules.recurrence_days, number=rules.recurrence_count, observed=now
    )
    return clears, near, not_fired


def _of_complaints(reader: _Reader) -> Told:
    rule = reader.policy.triggers.complaints
    assert rule is not None
    not_fired = reader.say(
        "complaints_not", days=rule.days, number=rule.complaints, observed=reader.observed
    )
    return reader.say("complaints_clears"), None, not_fired


def _of_risk(reader: _Reader) -> Told:
    rule = reader.policy.triggers.deadline_risk
    assert rule is not None
    number = max(rule.at_least, reader.alert.threshold or 0.0)
    not_fired = reader.say("risk_not", number=number, late=reader.alert.expected or 0.0)
    return reader.say("risk_clears"), None, not_fired


def _of_sites(reader: _Reader) -> Told:
    sites = reader.policy.sites_of.get(reader.alert.area, ())
    least = min((site.from_ for site in sites), key=COLOURS.index, default=reader.alert.colour)
    not_fired = reader.say("sites_not", colour=reader.colour(least))
    return reader.say("sites_clears"), None, not_fired


def _of_flood(reader: _Reader) -> Told:
    rule = reader.policy.triggers.flood
    assert rule is not None
    span = reader.span(rule.window_s)
    not_fired = reader.say("flood_not", span=span, number=rule.most - RESERVED)
    return reader.say("flood_clears", span=span, number=rule.ends_below), None, not_fired


def _of_season(reader: _Reader) -> Told | None:
    kinds = reader.alert.key.split("/")[-1]
    named = [s for s in reader.policy.triggers.seasons if s.id == reader.alert.trigger.id]
    if not named:
        return None
    season = next((each for each in named if "-".join(each.kinds) == kinds), named[0])
    return reader.say("season_clears"), None, reader.say("season_not", days=season.lead_days)


# -- what is only improbable, or foretold ---------------------------------------------


def _of_chance(reader: _Reader) -> Told | None:
    triggers, alert, say = reader.policy.triggers, reader.alert, reader.say
    trigger = alert.trigger.id
    if triggers.surge is not None and triggers.surge.id == trigger:
        clears = say("surge_clears", number=triggers.surge.quiet_bins)
        if alert.threshold is not None:
            fewer = say("surge_not", threshold=alert.threshold, observed=reader.observed)
            return clears, None, fewer
        return clears, None, _usual(reader, triggers.surge.at[0])
    if triggers.repeats is not None and triggers.repeats.id == trigger:
        return say("repeats_clears"), None, _usual(reader, triggers.repeats.at[0])
    if triggers.hotspots is not None and triggers.hotspots.id == trigger:
        clears = say("hotspot_clears", days=triggers.hotspots.quiet_days)
        return clears, None, _usual(reader, triggers.hotspots.at[0])
    if triggers.chains is not None and triggers.chains.id == trigger:
        lift = alert.contributions.get("lift", triggers.chains.lift)
        not_fired = say("chain_not", at=reader.fires_at(triggers.chains.lift), lift=lift)
        return say("chain_clears"), None, not_fired
    for forecast in triggers.forecasts:
        if forecast.id == trigger:
            now = alert.chance if alert.chance is not None else forecast.p
            over, readings = forecast.p_over, forecast.readings_over
            clears = say("forecast_clears", over=over, readings=readings)
            return clears, None, say("forecast_next", at=reader.fires_at(forecast.p), p=now)
    return None


def _usual(reader: _Reader, at: float) -> str:
    """What would have been usual, by the interval and by the largest p that is told."""
    interval, at = reader.alert.interval, reader.fires_at(at)
    if interval is None:
        return reader.say("chance_next", at=at, p=reader.alert.p or 0.0)
    return reader.say("usual_not", high=interval[1], observed=reader.observed, at=at)


# -- devices -------------------------------------------------------------------------


def _of_devices(reader: _Reader) -> Told | None:
    triggers, alert, say = reader.policy.triggers, reader.alert, reader.say
    trigger, clears = alert.trigger.id, say("finding_clears")
    if triggers.silence is not None and triggers.silence.id == trigger:
        span = reader.span(alert.threshold or 0.0)
        return clears, None, say("silence_not", span=span, observed=reader.span(reader.observed))
    checks = {rule.id: name for name, rule in triggers.device_rules.items()}
    name = checks.get(trigger)
    if name is None:
        return None
    if name == "anomaly" and triggers.anomaly is not None:
        at = reader.fires_at(10.0**-triggers.anomaly.compact.alert_at)
        now = "" if alert.p is None else say("now_p", p=alert.p)
        return clears, None, say("anomaly_not", at=at, now=now)
    if alert.threshold is None:
        return clears, None, _within_scale(reader)
    values = {"threshold": alert.threshold, "unit": reader.unit, "observed": reader.observed}
    return clears, None, say("check_not", **values)


def _within_scale(reader: _Reader) -> str:
    """What a device can show at all, by its unit."""
    alert = reader.alert
    for device in reader.policy.devices.values():
        for measured in device.properties.values():
            known = measured.least is not None and measured.most is not None
            if known and measured.unit == alert.unit and measured.beyond is not None:
                return reader.say(
                    "beyond_not",
                    least=measured.least,
                    most=measured.most,
                    unit=reader.unit,
                    observed=reader.observed,
                )
    return reader.say("finding_not")


# -- what is not there, and why -------------------------------------------------------


def _missing(reader: _Reader) -> dict[Part, str]:
    """Why parts of the evidence are not there."""
    alert, triggers, say = reader.alert, reader.policy.triggers, reader.say
    reasons: dict[Part, str] = {}
    trigger = alert.trigger.id
    own = [triggers.anomaly, triggers.together]
    compared = any(rule is not None and rule.id == trigger for rule in own)
    counting = (
        triggers.spread, triggers.surge, triggers.recurrence, triggers.complaints,
        triggers.repeats, triggers.hotspots, triggers.chains, triggers.deadline_risk,
    )  # fmt: skip
    single = all(rule is None or rule.id != trigger for rule in counting)
    if alert.observed is None:
        reasons["observed"] = say("no_observed")
    if alert.expected is None:
        reasons["expected"] = say("no_expected_own" if compared else "no_expected_rule")
    elif alert.interval is None:
        reasons["expected"] = say("no_interval")
    if alert.p is None and alert.chance is None:
        reasons["p"] = say("no_p")
    if alert.window is None:
        reasons["window"] = say("no_window")
    if not alert.evidence:
        counted = triggers.surge is not None and triggers.surge.id == trigger
        reasons["evidence"] = say("no_evidence_counts" if counted else "no_evidence")
    if alert.completeness is None:
        reasons["completeness"] = say("no_completeness_one" if single else "no_completeness_calls")
    if not alert.lead_time_s:
        reasons["lead_time_s"] = say("no_lead")
    return reasons
