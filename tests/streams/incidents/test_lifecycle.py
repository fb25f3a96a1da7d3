"""The table is the life cycle: nothing moves outside of it, and every open state has an exit."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from schemas.command import Action
from schemas.errors import TransitionError
from schemas.terms import TERMINAL, Actor, WorkState
from streams.incidents import lifecycle
from streams.incidents.arguments import ARGUMENTS
from streams.incidents.lifecycle import ALL, COMMANDS, NEW, TABLE

ROLES = ("operator", "unit", "supervisor", "system", "citizen", "department")
ACTIONS = sorted({row.action for row in TABLE})
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def actor(role: str) -> Actor:
    """Somebody in that role."""
    return Actor.model_validate({"id": "x", "role": role})


@pytest.mark.parametrize("action", ACTIONS)
def test_no_move_is_possible_outside_of_the_table(action: str) -> None:
    for state, role in itertools.product((NEW, *get_args(WorkState)), ROLES):
        rows = [
            row
            for row in TABLE
            if row.action == action and state in row.states and role in row.roles
        ]
        assert lifecycle.possible(action, state, role) == bool(rows)
        if rows:
            assert lifecycle.find(action, state, actor(role)) in rows
        else:
            with pytest.raises(TransitionError):
                lifecycle.find(action, state, actor(role))


def test_a_refusal_says_what_is_allowed() -> None:
    with pytest.raises(TransitionError) as refused:
        lifecycle.find("close", "dispatched", actor("operator"))
    assert refused.value.code == "not_allowed_now"
    assert set(refused.value.allowed) == {
        action for action in COMMANDS if lifecycle.possible(action, "dispatched", "operator")
    }
    assert "close" not in refused.value.allowed


def test_every_open_state_has_an_exit_and_leads_to_an_end() -> None:
    assert set(ALL) == set(get_args(WorkState))
    reach: dict[str, set[str]] = {state: set() for state in ALL}
    for row in TABLE:
        for state in row.states:
            if row.to is not None and state != NEW:
                reach[state].add(row.to)
    for state in ALL:
        seen: set[str] = set()
        front: set[str] = {state}
        while front:
            seen |= front
            front = set().union(*(reach.get(each, set()) for each in front)) - seen
        assert seen & TERMINAL, state


def test_only_a_caller_or_who_called_back_reopens() -> None:
    assert {role for role in ROLES if lifecycle.possible("reopen", "closed", role)} == {
        "citizen",
        "operator",
        "supervisor",
    }
    named = {argument.name: argument for argument in ARGUMENTS["reopen"]}
    assert named["report"].required


def test_every_order_has_its_arguments_and_a_name_that_travels() -> None:
    assert set(ARGUMENTS) == set(COMMANDS) <= set(get_args(Action))


def test_commands_name_rows_of_the_table() -> None:
    assert set(COMMANDS) <= set(ACTIONS)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.action}-{row.to}")
def test_stamps_and_resets_are_fields_of_an_incident(row: Any) -> None:
    from schemas.incident import Incident

    assert set(row.stamps) | set(row.clears) <= set(Incident.model_fields)


def test_closing_does_not_move_the_moment_of_the_resolution(play: Any) -> None:
    report_id = play.report("cover")
    play.update(report_id, "resolved")
    resolved = play.incident().resolved_at
    play.at(20)
    play.update(report_id, "closed")
    assert (play.incident().resolved_at, play.incident().closed_at) == (resolved, play.now)
