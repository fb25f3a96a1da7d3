"""A short torture in every test run; `chengyun chaos --faults 1000` is the long one."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from agents.chaos.torture import Plan, Torture
from agents.settings import load_settings


@pytest.mark.slow
async def test_nothing_is_lost_doubled_or_out_of_order(tmp_path: Path) -> None:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    lines: list[str] = []
    plan = Plan(faults=16, seed=22, gap_s=1.2)
    torture = Torture(plan, load_settings(data_dir=tmp_path), tmp_path, lines.append)
    outcome = await torture.run()
    assert outcome.faults["kill broker"] >= 1
    assert outcome.faults.total() == plan.faults
    for verdict in outcome.verdicts:
        assert verdict.right, (verdict, lines)
        assert verdict.events > 1_000
        assert verdict.deadlines > 100
