"""Why a warning was raised, in an operator's words: what would end it, and what is next to it.

The numbers are those of the policy that the reader has; an alert names the version that
decided it, and where the two differ the reader is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.alert import Alert
from streams.policy import Policy
from streams.policy.section import Language
from streams.policy.watches import HardLimit, Rise

_TEXTS: dict[str, tuple[str, str]] = {
    "limit_clears": (
        "回落到 {at:g}{unit} 以内,持续 {span},连续 {readings} 次读数正常后解除",
        "It ends when readings are back within {at:g}{unit} for {span}, {readings} times",
    ),
    "limit_next": (
        "下一档:{at:g}{unit} 升为{colour}(现为 {observed:g}{unit})",
        "Next step: {at:g}{unit} makes it {colour} (now {observed:g}{unit})",
    ),
    "limit_last": ("已到最高一档", "There is no higher step"),
    "rise_clears": (
        "停止上涨 {span} 后解除",
        "It ends after {span} without rising",
    ),
    "rise_next": (
        "触发条件:{span}内上涨 {by:g}{unit}(实测 {observed:g}{unit})",
        "It takes {by:g}{unit} within {span} (measured {observed:g}{unit})",
    ),
    "rain_clears": (
        "气象部门解除信号或到期后解除",
        "It ends when the bureau cancels it or it expires",
    ),
    "witness_clears": ("案件结案后解除", "It ends with its case"),
    "spread_clears": (
        "{span}内不足 {number} 个区域出现同类事项后解除",
        "It ends after {span} with the kind in fewer than {number} areas",
    ),
    "recurrence_clears": (
        "连续 {days:g} 天不再发生后解除;{relapse:g} 天内再发按复发处理",
        "It ends after {days:g} quiet days; again within {relapse:g} days is a relapse",
    ),
    "recurrence_next": (
        "累计 {number} 件时通知上一级(现为 {observed:g} 件)",
        "The tier above is told at {number} cases (now {observed:g})",
    ),
    "complaints_clears": ("案件结案后解除", "It ends with its case"),
    "repeats_clears": (
        "随治理问题销号或案件结案解除",
        "It ends with its problem, or with its case",
    ),
    "hotspot_clears": (
        "聚集消退并平静 {days:g} 天后解除",
        "It ends when the cluster is gone and {days:g} days were quiet",
    ),
    "forecast_clears": (
        "连续 {readings} 次读数的超限概率低于 {over:g} 后解除;到达限值则按超限处置",
        "It ends after {readings} readings with a chance below {over:g}; past the limit it is that",
    ),
    "forecast_next": (
        "超限概率低于 {at:g} 时不会告警(现为 {p:.2g})",
        "It would not have fired at a chance below {at:g} (now {p:.2g})",
    ),
    "chance_next": (
        "偶然出现的概率高于 {at:g} 时不会告警(现为 {p:.2g})",
        "It would not have fired at a chance above {at:g} (now {p:.2g})",
    ),
    "risk_clears": (
        "预计超时件数降到一半以下后解除",
        "It ends when half as many are expected to be late",
    ),
    "surge_clears": (
        "连续 {number} 个时段恢复常态后解除",
        "It ends after {number} bins as usual",
    ),
    "sites_clears": ("随气象预警一并解除", "It ends with the weather warning"),
    "season_clears": ("进入高发季后解除", "It ends when the season begins"),
    "flood_clears": (
        "{span}内告警少于 {number} 条后解除",
        "It ends when fewer than {number} came within {span}",
    ),
    "finding_clears": (
        "设备恢复正常或案件结案后解除",
        "It ends when the device is itself again, or with its case",
    ),
    "supervision_clears": (
        "签收、办结或交由其他层级后解除",
        "It ends when the case is taken up, done, or given to another tier",
    ),
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would end the warning, and the nearest step not reached; None: there is none."""

    clears: str
    nearest: str | None = None


def explain(alert: Alert, policy: Policy, language: Language) -> Explanation:
    """Explain an alert by the rule of its trigger."""

    def say(text: str, **values: object) -> str:
        pair = _TEXTS[text]
        return (pair[0] if language == "zh" else pair[1]).format(**values)

    triggers = policy.triggers
    trigger = alert.trigger.id
    if alert.scale == "supervision" and (triggers.flood is None or trigger != triggers.flood.id):
        return Explanation(say("supervision_clears"))
    limit = _limit(alert, triggers.limits)
    if limit is not None:
        return _of_limit(alert, limit, policy, language, say)
    for rise in triggers.rises:
        if rise.id == trigger:
            unit = _unit(policy, rise)
            rising = say(
                "rise_next",
                span=_span(rise.within_s, language),
                by=rise.by,
                unit=unit,
                observed=alert.observed or 0.0,
            )
            ends = say("rise_clears", span=_span(rise.clear_for_s, language))
            return Explanation(ends, rising)
    rules = policy.escalation
    for rule, text, values in (
        (triggers.weather, "rain_clears", {}),
        (triggers.corroboration, "witness_clears", {}),
        (
            triggers.recurrence,
            "recurrence_clears",
            {"days": rules.recurrence_days, "relapse": rules.relapse_days},
        ),
        (triggers.complaints, "complaints_clears", {}),
        (triggers.deadline_risk, "risk_clears", {}),
        (triggers.fan_out, "sites_clears", {}),
        (
            triggers.surge,
            "surge_clears",
            {"number": 0 if triggers.surge is None else triggers.surge.quiet_bins},
        ),
    ):
        if rule is not None and rule.id == trigger:
            nearest: str | None = None
            if (
                text == "recurrence_clears"
                and (alert.observed or 0) < rules.recurrence_district_count
            ):
                number = rules.recurrence_district_count
                nearest = say("recurrence_next", number=number, observed=alert.observed or 0.0)
            return Explanation(say(text, **values), nearest)
    for forecast in triggers.forecasts:
        if forecast.id == trigger:
            chance = alert.chance
            near = None if chance is None else say("forecast_next", at=forecast.p, p=chance)
            over, readings = forecast.p_over, forecast.readings_over
            return Explanation(say("forecast_clears", over=over, readings=readings), near)
    hotspots = triggers.hotspots
    if hotspots is not None and hotspots.id == trigger:
        ends = say("hotspot_clears", days=hotspots.quiet_days)
        return Explanation(ends, _chance(alert, hotspots.at[0], say))
    repeats = triggers.repeats
    if repeats is not None and repeats.id == trigger:
        return Explanation(say("repeats_clears"), _chance(alert, repeats.at[0], say))
    if triggers.spread is not None and triggers.spread.id == trigger:
        spread = triggers.spread
        number = spread.streets if alert.tier == "district" else spread.districts
        span = _span(spread.within_s, language)
        return Explanation(say("spread_clears", span=span, number=number))
    if triggers.flood is not None and triggers.flood.id == trigger:
        flood = triggers.flood
        span = _span(flood.window_s, language)
        return Explanation(say("flood_clears", span=span, number=flood.ends_below))
    if any(season.id == trigger for season in triggers.seasons):
        return Explanation(say("season_clears"))
    return Explanation(say("finding_clears"))


def _chance(alert: Alert, at: float, say: Callable[..., str]) -> str | None:
    """The p from which on the warning would not have been."""
    return None if alert.p is None else say("chance_next", at=at, p=alert.p)


def _limit(alert: Alert, limits: tuple[HardLimit, ...]) -> HardLimit | None:
    """The hard limit of the trigger that has a step at the alert's threshold."""
    named = [limit for limit in limits if limit.id == alert.trigger.id]
    for limit in named:
        if any(step.at == alert.threshold for step in limit.steps):
            return limit
    return named[0] if named else None


def _of_limit(
    alert: Alert, limit: HardLimit, policy: Policy, language: Language, say: Callable[..., str]
) -> Explanation:
    unit = _unit(policy, limit)
    clearing = limit.clearing
    clears = say(
        "limit_clears",
        at=clearing.at,
        unit=unit,
        span=_span(clearing.for_s, language),
        readings=clearing.readings,
    )
    sign = 1 if limit.direction == "above" else -1
    reached = alert.threshold if alert.threshold is not None else limit.steps[0].at
    for step in limit.steps:
        if step.at * sign > reached * sign:
            pair = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}
            colour = pair[step.colour] if language == "zh" else step.colour
            observed = alert.observed if alert.observed is not None else reached
            near = say("limit_next", at=step.at, unit=unit, colour=colour, observed=observed)
            return Explanation(clears, near)
    return Explanation(clears, say("limit_last"))


def _unit(policy: Policy, watch: HardLimit | Rise) -> str:
    device = policy.devices.get(watch.device_class)
    known = None if device is None else device.properties.get(watch.observed_property)
    return "" if known is None else f" {known.unit}"


def _span(seconds: float, language: Language) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:g} 秒" if language == "zh" else f"{seconds:g} s"
    return f"{minutes:g} 分钟" if language == "zh" else f"{minutes:g} min"
