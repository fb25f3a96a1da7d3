"""B. A cloudburst: one signal for the city, water in an underpass, then in three districts."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.acts import Device
from agents.simulate.city import SimulatedCity
from agents.stories.expected import Commanded
from agents.stories.script import Story

WATER = "200111"
CANCELLED = 180

# Centimetres of water at minutes after the signal.
UNDERPASS = (
    *((20, 0.5), (30, 2.5), (40, 12.0), (45, 14.0), (50, 19.0), (55, 24.5), (60, 26.0), (65, 31.0)),
    *((80, 29.0), (100, 18.0), (120, 9.0), (140, 1.5), (150, 1.0), (161, 0.8), (172, 0.3)),
)
ROADS = (
    *((25, 1.0), (35, 2.5), (44, 11.0), (60, 14.0), (80, 12.0), (100, 6.0)),
    *((120, 1.5), (130, 1.2), (146, 0.8), (160, 0.2)),
)


def rain(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """An orange signal turns red; three streets flood, then a second and third district."""
    story = Story.of("rain", begins, city)
    first, second, third = _districts(city)
    areas = [first, second, third]
    streets = city.policy.areas.children(first)[:3]
    places = [*streets, city.policy.areas.children(second)[0], city.policy.areas.children(third)[0]]
    spots = [city.spot(rng, street) for street in places]
    gauges: list[Device] = [
        story.device(str(n), "road_water", "depth", "cm", spot)
        for n, spot in enumerate(spots, start=1)
    ]
    centre = city.policy.areas.city

    # Orange rain: told to the districts at risk and their streets before any harm (W4, W13).
    story.signal(0, "1", "Alert", "orange", areas)
    story.lit(0, "city", "W4", "orange", centre, since=0)
    for district in areas:
        story.lit(0, "district", "W4", "orange", district)
    for street in streets:
        story.lit(0, "street", "W4", "orange", street)

    story.measures(gauges[0], UNDERPASS)
    for n, gauge in enumerate(gauges[1:], start=1):
        story.measures(gauge, [(minutes + 4 * n, depth) for minutes, depth in ROADS])
    case = story.case_of_finding(gauges[0], "W3", 40)
    # T + 40: 12 cm in the underpass: yellow, the street's, Ⅳ urgent.
    story.stands(40, case, severity="IV", urgency="urgent", tier="street", unit="drainage")
    story.lit(40, "street", "W3", "yellow", case, since=40)
    call = story.calls(42, "1", WATER, spots[0].beside(80), "下穿隧道积水，车过不去")
    story.orders(43, "acknowledge", case, places[0])
    other = story.calls(47, "2", WATER, spots[0].beside(-70), "隧道里水已经没过轮胎")
    # T + 55: up by more than 10 cm in 10 min (W5) while orange rain is in force (W6): one level
    # up, the district owns (E1), drainage and traffic police are whistled for.
    story.stands(54, case, tier="street", severity="IV", reports=2)
    story.stands(55, case, severity="III", tier="district", area=first, rules=["E1"])
    story.lit(55, "street", "W5", "orange", case, since=55)
    story.lit(55, "city", "E1", "yellow", case)
    story.orders(57, "acknowledge", case, first)
    story.orders(
        58,
        "whistle",
        case,
        first,
        ground="c",
        units=["drainage", "traffic-police"],
        reason="下穿隧道积水快速上涨",
    )
    # 25 cm: the road is closed.
    story.lit(60, "street", "W3", "red", case, since=60)
    story.orders(62, "accept", case, places[0], role="unit", unit="drainage")
    story.orders(66, "report", case, places[0], role="unit", unit="traffic-police")
    story.orders(67, "report", case, places[0], role="unit", unit="drainage")
    story.stands(67, case, arrived={"drainage": True, "traffic-police": True})

    # The same in three streets: the district commands (W7); the signal turns red.
    story.lit(64, "district", "W7", "yellow", first)
    story.expects(64, Commanded(first, WATER, "III", frozenset(streets)))
    story.signal(70, "2", "Update", "red", areas, ["1"])
    story.lit(70, "city", "W4", "red", centre, since=70)
    # And in three districts: the city.
    story.lit(90, "city", "W7", "orange", centre)
    story.expects(90, Commanded(centre, WATER, "II", frozenset(areas)))
    story.signal(130, "3", "Update", "yellow", areas, ["2"])

    story.orders(
        150, "resolve", case, places[0], role="unit", unit="drainage", resolution="积水已排除"
    )
    story.stands(150, case, state="resolved", resolved=150, overdue=False)
    for n, spot in enumerate(spots[1:], start=3):
        report_id = story.calls(50 + 3 * n, str(n), WATER, spot.beside(8), "路面积水没过脚踝")
        story.unit_says(60 + 3 * n, report_id, "accepted", "drainage", "泵车出动")
        story.unit_says(165 + n, report_id, "resolved", "drainage", "积水已排除")
        story.unit_says(240 + n, report_id, "closed", "drainage")
    story.signal(CANCELLED, "4", "Cancel", "yellow", areas, ["3"])
    story.unlit(CANCELLED, "city", "W4", centre)
    for district in areas:
        story.unlit(CANCELLED, "district", "W4", district)
    for street in streets:
        story.unlit(CANCELLED, "street", "W4", street)
    story.called_back(200, "1", solved=True)
    story.called_back(202, "2", solved=True)
    story.orders(210, "close", case, first)
    story.stands(210, case, state="closed", tier="district", released=True)
    story.answered(210, call, "answered")
    story.answered(210, other, "answered")
    story.unlit(210, "street", "*", case)
    return story


def _districts(city: SimulatedCity) -> tuple[str, str, str]:
    """Three districts; the first has three streets at least."""
    wide = [code for code in city.districts if len(city.policy.areas.children(code)) >= 3]
    others = [code for code in city.districts if code != wide[0]]
    return wide[0], others[0], others[1]
