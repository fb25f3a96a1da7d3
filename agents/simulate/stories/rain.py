"""B. A cloudburst: one signal for the city, water in an underpass, then in three districts."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from agents.simulate.acts import Device, weather
from agents.simulate.city import SimulatedCity
from agents.simulate.stories.script import Story

WATER = "200111"
CANCELLED = 180

# Centimetres of water at minutes after the signal.
UNDERPASS = (
    *((20, 0.5), (30, 4.0), (40, 12.0), (45, 14.0), (50, 19.0), (55, 26.0), (65, 31.0)),
    *((80, 29.0), (100, 18.0), (120, 9.0), (140, 3.5), (150, 1.5), (161, 0.8), (172, 0.3)),
)
ROADS = (
    *((25, 1.0), (35, 5.0), (44, 11.0), (60, 14.0), (80, 12.0), (100, 6.0)),
    *((120, 2.5), (135, 1.5), (146, 0.8), (160, 0.2)),
)


def rain(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """An orange signal turns red; three streets flood, then a second and third district."""
    story = Story("rain", begins)
    first, second, third = _districts(city)
    areas = [first, second, third]

    def signal(minutes: float, nth: int, kind: str, colour: str, *refers: str) -> None:
        story.acts.append(
            weather(
                story.at(minutes),
                city.code,
                f"cloudburst/{nth}",
                kind,  # type: ignore[arg-type]
                colour,  # type: ignore[arg-type]
                areas,
                lasts=timedelta(hours=6),
                references=refers,
            )
        )

    signal(0, 1, "Alert", "orange")
    streets = city.policy.areas.children(first)[:3]
    places = [*streets, city.policy.areas.children(second)[0], city.policy.areas.children(third)[0]]
    spots = [city.spot(rng, street) for street in places]
    gauges: list[Device] = [
        story.device(str(n), "road_water", "depth", "cm", spot)
        for n, spot in enumerate(spots, start=1)
    ]
    story.measures(gauges[0], UNDERPASS)
    for n, gauge in enumerate(gauges[1:], start=1):
        story.measures(gauge, [(minutes + 4 * n, depth) for minutes, depth in ROADS])
    call = story.calls(42, "1", WATER, spots[0].beside(20), "下穿隧道积水，车过不去")
    other = story.calls(47, "2", WATER, spots[0].beside(-15), "隧道里水已经没过轮胎")
    third_call = story.calls(52, "3", WATER, spots[1].beside(10), "路口积水严重")
    further = [
        story.calls(50 + 3 * n, str(n), WATER, spot.beside(8), "路面积水没过脚踝")
        for n, spot in enumerate(spots[2:], start=4)
    ]
    for n, report_id in enumerate((call, other, third_call, *further)):
        story.unit_says(50 + 6 * n, report_id, "accepted", "drainage", "泵车出动")
        story.unit_says(165 + n, report_id, "resolved", "drainage", "积水已排除")
        story.unit_says(240 + n, report_id, "closed", "drainage")
    signal(70, 2, "Update", "red", "cloudburst/1")
    signal(130, 3, "Update", "yellow", "cloudburst/2")
    signal(CANCELLED, 4, "Cancel", "yellow", "cloudburst/3")
    return story


def _districts(city: SimulatedCity) -> tuple[str, str, str]:
    """Three districts; the first has three streets at least."""
    wide = [code for code in city.districts if len(city.policy.areas.children(code)) >= 3]
    others = [code for code in city.districts if code != wide[0]]
    return wide[0], others[0], others[1]
