"""What the city knows of the week and the year is where its districts and streets begin (W10).

A kind that is new at a desk has no past there; in the whole city it has. Every fortnight the
city passes down the seasonal terms that it has learned of each kind, holidays and rain among
them, and how much counts scatter. A series that begins later starts from them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson

from schemas.handoff import KnownRhythm, Notice
from streams.incidents.messages import Maker, body
from streams.incidents.turn import Turn
from streams.policy.surge import SurgeWidth
from streams.state import Namespace, to_microseconds
from streams.warning.counts.rhythm import Rhythm
from streams.warning.counts.series import SCATTER, Prior, Series

TOLD_EVERY_DAYS = 14
HOLDS_AFTER = timedelta(days=14)
"""What is passed down holds from so long after it was told: a replay in which the tiers below
are less far ahead of the city finds the same at any speed, and the same as a live city."""
KEPT = 3
"""What holds now, and what will hold soon: told a fortnight apart, through two tiers."""

_NOTICE_KIND = b"cn.chengyun.notice.v1"
notice_of = Maker(Notice)
rhythm_of = Maker(KnownRhythm)

Known = dict[str, tuple[list[float], float]]
"""Per kind: seasonal terms, and the ratio of variance to mean."""

RHYTHMS: Namespace[list[tuple[int, Known]]] = Namespace(
    name="rhythm",
    encode=orjson.dumps,
    decode=lambda stored: [(since, known) for since, known in orjson.loads(stored)],
    lifetime="until the tier above tells others: at most 360 bytes a kind and width for a desk",
    rank=8,
    decoded=500,
)
"""Key ``<area>/<width>``. From when on each holds, microseconds; the newest last."""


def is_time(turn: Turn, width: SurgeWidth, slot: int) -> bool:
    """Whether the city passes down what it has learned when this slot is over."""
    bins = TOLD_EVERY_DAYS * {"day": 1, "hour": 24}[width]
    return turn.tier == "city" and (slot + 1) % bins == 0


def tell(turn: Turn, width: SurgeWidth, learned: dict[str, Series]) -> None:
    """Pass down what the city's series have learned; those that still learn say nothing.

    Args:
        learned: by kind.
    """
    told: list[KnownRhythm] = []
    for kind, series in learned.items():
        if series.seen >= series.rhythm.learn:
            prior = series.prior()
            terms = [round(term, 3) for term in prior.terms]
            scatter = round(prior.scatter, 2)
            told.append(rhythm_of(kind=kind, width=width, terms=terms, scatter=scatter))
    if told:
        _pass_down(turn, told, turn.now + HOLDS_AFTER)


def on_rhythms(turn: Turn, notice: Notice) -> None:
    """The tier above passes down what it knows: kept here, and passed on."""
    if not notice.rhythms or notice.holds_from is None:
        return
    key = f"{turn.area}/{notice.rhythms[0].width}"
    told: Known = {each.kind: (each.terms, each.scatter) for each in notice.rhythms}
    since = to_microseconds(notice.holds_from)
    before = [each for each in turn.state.get(RHYTHMS, key) or () if each[0] < since]
    turn.state.put(RHYTHMS, key, [*before, (since, told)][-KEPT:])
    # Not from now on: how far this desk has come when it hears of it is a matter of chance.
    _pass_down(turn, notice.rhythms, notice.holds_from + HOLDS_AFTER)


def _pass_down(turn: Turn, rhythms: list[KnownRhythm], holds_from: datetime) -> None:
    width = rhythms[0].width
    for child in turn.policy.areas.children(turn.area):
        identity = f"{turn.cause}/rhythm/{width}/{child}"
        notice = notice_of(
            notice_id=identity,
            purpose="rhythm",
            from_tier=turn.tier,
            from_area=turn.area,
            rhythms=rhythms,
            holds_from=holds_from,
            at=turn.now,
        )
        turn.send_to(child, turn.enveloped(_NOTICE_KIND, identity, child, body(notice)))


def prior(turn: Turn, width: SurgeWidth, kind: str, rhythm: Rhythm) -> Prior | None:
    """What the tier above knows of a kind; None: nothing that fits.

    What scatters in the whole city is mostly what its parts have in common, and a part has less
    of it: the scatter is at most what is assumed of a series of which nothing is known.
    """
    now = to_microseconds(turn.now)
    found = None
    for since, known in turn.state.get(RHYTHMS, f"{turn.area}/{width}") or ():
        if since <= now:
            found = known.get(kind)
    if found is None or len(found[0]) != rhythm.size - rhythm.first_season:
        return None
    return Prior(tuple(found[0]), min(found[1], SCATTER))
