"""What is known before a gauge has learned can be learned anew."""

from __future__ import annotations

import numpy as np

from agents.evaluate import rises
from streams.warning.climbs import BODY
from streams.warning.rises import Network, learned


def _loss(network: Network, inputs: rises.Floats, came: rises.Floats) -> float:
    odds = np.array(
        [
            float((network.features(one[:BODY], one[None, BODY:]) @ network.last)[0])
            for one in inputs
        ]
    )
    return float(np.mean(np.logaddexp(0, odds) - came * odds))


def test_a_network_learns_floods_and_the_one_that_is_shipped_knows_forms_it_never_saw() -> None:
    chance = np.random.default_rng(5)
    taught = [rises.examples(chance, rises.gauge_levels(chance, 12, rises.wave)) for _ in range(3)]
    inputs = np.vstack([one[0] for one in taught])
    came = np.concatenate([one[1] for one in taught])
    network = rises.learn(chance, inputs, came, rounds=6)
    other, outcome = rises.examples(chance, rises.gauge_levels(chance, 12, rises.runoff))
    truth = outcome.astype(float)
    share = float(truth.mean())
    ignorant = -share * np.log(share) - (1 - share) * np.log(1 - share)
    mine = _loss(network, other, truth)
    assert mine < 0.9 * ignorant
    assert _loss(learned(), other, truth) < min(mine, 0.65 * ignorant)


def test_a_network_is_printed_as_what_is_read() -> None:
    network = learned()
    assert all(len(line) <= 88 for line in network.text())
    assert [one.shape for one in network] == [(18, 24), (24,), (24, 16), (16,), (17,)]
    assert all(np.isfinite(one).all() for one in network)
