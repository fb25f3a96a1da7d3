"""A made-up district that cures: the city's scoreboard against the truth, through all tiers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agents import policy_files
from agents.evaluate.measures import live, quiet, smallest_district
from agents.simulate.api import ORIGIN
from agents.simulate.governance import Habits

DAYS = 49


@pytest.mark.parametrize("removes", [0.0, 0.9])
def test_seven_weeks_of_a_district_that_cures_come_to_the_truth(removes: float) -> None:
    policy = quiet(policy_files.load())
    habits = Habits(0.5, (1.0, 6.0), removes, ORIGIN + timedelta(days=DAYS - 18))
    found = live(policy, 3, DAYS, habits, smallest_district(policy), troubled=False)
    spared = found.spared
    assert found.measures >= 5
    assert spared.low is not None
    assert spared.high is not None
    assert spared.low <= found.truth <= spared.high
    if removes:
        assert found.truth > 5
        assert spared.low > 0, "nine tenths of what happened at these places stayed away"
    else:
        assert found.truth == 0
