"""The bench of the stages drives each of them through a real morning of the made-up city."""

from __future__ import annotations

from agents.bench.profiles import MOST_BYTES
from agents.bench.stages import GOALS, measure


def test_each_stage_takes_everything_and_says_something_of_it() -> None:
    found = {line["stage"]: line for line in measure(runs=1, hours=2, seed=7)}
    assert set(GOALS) < set(found)
    street = found["street, full incident logic"]
    assert street["records"] > found["intake"]["records"] / 2
    assert street["outputs"] > 2 * street["records"]
    for profile, most in MOST_BYTES.items():
        kept = found[f"sensing, all on {profile}"]["bytes"]
        assert 100 < kept["median"] <= kept["max"] <= most
    assert found["sensing, limits only"]["bytes"] is None
    assert all(line["per_second"]["min"] > 0 and line["records"] > 100 for line in found.values())
