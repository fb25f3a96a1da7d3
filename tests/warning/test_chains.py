"""Chains: what follows what beyond the city's hour; rain makes none."""

from __future__ import annotations

import numpy as np
import pytest

from agents.evaluate.simulated_chains import CHAINS, RAINY, Weather, simulate
from schemas.errors import SchemaError
from streams.warning.chains import Chain, ChainRules, Chains


def _found(seed: int, days: int, weather: Weather) -> list[Chain]:
    chains = Chains()
    for hour, area, kind in simulate(seed, days, 400, 0.3, weather):
        chains.observe(hour, area, kind)
    return chains.asserted()


@pytest.mark.parametrize("weather", [Weather(), Weather(later_h=2, districts=4)])
def test_true_chains_are_found_and_rain_is_none(weather: Weather) -> None:
    found = _found(1, 30, weather)
    direct = {(one.cause, one.effect) for one in found if not one.indirect}
    assert direct == set(CHAINS)
    assert not direct & {RAINY, RAINY[::-1]}
    for one in found:
        assert one.lift > 1.12
        assert one.low < one.lift < one.high
        assert 1 < one.lag_h < 8


def test_a_consequence_of_a_consequence_is_called_indirect() -> None:
    chains = Chains()
    for hour, area, kind in simulate(2, 60, 200, 0.6, Weather()):
        chains.observe(hour, area, kind)
    found = {(one.cause, one.effect): one for one in chains.asserted()}
    assert found[0, 2].indirect
    assert found[0, 2].through == 1
    assert not found[0, 1].indirect
    assert not found[1, 2].indirect
    assert found[0, 2].lag_h > found[0, 1].lag_h


def test_independent_kinds_make_no_chain() -> None:
    chance = np.random.default_rng(3)
    chains = Chains()
    for hour in np.sort(chance.uniform(0, 24 * 40, 20_000)):
        chains.observe(float(hour), int(chance.integers(0, 30)), int(chance.integers(0, 12)))
    assert chains.asserted() == []


def test_stored_counters_go_on_exactly() -> None:
    events = simulate(4, 12, 400, 0.3, Weather())
    whole, parted = Chains(), Chains()
    for at, event in enumerate(events):
        whole.observe(*event)
        parted.observe(*event)
        if at % 1_000 == 0:
            parted = Chains.decode(parted.encode())
    assert parted.asserted() == whole.asserted()
    assert parted.encode() == whole.encode()
    with pytest.raises(SchemaError):
        Chains.decode(b"nothing")


def test_events_of_whole_hours_have_no_order_within_the_hour() -> None:
    forwards, backwards = Chains(), Chains()
    for hour in range(200):
        for kind in (0, 1):
            for area in range(5):
                forwards.observe(float(hour), area, kind)
                backwards.observe(float(hour), area, 1 - kind)
    assert forwards.asserted() == backwards.asserted()


def test_kinds_and_areas_are_bounded() -> None:
    chains = Chains(ChainRules(most_kinds=3, most_areas=2))
    for kind in range(3):
        chains.observe(0.5, 0, kind)
    with pytest.raises(SchemaError, match="wanted at most"):
        chains.observe(0.6, 0, 3)
    with pytest.raises(SchemaError, match="after 0"):
        chains.observe(-1.0, 0, 0)
