"""A defect of ours ends a backtest through every byte soon, and by name."""

from __future__ import annotations

import pytest

from agents.backtest import run as whole_path
from agents.backtest.run import run
from agents.policy_files import load
from agents.simulate.api import ORIGIN, Simulation
from streams.dead_letters import DefectLimitError
from streams.incidents import case


def _cannot_be_written(*_: object) -> bytes:
    raise TypeError("a value that no codec knows")


def test_a_state_that_cannot_be_written_ends_it_with_the_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A frozen namespace; what is stored under it is what a defect would leave there.
    written = case.BINS.encode
    object.__setattr__(case.BINS, "encode", _cannot_be_written)
    entries = list(Simulation(load(), seed=7, begins=ORIGIN).entries(hours=1))
    try:
        with pytest.raises(DefectLimitError, match=r"stage street.*no codec knows"):
            run(load(), entries, entries[-1].at)
    finally:
        object.__setattr__(case.BINS, "encode", written)


def test_a_timer_that_raises_again_and_again_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object, **__: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr("streams.incidents.spreading.close_bins", defect)
    monkeypatch.setattr(whole_path, "DEFECT_LIMIT", 3)
    entries = list(Simulation(load(), seed=7, begins=ORIGIN).entries(hours=1))
    with pytest.raises(DefectLimitError, match=r"stage street.*a defect"):
        run(load(), entries, entries[-1].at)
