"""Warnings that are shown and call nobody: beyond the desk's budget, doubted, or explained.

What is only improbable calls a desk so often a day; more of it is shown in blue. What a
known cause explains is folded under it until the cause is gone. Hard limits, danger to
life and 红 are never held back, nor shown in a lesser colour.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from schemas.terms import Colour
from streams.incidents import inhibition
from streams.incidents.turn import Turn
from streams.state import Namespace
from streams.warning.budget import (
    Budget,
    Pool,
    as_plain,
    from_plain,
    pool_as_plain,
    pool_from_plain,
)

MOST_HELD = 500
"""Warnings held back at one desk; beyond them the oldest call as if nothing had held them."""

Why = Literal["capped", "chance", "doubted", "inhibited"]
ENDED = ("closed", "withdrawn")

BUDGETS: Namespace[Budget] = Namespace(
    name="budget",
    encode=lambda budget: orjson.dumps(as_plain(budget)),
    decode=lambda stored: from_plain(orjson.loads(stored)),
    lifetime="ever: one small entry for each desk",
    rank=8,
    decoded=2_000,
)
"""Key: the area."""


POOLS: Namespace[Pool] = Namespace(
    name="pool",
    encode=lambda pool: orjson.dumps(pool_as_plain(pool)),
    decode=lambda stored: pool_from_plain(orjson.loads(stored)),
    lifetime="ever: one small entry for the desks of a tier that lie in one partition",
    rank=8,
    decoded=10,
)
"""Key: the tier. What one partition cannot see of the tier is judged in another's pool."""


class Held(NamedTuple):
    """Why a warning calls nobody.

    Attributes:
        by: the cause that explains it.
        colour: as it was shown before it was folded.
    """

    why: Why
    by: str | None
    colour: Colour


HELD: Namespace[dict[str, Held]] = Namespace(
    name="held",
    encode=lambda held: orjson.dumps({name: list(each) for name, each in held.items()}),
    decode=lambda stored: {name: Held(*each) for name, each in orjson.loads(stored).items()},
    lifetime="one entry a desk; a warning is in it until it ends",
    rank=8,
    decoded=2_000,
)
"""Key: the area. Value: by alert."""


def enter(
    turn: Turn,
    end: datetime,
    ps: list[float],
    *,
    tests: int | None = None,
    closes: str | None = None,
) -> None:
    """Note what was tested of one closing hour at a desk of this tier.

    Args:
        end: when the window that was tested ended.
        ps: of all hypotheses that were tested, or of the small ones; of whatever trigger.
        tests: how many were tested, if more than `ps` holds.
        closes: name of the round that they belong to.
    """
    pool = turn.state.get(POOLS, turn.tier) or Pool()
    pool.enter(end.timestamp(), ps, turn.policy.triggers.budget.false_share, tests, closes)
    turn.state.put(POOLS, turn.tier, pool)


def limit(turn: Turn, end: datetime) -> tuple[float, int]:
    """The p up to which warnings of one closing hour are told at this tier, and how many tests
    it was made of: those of all desks in this partition that have closed it so far."""
    pool = turn.state.get(POOLS, turn.tier) or Pool()
    at = end.timestamp()
    return pool.limit(at, turn.policy.triggers.budget.false_share), pool.tests(at)


def usual_tests(turn: Turn, closes: str) -> int:
    """How many hypotheses a round of this tier has, as far as one partition holds its desks."""
    pool = turn.state.get(POOLS, turn.tier)
    return 0 if pool is None else pool.usual(closes)


def consider(
    turn: Turn,
    alert: dict[str, Any],
    *,
    protected: bool,
    place: tuple[float, float] | None,
    believed_p: float | None,
) -> bool:
    """Hold a warning back if it must be: its colour and what holds it are written into it.

    Args:
        alert: the fields of one revision in JSON terms.
        protected: a hard limit or danger to life.
        place: where it is on the map.
        believed_p: the largest p at which this desk still believes the trigger, after its
            answers; None: it was asked before.

    Returns:
        Whether it explains others from now on, which may be lit already.
    """
    held = turn.state.get(HELD, turn.area) or {}
    known = held.get(alert["alert_id"])
    if alert["state"] in ENDED:
        inhibition.forget_lit(turn, alert["alert_id"])
        if known is not None:
            _mark(alert, known)
            _forget(turn, held, alert["alert_id"])
        return False
    now = None
    if not protected and alert["colour"] != "red":
        now = _why(turn, alert, known, place, believed_p)
    if now is None:
        if known is not None:
            _forget(turn, held, alert["alert_id"])
            alert["state"] = "raised"  # from now on it calls
        if not protected and alert["colour"] != "red":
            inhibition.remember_lit(turn, alert, place)
        else:
            inhibition.forget_lit(turn, alert["alert_id"])
        return inhibition.follow_alert(turn, alert, place)
    held[alert["alert_id"]] = now
    while len(held) > MOST_HELD:
        del held[next(iter(held))]
    turn.state.put(HELD, turn.area, held)
    _mark(alert, now)
    if now.why == "inhibited":
        inhibition.forget_lit(turn, alert["alert_id"])
        inhibition.fold(turn, alert)
    else:
        inhibition.remember_lit(turn, alert, place)
    return False


def _why(
    turn: Turn,
    alert: dict[str, Any],
    known: Held | None,
    place: tuple[float, float] | None,
    believed_p: float | None,
) -> Held | None:
    """What holds the warning back now; None: nothing."""
    cause = inhibition.cause_of(turn, alert, place)
    if cause is not None:
        return Held("inhibited", cause, alert["colour"])
    p = alert.get("p")
    if (
        p is None
        or not _only_improbable(turn, alert)
        or (known is not None and known.why == "inhibited")
    ):
        return None
    if known is None and alert["state"] != "opened":
        return None  # it has called the desk, and what it says further is heard
    if known is not None and known.why == "capped":
        return known
    if believed_p is not None and p > believed_p:
        return Held("doubted", None, "blue")
    if _by_chance(turn, alert, p):
        return Held("chance", None, "blue")
    most = turn.policy.triggers.budget.calls_a_day(turn.tier)
    budget = turn.state.get(BUDGETS, turn.area) or Budget()
    within = budget.spend(_day(turn, alert), alert["colour"], most)
    turn.state.put(BUDGETS, turn.area, budget)
    return None if within else Held("capped", None, "blue")


def _by_chance(turn: Turn, alert: dict[str, Any], p: float) -> bool:
    """Whether so much was tested in the hour that one like this is no surprise.

    Surges were judged together before they came here; what says not how many hypotheses
    it is one of (a device beside its own past) has a budget of its own.
    """
    surge, tests = turn.policy.triggers.surge, alert.get("tests")
    if tests is None or (surge is not None and alert["trigger"]["id"] == surge.id):
        return False
    window = alert.get("window")
    end: datetime = turn.now if window is None else window.end
    enter(turn, end, [p], tests=tests)
    return p > limit(turn, end)[0]


def _only_improbable(turn: Turn, alert: dict[str, Any]) -> bool:
    """Whether nothing but what is improbable speaks for the warning: no rule beside it."""
    also = (each["id"] if isinstance(each, dict) else each.id for each in alert.get("also") or ())
    return turn.policy.triggers.improbable.issuperset((alert["trigger"]["id"], *also))


def explained(turn: Turn, cause_id: str) -> list[tuple[dict[str, Any], tuple[float, float] | None]]:
    """A cause has become known: the lit warnings that it explains, each as its next revision."""
    found = []
    for alert, place in inhibition.lit_under(turn, cause_id):
        revision = inhibition.next_revision(turn, alert)
        if revision is None:
            inhibition.forget_lit(turn, alert["alert_id"])
            continue
        if "earned" in alert:
            alert["colour"] = alert.pop("earned")
        alert.pop("held_back", None)
        alert |= {"revision": revision, "state": "revised", "changed_at": turn.now}
        alert["references"] = [*alert.get("references", ()), cause_id][-20:]
        found.append((alert, place))
    return found


def released(turn: Turn, cause_id: str) -> list[dict[str, Any]]:
    """A cause is gone: the warnings it held that are still lit, each as its next revision."""
    if not inhibition.gone(turn, cause_id):
        return []
    held = turn.state.get(HELD, turn.area) or {}
    free = []
    for alert_id in [name for name, each in held.items() if each.by == cause_id]:
        alert = inhibition.unfold(turn, alert_id)
        del held[alert_id]
        revision = None if alert is None else inhibition.next_revision(turn, alert)
        if alert is None or revision is None:
            continue
        alert["colour"] = alert.pop("earned", alert["colour"])
        del alert["held_back"], alert["inhibited_by"]
        alert |= {"revision": revision, "state": "raised", "changed_at": turn.now}
        alert["references"] = [*alert.get("references", ()), cause_id][-20:]
        free.append(alert)
    turn.state.put(HELD, turn.area, held)
    return free


def _day(turn: Turn, alert: dict[str, Any]) -> int:
    """Number of the local day in which what it speaks of ended."""
    window = alert.get("window")
    at: datetime = turn.now if window is None else window.end
    return at.astimezone(turn.policy.tz).date().toordinal()


def _mark(alert: dict[str, Any], held: Held) -> None:
    alert["held_back"] = held.why
    if held.by is not None:
        alert["inhibited_by"] = held.by
    if alert["colour"] != held.colour:
        alert["earned"] = alert["colour"]
        alert["colour"] = held.colour
    if alert["state"] == "raised":
        alert["state"] = "revised"  # it calls nobody, and its colour stays


def _forget(turn: Turn, held: dict[str, Held], alert_id: str) -> None:
    if held.pop(alert_id).why == "inhibited":
        inhibition.unfold(turn, alert_id)
    turn.state.put(HELD, turn.area, held)
