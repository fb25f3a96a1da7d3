"""Before anything has happened: sites are told of the weather (W13), seasons prepared (W14)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import orjson

from schemas.alert import Alert
from schemas.terms import COLOURS, AlertState
from streams.incidents import episodes
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.sites import SeasonRule, Site
from streams.state import Namespace

NAMED = 5
"""So many sites are named in the title of an alert; all of them are in its evidence."""

CALENDAR: Namespace[str] = Namespace(
    name="calendar",
    encode=orjson.dumps,
    decode=orjson.loads,
    lifetime="ever: one date for each desk that prepares for seasons",
    rank=8,
)
"""Key: the area. The last day whose seasons were looked up."""


def tell_sites(turn: Turn, warning: Alert, state: AlertState) -> None:
    """A warning of the weather reached this street, changed or ended: tell its sites (W13).

    Args:
        warning: the street's own alert of it.
    """
    rule = turn.policy.triggers.fan_out
    if rule is None or turn.tier != "street":
        return
    sites = turn.policy.sites_of.get(turn.area, ())
    at_risk = [s for s in sites if COLOURS.index(s.from_) <= COLOURS.index(warning.colour)]
    subject = warning.key.split("/", 2)[2]
    before = episodes.lit(turn, rule.id, subject)
    if state == "closed" or not at_risk:
        episodes.end(turn, rule.id, subject)
        return
    evidence = [site.id for site in at_risk]
    if before is not None and before.evidence == evidence and before.colour == warning.colour:
        return
    language = turn.policy.language
    named = "、" if language == "zh" else ", "
    episodes.tell(
        turn,
        rule,
        subject,
        begun=warning.alert_id,
        colour=warning.colour,
        title=words(
            language,
            "sites",
            title=rule.title.of(language),
            count=len(at_risk),
            names=named.join(site.name.of(language) for site in at_risk[:NAMED]),
        ),
        observed=float(len(at_risk)),
        evidence=evidence[:50],
        evidence_count=len(evidence),
        owner=_owner(at_risk),
        lead_time_s=max(0.0, (warning.opened_at - turn.now).total_seconds()),
        expires_at=warning.expires_at,
        references=[warning.alert_id],
        handed_down=True,
    )


def _owner(sites: list[Site]) -> str:
    """Whoever has the most of them; the first named where that is a tie."""
    units = [site.unit for site in sites]
    return max(units, key=units.count)


def look_ahead(turn: Turn, until: datetime) -> None:
    """A day has begun at this desk: warn of each season that it is time to prepare for (W14)."""
    rules = [rule for rule in turn.policy.triggers.seasons if rule.tier == turn.tier]
    if not rules:
        return
    today = until.astimezone(turn.policy.tz).date()
    told = turn.state.get(CALENDAR, turn.area)
    yesterday = today - timedelta(days=1) if told is None else date.fromisoformat(told)
    if today <= yesterday:
        return
    turn.state.put(CALENDAR, turn.area, today.isoformat())
    for rule in rules:
        season = rule.warned_between(yesterday, today)
        if season is not None:
            _prepare(turn, rule, season)


def _prepare(turn: Turn, rule: SeasonRule, season: date) -> None:
    policy = turn.policy
    language = policy.language
    begins = datetime.combine(season, time(), policy.tz)
    kinds = "-".join(rule.kinds)
    episodes.tell(
        turn,
        rule,
        kinds,
        begun=season.isoformat(),
        colour=rule.colour,
        title=words(
            language,
            "season",
            title=rule.title.of(language),
            days=(begins - turn.now).days,
            month=season.month,
            day=season.day,
        ),
        evidence=list(rule.kinds),
        evidence_count=len(rule.kinds),
        lead_time_s=max(0.0, (begins - turn.now).total_seconds()),
        expires_at=begins,
    )
