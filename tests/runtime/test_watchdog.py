"""The watchdog ends what is stuck and leaves alone what is merely slow or was stopped."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from agents.runtime.vigil import Suspicion
from agents.runtime.watchdog import Watchdog

LIMIT = 5
RUNNING = SimpleNamespace(done=lambda: False)


def watch(**stage: Any) -> tuple[Watchdog, Any, list[str]]:
    ended: list[str] = []
    given: Any = SimpleNamespace(
        options=SimpleNamespace(stage="street"),
        status="flowing",
        progress=0,
        lanes={3: SimpleNamespace(number=3, progress=0, busy=False, task=RUNNING)},
    )
    given.__dict__.update(stage)
    return Watchdog(given, LIMIT, ended.append), given, ended


def look(watchdog: Watchdog, times: int, beating: bool = True) -> None:
    for _ in range(times):
        if beating:
            watchdog.beat()
        watchdog.look()


def test_an_idle_stage_is_well() -> None:
    watchdog, _, ended = watch()
    look(watchdog, 100)
    assert ended == []


def test_a_loop_that_does_not_turn_is_ended() -> None:
    watchdog, _, ended = watch()
    look(watchdog, LIMIT + 1, beating=False)
    assert ended == []
    look(watchdog, 1, beating=False)
    assert "event loop has not turned" in ended[0]


@pytest.mark.parametrize("status", ["starting", "rebalancing", "opening", "stopping"])
def test_a_stuck_rebalance_or_start_is_ended(status: str) -> None:
    watchdog, _, ended = watch(status=status)
    look(watchdog, LIMIT + 2)
    assert f"stuck while {status}" in ended[0]
    assert "Operator action" in ended[0]


def test_a_restore_that_makes_progress_is_left_alone() -> None:
    watchdog, stage, ended = watch(status="opening")
    for _ in range(50):
        stage.progress += 1
        look(watchdog, LIMIT)
    assert ended == []


def test_a_lane_stuck_in_a_chunk_is_ended() -> None:
    watchdog, stage, ended = watch()
    stage.lanes[3].busy = True
    look(watchdog, LIMIT + 2)
    assert "partition 3 is stuck" in ended[0]


def test_a_busy_lane_that_commits_is_left_alone() -> None:
    watchdog, stage, ended = watch()
    stage.lanes[3].busy = True
    for _ in range(50):
        stage.lanes[3].progress += 1
        look(watchdog, LIMIT)
    assert ended == []


def test_a_lane_that_ended_by_itself_is_noticed() -> None:
    done = SimpleNamespace(done=lambda: True)
    watchdog, stage, ended = watch()
    stage.lanes[3].task = done
    look(watchdog, LIMIT + 1)
    assert "partition 3 has stopped by itself" in ended[0]


def test_an_input_that_never_arrives_is_noticed() -> None:
    lane: Any = SimpleNamespace(number=3, reads=0, behind=lambda ends: ends["in"] > 5)
    suspicion = Suspicion(patience=2)
    assert not any(suspicion.look(lane, {"in": 5}) for _ in range(10))
    assert [suspicion.look(lane, {"in": 6}) for _ in range(3)] == [False, False, True]
    lane.reads += 1
    assert not suspicion.look(lane, {"in": 6})
