"""A. A sewage cover is missing at two in the morning, and twice again within the month."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.acts import Device
from agents.simulate.city import SimulatedCity
from agents.stories.expected import Nowhere
from agents.stories.script import Story

COVER = "100102"
DAY = 24 * 60
AGAIN = (8 * DAY, 15 * DAY)
"""Minutes after the first night: the third loss in a month is a matter of its own."""


def cover(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """The tilt sensor speaks, callers confirm it, the unit says that it is not theirs."""
    story = Story.of("cover", begins, city)
    spot = city.spot(rng)
    street, district = spot.street, city.district(spot.street)
    device = story.device("1", "manhole_tilt", "tilt", "deg", spot)

    # The sensor alone is daily business; two callers beside it make it urgent (W6).
    story.measures(
        device, [(-0.05, 38.0), (0, 38.5), *((m, 39.0) for m in range(5, 100, 10)), *_mended(100)]
    )
    case = story.case_of_finding(device, "W1", -0.05, 0)
    story.stands(0, case, state="dispatched", severity="V", tier="street", unit="drainage", due=120)
    story.lit(0, "street", "W1", "yellow", case, since=0)
    first = story.calls(2, "1-1", COVER, spot.beside(12), "井盖没了，差点掉进去")
    story.stands(2, case, severity="V", reports=1, tier="street")
    second = story.calls(4, "1-2", COVER, spot.beside(-9, 8), "路上有个没盖的井")
    # Two urgent hours, also at two in the morning, from when the sensor spoke.
    story.stands(4, case, severity="IV", urgency="urgent", reports=2, tier="street", due=120)
    story.lit(4, "street", "W6", "blue", case, since=4)
    story.answered(4, second, "merged")

    story.orders(6, "acknowledge", case, street)
    story.unit_says(10, first, "information", "street-office", "网格员已围挡并放置警示")
    # Not ours, says the unit, and so does the next: the district names one (E5).
    story.orders(25, "return", case, street, role="unit", unit="drainage", reason="非本单位产权")
    story.stands(25, case, state="returned", tier="street", returns=1, unit=None, due=120)
    story.orders(27, "redispatch", case, street, unit_="water-supply")
    story.orders(
        35, "return", case, street, role="unit", unit="water-supply", reason="不是供水井盖"
    )
    story.stands(35, case, state="returned", tier="district", area=district, rules=["E5"], due=120)
    story.lit(35, "district", "E5", "blue", case)
    story.orders(37, "redispatch", case, district, unit_="drainage", reason="指定排水所先行处置")
    story.orders(40, "accept", case, street, role="unit", unit="drainage")
    story.orders(55, "start", case, street, role="unit", unit="drainage")
    story.stands(55, case, state="in_progress", tier="district", started=55, accepted=40)

    # 70 % of two hours: blue at T + 84 minutes, not before.
    story.unlit(83.9, "district", "deadline", case)
    story.lit(84, "district", "deadline", "blue", case, since=84)
    # The unit's word stops the clock, the check and the calls come after.
    story.orders(100, "resolve", case, street, role="unit", unit="drainage", resolution="已补装")
    story.stands(100, case, state="resolved", resolved=100, overdue=False)
    story.unlit(100, "district", "deadline", case)
    story.orders(101, "close", case, district, answer="still_alarming")
    story.orders(112, "check", case, district, reason="巡查员现场核实")
    story.called_back(115, "1-1", solved=True)
    story.called_back(116, "1-2", solved=True)
    story.orders(120, "close", case, district)
    story.stands(120, case, state="closed", closed=120, resolved=100, overdue=False)
    story.answered(120, first, "answered")
    story.answered(120, second, "answered")
    story.expects(120, Nowhere("city", case))
    for tier in ("street", "district"):
        story.unlit(120, tier, "*", case)

    for nth, t in enumerate(AGAIN, start=2):
        _again(story, device, nth, t)
    # The third loss within a month: a matter of its own, change the type of cover (W8, E6).
    story.pattern(AGAIN[1] + 4, COVER, spot, "street", 3)
    story.lit(AGAIN[1] + 4, "street", "W8", "blue", street)
    return story


def _again(story: Story, device: Device, nth: int, t: float) -> None:
    """It is gone again: sensor, callers, drainage, mended within two hours."""
    spot = device.spot
    story.measures(device, [(t - 0.05, 37.0), (t, 38.0), (t + 40, 38.0), *_mended(t + 70)])
    case = story.case_of_finding(device, "W1", t - 0.05, t)
    calls = [
        story.calls(t + 2, f"{nth}-1", COVER, spot.beside(9), "井盖又丢了"),
        story.calls(t + 4, f"{nth}-2", COVER, spot.beside(-6, 5), "又是这个井盖"),
    ]
    story.stands(t + 4, case, severity="IV", reports=2)
    story.orders(t + 6, "acknowledge", case, spot.street)
    story.orders(t + 15, "accept", case, spot.street, role="unit", unit="drainage")
    story.orders(
        t + 70, "resolve", case, spot.street, role="unit", unit="drainage", resolution="井盖已补装"
    )
    for n in range(1, len(calls) + 1):
        story.called_back(t + 90 + n, f"{nth}-{n}", solved=True)
    story.orders(t + 100, "close", case, spot.street)
    story.stands(t + 100, case, state="closed", tier="street", overdue=False)


def _mended(t: float) -> list[tuple[float, float]]:
    return [(t, 1.5), (t + 2, 1.2), (t + 4, 1.3), (t + 6, 1.3)]
