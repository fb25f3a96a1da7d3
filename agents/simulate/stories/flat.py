"""E. A noisy, overcrowded flat: three complaints in a month, each answered, none settled."""

from __future__ import annotations

from datetime import datetime
from random import Random

from agents.simulate.city import SimulatedCity
from agents.simulate.stories.script import Story

NOISE = "900101"
GROUP_RENTING = "990101"
DAY = 24 * 60
NIGHTS = (0, 6 * DAY - 20, 13 * DAY + 20)


def flat(city: SimulatedCity, rng: Random, begins: datetime) -> Story:
    """Night calls to the hotline; the police come, the noise returns, others share the blame."""
    story = Story("flat", begins)
    spot = city.spot(rng)
    caller = {"name": "李女士", "phone": "19900001234"}
    for nth, t in enumerate(NIGHTS, start=1):
        call = story.calls(
            t, str(nth), NOISE, spot, "隔壁群租房半夜吵闹，联系我19900001234", contact=caller
        )
        story.unit_says(t + 14, call, "accepted", "police")
        story.unit_says(t + 55, call, "resolved", "police", "到场劝阻")
        story.called_back(t + 11 * 60, str(nth), solved=nth == 1)
        if nth > 1:
            story.not_fixed(t + 11 * 60 + 5, str(nth), "当晚又开始了")
    renting = story.calls(
        NIGHTS[2] + 10 * 60, "4", GROUP_RENTING, spot, "一套房住了十几个人", contact=caller
    )
    story.unit_says(NIGHTS[2] + 11 * 60, renting, "accepted", "housing")
    return story
