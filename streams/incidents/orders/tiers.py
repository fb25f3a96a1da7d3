"""Orders between the tiers: up, down, and pressing for a case."""

from __future__ import annotations

from streams.incidents import ownership
from streams.incidents.orders.order import Do, Order
from streams.incidents.refusal import Refused


def delegate(order: Order) -> None:
    """Hand it down (交办): the area below decides, this one supervises."""
    area = order.given.needed("area")
    turn = order.turn
    if area not in turn.policy.areas.children(turn.area):
        raise Refused(
            "rejected",
            "wrong_area",
            f"got the area {area}, wanted one directly below {turn.area}",
        )
    ownership.give(turn, order.case, area, "delegation", order.reason, order.actor)


ORDERS: dict[str, Do] = {"delegate": delegate}
