"""A desk is never called more than ten times in ten minutes, and loses nothing."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas.terms import COLOURS, Colour
from streams.warning.attention import (
    MOST_GROUPS,
    OTHERS,
    Attention,
    Call,
    Limits,
    Quiet,
    as_plain,
    from_plain,
)

LIMITS = Limits()


def call(
    at: float, colour: Colour = "blue", *, trigger: str = "W3", street: str = "s", number: int = 0
) -> Call:
    return Call(at, f"a{number or at}", f"{trigger}/{street}/x", trigger, street, colour)


def test_calm_desks_are_called_each_time() -> None:
    attention = Attention()
    assert all(attention.call(call(100.0 * n), LIMITS, "f").what == "call" for n in range(100))


def test_a_flood_is_one_alert_that_rises_once_to_red() -> None:
    attention = Attention()
    verdicts = [attention.call(call(float(n)), LIMITS, "f") for n in range(20)]
    assert [v.what for v in verdicts[:7]] == ["call"] * 7
    assert {v.what for v in verdicts[7:]} == {"grouped"}
    assert verdicts[7].flood == "opened"
    red = attention.call(call(30, "red", trigger="W2"), LIMITS, "f")
    assert (red.what, red.by, red.flood) == ("grouped", "f", "raised")
    assert attention.call(call(31, "red", trigger="W2"), LIMITS, "f").flood is None
    assert attention.flood is not None
    assert [g.trigger for g in attention.flood.gravest_first()] == ["W2", "W3"]
    assert attention.flood.count == 15


def test_it_ends_when_fewer_than_five_lie_in_ten_minutes() -> None:
    attention = Attention()
    for n in range(12):
        attention.call(call(10.0 * n), LIMITS, "f")
    # The fifth from the last came at 70 s.
    assert attention.ebbs_at(LIMITS) == 670.0
    flood = attention.end_flood()
    assert flood is not None
    assert flood.count == 5
    assert flood.revision > 1
    assert attention.call(call(700), LIMITS, "g").what == "call"


def test_planned_work_is_silent_but_never_for_red_or_hard_limits() -> None:
    attention = Attention()
    assert attention.silence(Quiet("q", 0, 100, "water", "W5", "x"), 0) is None
    assert attention.call(call(50, trigger="W5"), LIMITS, "f").by == "q"
    assert attention.call(call(50, "red", trigger="W5"), LIMITS, "f").what == "call"
    hard = call(50, trigger="W5")
    hard.protected = True
    assert attention.call(hard, LIMITS, "f").what == "call"
    assert attention.call(call(50), LIMITS, "f").what == "call", "another trigger"
    assert attention.call(call(100, trigger="W5"), LIMITS, "f").what == "call", "it has ended"
    assert attention.silence(Quiet("r", 0, 100, "water"), 100) == "silence_over"


def test_a_flood_lists_no_more_groups_than_it_can_hold() -> None:
    attention = Attention()
    for n in range(300):
        attention.call(call(float(n), street=f"s{n}"), LIMITS, "f")
    flood = attention.flood
    assert flood is not None
    assert len(flood.groups) == MOST_GROUPS
    assert (flood.groups[-1].trigger, flood.groups[-1].street) == OTHERS
    assert sum(group.count for group in flood.groups) == flood.count == 293


@given(
    st.lists(
        st.tuples(
            st.floats(0, 300, allow_nan=False),
            st.sampled_from(COLOURS),
            st.sampled_from(["W1", "W2", "E2"]),
            st.sampled_from(["a", "b", "c"]),
        ),
        max_size=120,
    )
)
def test_never_more_than_ten_calls_in_ten_minutes_and_nothing_dropped(
    steps: list[tuple[float, Colour, str, str]],
) -> None:
    attention = Attention()
    at = 0.0
    calls: list[float] = []
    grouped = 0
    for number, (pause, colour, trigger, street) in enumerate(steps):
        at += pause
        ebbs = attention.ebbs_at(LIMITS)
        if ebbs is not None and ebbs <= at:
            attention.end_flood()
        attention = from_plain(orjson.loads(orjson.dumps(as_plain(attention))))
        one = call(at, colour, trigger=trigger, street=street, number=number + 1)
        verdict = attention.call(one, LIMITS, f"f{number}")
        grouped += verdict.what == "grouped"
        if verdict.what == "call" or verdict.flood in ("opened", "raised"):
            calls.append(at)
        if attention.flood is not None and verdict.what == "grouped":
            assert sum(group.count for group in attention.flood.groups) == attention.flood.count
    assert sum(c > at - 1e12 for c in calls) + grouped >= len(steps)
    for last in range(len(calls)):
        within = [c for c in calls[: last + 1] if c > calls[last] - LIMITS.window_s]
        assert len(within) <= LIMITS.most
