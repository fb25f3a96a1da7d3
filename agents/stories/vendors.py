"""D. Vendors on the pavement: settled on the spot twice, back on the third day."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.city import SimulatedCity
from agents.stories.expected import Nowhere
from agents.stories.script import Story

VENDORS = "200501"
DAY = 24 * 60
THIRD = 2 * DAY - 10


def vendors(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """小事不出网格: the grid member persuades them to go; by the third time it is a pattern."""
    story = Story.of("vendors", begins, city)
    spot = city.spot(rng)
    street = spot.street
    grid = f"/grid/{street}"
    photo = "https://photos.yunchuan.example/vendors-{}.jpg"
    for nth, t in enumerate((0, DAY + 5), start=1):
        report_id = story.reports(
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
        # Settled by the grid, closed at the street, nobody else is woken.
        case = story.case_of_report(report_id, street, t)
        story.stands(t, case, state="closed", self_handled=True, tier="street", closed=t)
        story.unlit(t, "street", "*", case)
        story.expects(t, Nowhere("district", case))

    third = story.reports(
        THIRD,
        grid,
        "3",
        VENDORS,
        spot.beside(-12),
        channel="grid",
        description="摊贩又回来了，街道无执法权，需联合执法",
        media_url=photo.format(3),
    )
    case = story.case_of_report(third, street, THIRD)
    story.stands(THIRD, case, state="dispatched", tier="street", unit="urban-management")
    # The third within 50 m: a matter to be cured at its source (W8, E6).
    story.pattern(THIRD, VENDORS, spot, "street", 3)
    story.lit(THIRD, "street", "W8", "blue", street)
    story.orders(THIRD + 4, "acknowledge", case, street)
    # No power to enforce: a whistle on ground b for two departments.
    called = ["urban-management", "market"]
    story.orders(
        THIRD + 6, "whistle", case, street, ground="b", units=called, reason="街道无执法权"
    )
    story.orders(THIRD + 12, "accept", case, street, role="unit", unit="urban-management")
    for minutes, unit in ((THIRD + 20, called[0]), (THIRD + 26, called[1])):
        story.orders(minutes, "report", case, street, role="unit", unit=unit)
    story.stands(THIRD + 26, case, arrived={"urban-management": True, "market": True})
    story.orders(
        THIRD + 40, "feedback", case, street, role="unit", unit="market", reason="查扣无证食品三箱"
    )
    # They stay until it is closed (事不完、人不撤).
    story.orders(THIRD + 50, "release", case, street, unit_="market", answer="not_before_the_end")
    story.orders(
        THIRD + 95,
        "resolve",
        case,
        street,
        role="unit",
        unit="urban-management",
        resolution="联合执法清理，设置临时疏导点",
    )
    story.orders(THIRD + 120, "check", case, street)
    story.orders(THIRD + 130, "check_failed", case, street, reason="摊贩仍有两处未撤")
    story.stands(THIRD + 130, case, state="in_progress", unit="urban-management", resolved=None)
    story.orders(THIRD + 200, "resolve", case, street, role="unit", unit="urban-management")
    story.orders(THIRD + 240, "close", case, street)
    story.stands(THIRD + 240, case, state="closed", tier="street", released=True)
    story.answered(THIRD + 240, third, "answered")
    story.expects(THIRD + 240, Nowhere("city", case))
    return story
