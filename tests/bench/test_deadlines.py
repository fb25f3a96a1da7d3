"""Each deadline speaks once and in time, also when a worker dies in the midst of them."""

from __future__ import annotations

from pathlib import Path

from agents.bench.deadlines import Bench, Plan
from agents.settings import load_settings


async def test_each_deadline_speaks_once_and_in_time_through_a_kill(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    plan = Plan(
        cases=3_000,
        rate=100,
        steady_s=1.5,
        burst=800,
        workers=1,
        partitions=2,
        lead_s=14.0,
        gap_s=1.0,
    )
    settings = load_settings(broker=broker, prefix=prefix, partitions=2, replication=1)
    found = await Bench(settings, broker, plan, tmp_path, lambda _: None).run()
    wrong = {name: found[name] for name in ("missing", "doubled", "early", "unasked")}
    assert wrong == dict.fromkeys(wrong, 0), found
    # The suite shares its machine; the goal of one second is what the bench is run for.
    assert found["steady"]["p99_s"] <= 3.0, found
    assert found["burst"]["max_s"] <= 5.0, found
    # What came due while the worker was dead comes when it is back.
    assert found["killed"]["deadlines"] == 150
    assert found["killed"]["max_s"] <= found["restart_s"] + 5.0, found
