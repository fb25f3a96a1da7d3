"""Operators read every move, state, rule and refusal in their own language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import streams
import streams.incidents
from agents.cli.deeds import DEEDS
from agents.cli.rules import RULES
from agents.cli.texts import TEXTS
from agents.cli.words import WORDS
from streams.incidents import lifecycle
from streams.incidents.audit import FaultKind

ACTIONS = sorted({move.action for move in lifecycle.TABLE})
ROLES = sorted({role for move in lifecycle.TABLE for role in move.roles})


@pytest.mark.parametrize("action", ACTIONS)
def test_every_move_has_a_word_and_a_sentence(action: str) -> None:
    assert action in WORDS
    assert action in DEEDS


@pytest.mark.parametrize("term", sorted({*ROLES, *lifecycle.ALL, *get_args(FaultKind)}))
def test_every_role_state_and_fault_has_a_word(term: str) -> None:
    assert term in WORDS


def rules() -> set[str]:
    """The rules that the decisions and the policy name."""
    home = Path(streams.__file__).parent
    files = [*home.rglob("*.py"), *(home.parent / "deploy" / "policy").glob("*.yaml")]
    pattern = re.compile(r"[\"' ]([EW]\d{1,2})[\"'\n]")
    return {code for file in files for code in pattern.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("rule", sorted({*rules(), "deadline", "delegation", "officer"}))
def test_every_rule_has_a_name(rule: str) -> None:
    assert all(RULES[rule])


def refusals() -> Iterator[str]:
    """The codes with which the tiers refuse an order, as their code names them."""
    home = Path(streams.incidents.__file__).parent
    for file in home.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            place = {"Refused": 1, "_wrong": 0}.get(node.func.id)
            if place is None or len(node.args) <= place:
                continue
            code = node.args[place]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value


@pytest.mark.parametrize("code", sorted({*refusals(), "not_allowed_now", "not_your_action"}))
def test_every_refusal_has_a_sentence(code: str) -> None:
    assert f"reason_{code}" in TEXTS
