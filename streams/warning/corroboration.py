"""Two witnesses of one thing (W6): a device and callers, or rain announced and water standing."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.reading import Finding
from schemas.terms import COLOURS, Colour
from streams.policy.triggers import CorroborationRule


def at_least(colour: Colour, least: Colour) -> bool:
    """Whether a warning colour is as grave as `least`, or graver."""
    return COLOURS.index(colour) >= COLOURS.index(least)


def calls_confirm(calls: int, rule: CorroborationRule) -> bool:
    """Whether so many callers at the place of a device's finding confirm it.

    Args:
        calls: callers about the same matter within the rule's radius of its place.
    """
    return calls >= rule.calls


def rain_confirms(
    finding: Finding,
    rule: CorroborationRule,
    rises: frozenset[str],
    rain: Colour | None,
    rain_since: datetime | None,
    now: datetime,
) -> bool:
    """Whether rain in force confirms what a water gauge found.

    Standing water must have begun within `within_s` of the signal, before or after; a
    rise too fast is confirmed as long as the signal is in force.

    Args:
        rises: ids of the triggers on rising water.
        rain: the gravest rain signal in force at the street; None: no signal.
        rain_since: when that signal began.
        now: the time of the decision, for findings that say no other.
    """
    if rain is None or rain_since is None or not at_least(rain, rule.rain_from):
        return False
    if finding.trigger in rises:
        return True
    if finding.trigger != rule.water_trigger or not at_least(finding.colour, rule.water_from):
        return False
    apart = abs(finding.observed_at - rain_since)
    return apart <= timedelta(seconds=rule.within_s)
