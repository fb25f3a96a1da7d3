"""D. Vendors on the pavement: settled on the spot twice, back on the third day."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.city import SimulatedCity
from agents.simulate.stories.script import Story

VENDORS = "200501"
TRADE = "200504"
DAY = 24 * 60


def vendors(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """小事不出网格: the grid member persuades them to go; by the third time it is a pattern."""
    story = Story("vendors", begins)
    spot = city.spot(rng)
    grid = f"/grid/{spot.street}"
    photo = "https://photos.yunchuan.example/vendors-{}.jpg"
    for nth, t in enumerate((0, DAY + 5), start=1):
        story.reports(
            t,
            grid,
            str(nth),
            VENDORS,
            spot.beside(3 * nth),
            channel="grid",
            self_handled=True,
            description="流动摊贩占道，劝离",
            media_url=photo.format(nth),
        )
    for nth, t in enumerate((2 * DAY - 10, 5 * DAY, 8 * DAY), start=3):
        code = TRADE if nth == 5 else VENDORS
        report_id = story.reports(
            t,
            grid,
            str(nth),
            code,
            spot.beside(-4 * nth),
            channel="grid",
            description="摊贩又回来了，需联合执法",
            media_url=photo.format(nth),
        )
        story.unit_says(t + 12, report_id, "accepted", "urban-management")
        story.unit_says(t + 95, report_id, "resolved", "urban-management", "联合执法清理")
        story.unit_says(t + 240, report_id, "closed", "urban-management")
    return story
