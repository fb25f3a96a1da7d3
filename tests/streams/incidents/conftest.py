"""Fixtures for the tiers: a small city with two districts, five streets and a policy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.streams.incidents.play import RULES, Play, policy


@pytest.fixture
def play() -> Iterator[Play]:
    """The small city at the time of day, checked at the end: chains hold, nothing died."""
    played = Play(policy())
    yield played
    assert played.chains_hold()


@pytest.fixture
def make_play() -> type[Play]:
    """For tests that need another policy or mode."""
    return Play


@pytest.fixture
def rules() -> Any:
    """Makes the example policy, with whole sections replaced."""
    return policy


@pytest.fixture
def example() -> dict[str, Any]:
    """The sections of the example policy, as a file would have them."""
    return RULES
