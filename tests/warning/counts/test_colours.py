"""False discoveries among the series of one bin are held down."""

from __future__ import annotations

import numpy as np
import pytest

from streams.warning.counts.colours import ColourRule, colours, discovery_limit


def test_the_limit_is_that_of_the_published_example() -> None:
    # Benjamini & Hochberg 1995, section 3.2: fifteen hypotheses, four are rejected at 0.05.
    ps = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]
    assert discovery_limit(ps, 0.05) == 0.0095


def test_few_are_called_when_nothing_happens() -> None:
    chance = np.random.default_rng(2)
    called = sum(
        any(colours([float(p) for p in chance.random(2_000)], ColourRule())) for _ in range(200)
    )
    assert called <= 20


def test_a_colour_needs_both_rarity_and_few_false_discoveries() -> None:
    rule = ColourRule()
    assert colours([5e-4], rule) == ["blue"]
    assert colours([2e-3], rule) == [None]
    assert colours([5e-4] + [0.5] * 999, rule) == [None] * 1_000
    assert colours([2e-5, 5e-6, 0.0] + [0.5] * 97, rule)[:3] == ["yellow", "orange", "red"]
    assert colours([], rule) == []


def test_a_rule_without_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted four falling"):
        ColourRule(at=(1e-3, 1e-3, 1e-5, 1e-6))
    with pytest.raises(ValueError, match="wanted one within 0 and 1"):
        ColourRule(false_share=0.0)
