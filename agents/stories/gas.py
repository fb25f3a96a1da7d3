"""C. Gas beside a pipe: the district owns it at once, the city when half the limit is reached."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.city import SimulatedCity
from agents.stories.script import Story

LEAK = "200403"

# Percent of the lower explosive limit at minutes after the first alarm.
PROBE = (
    *((0, 27.0), (2, 29.0), (5, 34.0), (8, 41.0), (12, 53.0), (20, 58.0), (30, 47.0)),
    *((45, 28.0), (60, 16.0), (75, 8.0), (90, 4.0), (106, 2.0), (116, 1.5)),
)
NEIGHBOUR = (
    *((0, 6.0), (10, 18.0), (14, 31.0), (24, 36.0), (36, 27.0), (50, 14.0)),
    *((66, 6.0), (82, 3.0), (97, 2.0), (112, 1.5)),
)


def gas(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """A probe speaks, a neighbour smells it, a second probe confirms; then three clean readings."""
    story = Story.of("gas", begins, city)
    spot = city.spot(rng)
    street, district = spot.street, city.district(spot.street)
    probe = story.device("1", "gas_pipe_probe", "lel", "%", spot)
    neighbour = story.device("2", "gas_pipe_probe", "lel", "%", spot.beside(60, 20))
    story.measures(probe, PROBE)
    story.measures(neighbour, NEIGHBOUR)
    case = story.case_of_finding(probe, "W2", 0)

    # A quarter of the lower explosive limit: yellow, Ⅲ, the district owns, the city is told.
    story.stands(0, case, severity="III", tier="district", area=district, unit="gas", rules=["E1"])
    story.lit(0, "street", "W2", "yellow", case, since=0)
    story.lit(0, "district", "E1", "yellow", case, since=0)
    story.lit(0, "city", "E1", "yellow", case, since=0)
    story.orders(2, "acknowledge", case, district)
    # The emergency path: gas company and fire service are whistled for on the spot (ground c).
    call = story.calls(3, "1", LEAK, spot.beside(25), "楼下有很浓的燃气味", danger_to_life=True)
    story.stands(3, case, reports=1, danger_to_life=True)
    story.orders(
        4,
        "whistle",
        case,
        district,
        ground="c",
        units=["gas", "fire"],
        reason="燃气泄漏",
    )
    story.orders(5, "accept", case, street, role="unit", unit="gas")
    story.orders(9, "report", case, street, role="unit", unit="fire")

    # Half the limit: Ⅱ, the city commands; the probe beside it agrees.
    story.stands(12, case, severity="II", tier="city", rules=["E1", "E1"], unit="gas")
    story.lit(12, "street", "W2", "orange", case, since=12)
    story.lit(12, "city", "E1", "orange", case, since=12)
    story.orders(13, "acknowledge", case, story.policy.areas.city)
    story.orders(22, "report", case, street, role="unit", unit="gas")
    story.stands(22, case, arrived={"gas": True, "fire": True}, tier="city")
    story.orders(24, "start", case, street, role="unit", unit="gas")
    # Down again only by whoever owns it, and never below what the city has set (E8, E9).
    story.orders(
        40,
        "regrade",
        case,
        district,
        severity="IV",
        reason="浓度下降",
        answer="only_the_owner_lowers",
    )

    # The unit's word stops the clock; while a probe alarms nobody closes.
    story.orders(80, "resolve", case, street, role="unit", unit="gas", resolution="破损管段已更换")
    story.stands(80, case, state="resolved", resolved=80, overdue=False)
    story.orders(85, "close", case, story.policy.areas.city, answer="still_alarming")
    # Three clean readings over half an hour at both probes.
    story.unlit(106, "street", "W2", case)
    story.orders(110, "check", case, story.policy.areas.city)
    story.orders(118, "close", case, district, answer="not_your_area")
    story.called_back(119, "1", solved=True)
    story.orders(120, "close", case, story.policy.areas.city)
    story.stands(120, case, state="closed", tier="city", closed=120, overdue=False, released=True)
    story.answered(120, call, "answered")
    for tier in ("street", "district", "city"):
        story.unlit(120, tier, "*", case)
    return story
