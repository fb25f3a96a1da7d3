"""E. A noisy, overcrowded flat: three complaints in a month, each answered, none settled."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.city import SimulatedCity
from agents.stories.expected import Unsaid
from agents.stories.script import Story

NOISE = "900101"
DAY = 24 * 60
NIGHTS = (0, 6 * DAY - 20, 13 * DAY + 20)
"""Minutes after the first night at which somebody calls."""


def flat(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """Night calls to the hotline; the police come, the noise returns, others share the blame."""
    story = Story.of("flat", begins, city)
    spot = city.spot(rng)
    street, district = spot.street, city.district(spot.street)
    caller = {"name": "李女士", "phone": "19900001234"}
    words = "隔壁群租房半夜吵闹，联系我19900001234"

    # The first two nights: the police come, the noise stops for a while.
    for nth, t in enumerate(NIGHTS[:2], start=1):
        call = story.calls(t, str(nth), NOISE, spot, words, contact=caller)
        case = story.case_of_report(call, street, t)
        # Seven days to answer; the caller's number is in no alert and no title.
        story.stands(t, case, state="dispatched", unit="police", reports=1, due=t + 7 * DAY)
        story.answered(t, call, "accepted")
        story.orders(t + 5, "acknowledge", case, street)
        story.orders(t + 14, "accept", case, street, role="unit", unit="police")
        story.orders(
            t + 55, "resolve", case, street, role="unit", unit="police", resolution="到场劝阻"
        )
        story.called_back(t + 11 * 60, str(nth), solved=True)
        story.orders(t + 12 * 60, "close", case, street)
        story.stands(t + 12 * 60, case, state="closed", overdue=False)
        story.answered(t + 12 * 60, call, "answered")

    # The third within thirty days from one building: another way is needed.
    t = NIGHTS[2]
    call = story.calls(t, "3", NOISE, spot, words, contact=caller)
    case = story.case_of_report(call, street, t)
    story.stands(t, case, state="dispatched", tier="street", reports=1)
    # Two neighbours call, too: one case, three complaints, each with its own answer (W9).
    neighbours = [
        story.calls(t + 2, "4", NOISE, spot.beside(6), "楼上群租房吵得睡不着"),
        story.calls(t + 4, "5", NOISE, spot.beside(-5, 7), "第三次了，没人管吗"),
    ]
    story.stands(t + 4, case, reports=3)
    story.lit(t + 4, "street", "W9", "yellow", case, since=t + 4)
    story.orders(t + 6, "acknowledge", case, street)
    # Who comes first leads (首接负责); housing joins, assisting.
    story.orders(t + 14, "accept", case, street, role="unit", unit="police")
    story.orders(t + 9 * 60, "accept", case, street, role="unit", unit="housing")
    story.stands(t + 9 * 60, case, state="accepted", unit="police", assisting=["housing"])
    # Beyond the street's power: a whistle on ground a; the departments meet and conclude.
    called = ["housing", "police", "stability"]
    story.orders(
        t + 10 * 60,
        "whistle",
        case,
        street,
        ground="a",
        units=called,
        reason="超出街道权限",
    )
    for n, unit in enumerate(called):
        story.orders(t + 10 * 60 + 10 + n, "report", case, street, role="unit", unit=unit)
    story.stands(t + 10 * 60 + 12, case, arrived=dict.fromkeys(called, True))
    story.orders(t + 11 * 60, "start", case, street, role="unit", unit="police")
    story.orders(t + 11 * 60 + 5, "consult", case, street, units=called, reason="群租房整治办法")
    story.orders(
        t + 12 * 60,
        "conclude",
        case,
        street,
        reason="房东限期一个月整改，公安每日巡查",
    )
    # It needs a month: the unit asks, the desk suspends it until a day; the clock stands still.
    until = story.at(t + 30 * DAY).isoformat()
    story.orders(
        t + 13 * 60,
        "request",
        case,
        street,
        role="unit",
        unit="police",
        reason="等待房东限期整改",
        for_="suspension",
        until=until,
    )
    story.orders(t + 14 * 60, "suspend", case, street)
    story.stands(t + 14 * 60, case, state="suspended", overdue=False)
    story.orders(t + 15 * 60, "suspend", case, street, answer="not_allowed_now")
    story.stands(t + 29 * DAY, case, state="suspended", overdue=False)
    # It goes on by itself on that day, with what was left of its seven days.
    story.stands(t + 30 * DAY, case, state="in_progress", overdue=False)
    done = t + 31 * DAY
    story.orders(
        done, "resolve", case, street, role="unit", unit="police", resolution="恢复原状，租客搬离"
    )
    story.orders(done + 30, "close", case, street)
    story.answered(done + 30, call, "answered")
    # Called back: it has begun again. Reopened, and the district supervises.
    story.called_back(done + 60, "3", solved=False)
    story.stands(done + 60, case, state="in_progress", resolved=None, closed=None)
    story.orders(done + 90, "supervise", case, district, role="supervisor", reason="反复投诉")
    story.orders(
        done + 5 * 60, "resolve", case, street, role="unit", unit="police", resolution="再次清理"
    )
    story.called_back(done + 8 * 60, "3", solved=True, nth=2)
    story.orders(done + 9 * 60, "close", case, street)
    story.stands(done + 9 * 60, case, state="closed", tier="street", released=True)
    for report_id in (call, *neighbours):
        story.answered(done + 9 * 60, report_id, "answered")
    story.pattern(t, NOISE, spot, "street", 3)
    # No number, no name of a caller leaves the intake.
    for secret in (caller["phone"], caller["name"]):
        story.expects(done + 9 * 60, Unsaid(secret))
    return story
