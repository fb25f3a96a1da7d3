"""What may have brought a warning: a kind that often comes before it was here lately.

The city learns which kinds bring others (W18) and passes the list down. Each desk remembers
when it last had one of the causes, and names it in a warning of what follows from it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from schemas.handoff import KnownChain, Notice
from streams.incidents.case import present
from streams.incidents.messages import Maker, body
from streams.incidents.places import metres
from streams.incidents.turn import Turn
from streams.state import Namespace, from_microseconds, to_microseconds

KEPT = 40
"""Cases of one cause that a desk remembers, the newest."""
MOST_NAMED = 3

_NOTICE_KIND = b"cn.chengyun.notice.v1"
notice_of = Maker(Notice)

CHAINS: Namespace[list[KnownChain]] = Namespace(
    name="chain",
    encode=lambda chains: orjson.dumps(chains, default=present),
    decode=lambda stored: [KnownChain.model_validate(each) for each in orjson.loads(stored)],
    lifetime="until the city asserts others: at most 200 for each desk",
    rank=8,
    decoded=2_000,
)
"""Key: the area."""

Point = tuple[float, float]
Lately = dict[str, list[list[Any]]]

LATELY: Namespace[Lately] = Namespace(
    name="precursor",
    encode=orjson.dumps,
    decode=orjson.loads,
    lifetime=f"as long as its desk: the last {KEPT} cases of each kind that brings others",
    rank=8,
    decoded=2_000,
)
"""Key: the area. Per kind, oldest first: moment in microseconds, case, area of birth, and
latitude and longitude where they are known."""


def note(
    turn: Turn, kind: str, incident_id: str, area: str, at: datetime, place: Point | None = None
) -> None:
    """A case was opened here or below: remember it if its kind is known to bring others."""
    chains = turn.state.get(CHAINS, turn.area)
    if not chains or not any(chain.cause == kind for chain in chains):
        return
    lately = turn.state.get(LATELY, turn.area) or {}
    told = [to_microseconds(at), incident_id, area, *(place or ())]
    lately[kind] = [*lately.get(kind, ()), told][-KEPT:]
    turn.state.put(LATELY, turn.area, lately)


def suspected(
    turn: Turn, kind: str, place: Point | None = None, street: str | None = None
) -> list[dict[str, Any]]:
    """What may have brought a matter of that kind here, the likeliest first.

    Args:
        place: latitude and longitude of the matter; street: the one it is in. None: unknown.

    Returns:
        `Suspected` in JSON terms; what others explain comes after what nothing explains.
    """
    chains = turn.state.get(CHAINS, turn.area)
    if not chains:
        return []
    lately = turn.state.get(LATELY, turn.area) or {}
    now = to_microseconds(turn.now)
    found: list[tuple[bool, float, dict[str, Any]]] = []
    for chain in chains:
        if chain.effect != kind:
            continue
        since = now - round(chain.window_h * 3.6e9)
        before = [each for each in lately.get(chain.cause, ()) if since <= each[0] <= now]
        likeliest = _likeliest(turn, before, place, street)
        if likeliest is None:
            continue
        (at, incident_id, area, *_), away = likeliest
        name = turn.policy.kind_name(chain.cause, turn.policy.language)
        told = {
            "kind": chain.cause,
            "name": name,
            "incident_id": incident_id,
            "area": area,
            "at": from_microseconds(at),
            "lift": chain.lift,
            "lag_h": chain.lag_h,
            "indirect": chain.indirect,
        }
        if away is not None:
            told["distance_m"] = round(away)
        found.append((chain.indirect, -chain.lift, told))
    found.sort(key=lambda each: each[:2])
    return [told for _, _, told in found[:MOST_NAMED]]


def _likeliest(
    turn: Turn, before: list[list[Any]], place: Point | None, street: str | None
) -> tuple[list[Any], float | None] | None:
    """The case that may have brought it, and how many metres away it was, if that is known.

    The nearest where both have a place; otherwise the newest of the same street, or of
    the desk's area where it is about no one street. Across the border of a street a case
    counts as far as the rule reaches; chains are learned within streets.
    """
    rule = turn.policy.triggers.chains
    near: list[tuple[float, int, list[Any]]] = []
    unplaced: list[list[Any]] = []
    for number, each in enumerate(reversed(before)):
        if place is not None and len(each) > 3:
            away = metres(*place, each[3], each[4])
            if rule is None or away <= rule.reach_m or each[2] == (street or turn.area):
                near.append((away, number, each))
        elif street is None or street == turn.area or each[2] == street:
            unplaced.append(each)
    if near:
        away, _, nearest = min(near, key=lambda one: one[:2])
        return nearest, away
    return (unplaced[0], None) if unplaced else None


def suspect(
    turn: Turn, alert: dict[str, Any], place: Point | None = None, street: str | None = None
) -> None:
    """Name what may have brought a warning, on the warning."""
    kind = alert.get("kind")
    if turn.policy.triggers.chains is None or kind is None or alert.get("suspected"):
        return
    found = suspected(turn, kind, place, street)
    if found:
        alert["suspected"] = found


def on_chains(turn: Turn, notice: Notice) -> None:
    """The tier above passes down which kinds bring others: kept here, and passed on."""
    adopt(turn, notice.chains)


def adopt(turn: Turn, chains: list[KnownChain]) -> None:
    """Keep what brings what, and tell all desks below."""
    turn.state.put(CHAINS, turn.area, chains)
    causes = {chain.cause for chain in chains}
    lately = turn.state.get(LATELY, turn.area)
    if lately is not None:
        kept = {kind: cases for kind, cases in lately.items() if kind in causes}
        turn.state.put(LATELY, turn.area, kept)
    for child in turn.policy.areas.children(turn.area):
        identity = f"{turn.cause}/chains/{child}"
        notice = notice_of(
            notice_id=identity,
            purpose="chains",
            from_tier=turn.tier,
            from_area=turn.area,
            chains=chains,
            at=turn.now,
        )
        turn.send_to(child, turn.enveloped(_NOTICE_KIND, identity, child, body(notice)))
