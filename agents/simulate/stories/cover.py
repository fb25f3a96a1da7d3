"""A. A sewage cover is missing at two in the morning, and twice again within the month."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.city import SimulatedCity
from agents.simulate.stories.script import Story

COVER = "100102"
DAY = 24 * 60
LOSSES = (0, 8 * DAY, 15 * DAY)
"""Minutes after the first night: the third loss in a month is a matter of its own."""


def cover(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """The tilt sensor speaks, callers confirm it, the unit says that it is not theirs."""
    story = Story("cover", begins)
    spot = city.spot(rng)
    device = story.device("1", "manhole_tilt", "tilt", "deg", spot)
    for nth, t in enumerate(LOSSES, start=1):
        story.measures(
            device,
            [
                (t, 38.0),
                (t + 0.05, 38.5),
                (t + 1, 39.0),
                *((t + m, 39.0) for m in range(5, 100, 10)),
                (t + 100, 1.5),
                (t + 101, 1.2),
                (t + 103, 1.3),
            ],
        )
        calls = [
            story.calls(t + 3, f"{nth}-1", COVER, spot.beside(12), "井盖没了，差点掉进去"),
            story.calls(t + 6, f"{nth}-2", COVER, spot.beside(-9, 8), "路上有个没盖的井"),
            story.calls(t + 15, f"{nth}-3", COVER, spot.beside(5, -11), "井盖缺失，太危险"),
        ]
        first = calls[0]
        story.unit_says(t + 8, first, "accepted", "street-office", "网格员赶往现场")
        story.unit_says(t + 10, first, "information", "street-office", "已围挡并放置警示")
        story.unit_says(t + 25, first, "information", "drainage", "非本单位产权，退回", nth=2)
        for call in calls:
            story.unit_says(t + 100, call, "resolved", "drainage", "井盖已补装")
        for n in (1, 2, 3):
            story.called_back(t + 8 * 60 + n, f"{nth}-{n}", solved=True)
        for call in calls:
            story.unit_says(t + 9 * 60, call, "closed", "street-office")
    return story
