"""Operators read every move of the life cycle in their own language."""

from __future__ import annotations

import pytest

from agents.cli.wording import WORDS
from streams.incidents import lifecycle


@pytest.mark.parametrize("action", sorted({move.action for move in lifecycle.TABLE}))
def test_every_move_has_a_word(action: str) -> None:
    assert action in WORDS
