"""The judge of the torture: every kind of lie is noticed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents.chaos.faults import MEANING, WEIGHTS, draw
from agents.chaos.model import Expected, Found, compare

EVENTS = [SimpleNamespace(key=b"k", value=orjson.dumps({"id": n, "key": "k"})) for n in range(30)]


@pytest.fixture
def expected() -> Expected:
    made = Expected()
    made.take(EVENTS)
    return made


@pytest.fixture
def found(expected: Expected) -> Found:
    made = Found()
    made.tallies = dict(expected.tallies)
    made.outputs = copy.deepcopy(expected.outputs)
    made.deadlines = copy.deepcopy(expected.deadlines)
    return made


def test_the_truth_passes(expected: Expected, found: Found) -> None:
    verdict = compare("one", expected, found)
    assert verdict.right
    assert (verdict.events, verdict.outputs, verdict.deadlines) == (30, 10, 6)


def _lose_an_event(found: Found) -> None:
    count, chain = found.tallies[b"k"]
    found.tallies[b"k"] = (count - 1, chain)


def _double_an_event(found: Found) -> None:
    count, chain = found.tallies[b"k"]
    found.tallies[b"k"] = (count + 1, chain)


def _swap_events(found: Found) -> None:
    count, chain = found.tallies[b"k"]
    found.tallies[b"k"] = (count, chain ^ 1)


def _swap_outputs(found: Found) -> None:
    outputs = found.outputs[b"k"]
    outputs[0], outputs[1] = outputs[1], outputs[0]


@pytest.mark.parametrize(
    ("lie", "named"),
    [
        (_lose_an_event, "events lost"),
        (_double_an_event, "events doubled"),
        (_swap_events, "keys out of order"),
        (lambda f: f.outputs[b"k"].pop(), "outputs lost"),
        (lambda f: f.outputs[b"k"].append(f.outputs[b"k"][-1]), "outputs doubled"),
        (_swap_outputs, "keys with outputs out of order"),
        (lambda f: f.deadlines[b"k"].pop(), "deadlines lost"),
        (lambda f: f.deadlines[b"k"].append(5), "deadlines doubled"),
        (lambda f: f.pending.add(b"5deadline/k/000000000005"), "deadlines pending"),
        (lambda f: f.tallies.update({b"ghost": (1, 1)}), "unknown keys"),
    ],
)
def test_a_lie_is_named(
    expected: Expected, found: Found, lie: Callable[[Found], Any], named: str
) -> None:
    lie(found)
    verdict = compare("one", expected, found)
    assert not verdict.right
    assert set(verdict.wrong) == {named}


def test_a_state_is_read_from_the_changelog() -> None:
    found = Found()
    due = (1).to_bytes(8, "big")
    found.take_state(
        [
            SimpleNamespace(key=b"5tally/k", value=bytes(8) + b"[3,7]"),
            SimpleNamespace(key=b"5deadline/k/000000000005", value=due + b"5"),
            SimpleNamespace(key=b"5deadline/k/000000000010", value=due + b"10"),
            SimpleNamespace(key=b"5deadline/k/000000000005", value=None),
            SimpleNamespace(key=b"\x00position", value=b"{}"),
        ]
    )
    assert found.tallies == {b"k": (3, 7)}
    assert found.pending == {b"5deadline/k/000000000010"}


def test_the_same_seed_draws_the_same_faults() -> None:
    assert list(draw(200, 7)) == list(draw(200, 7))
    assert list(draw(200, 7)) != list(draw(200, 8))


def test_every_kind_of_fault_is_drawn_and_the_broker_is_never_spared_for_long() -> None:
    faults = list(draw(1_000, 1))
    assert {fault.kind for fault in faults} == set(MEANING) == set(WEIGHTS)
    kills = [n for n, fault in enumerate(faults) if fault.kind == "kill broker"]
    assert max(b - a for a, b in zip([0, *kills], kills, strict=False)) <= 30
    assert any(fault.kind == "kill broker" for fault in draw(16, 3))
