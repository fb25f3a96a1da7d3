"""Whatever comes in whatever order: one owner, rising versions, whole chains, nothing lost."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.incidents import lifecycle
from streams.incidents.arguments import ARGUMENTS

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
AREAS = ("A1", "A2", "B1", "C", "A", "B")
STREETS = ("A1", "A2", "B1")

REPORT = st.tuples(
    st.just("report"),
    st.sampled_from(("cover", "garbage", "gas", "orphan")),
    st.sampled_from((*STREETS, None)),
    st.sampled_from((0, 30, 500)),
    st.sampled_from(((), ("minors",), ("A1", "A2"), ("A1", "B1"), "self")),
)
UPDATE = st.tuples(
    st.just("update"),
    st.integers(0, 30),
    st.sampled_from(
        ("accepted", "resolved", "closed", "withdrawn", "information", "not_fixed", "callback")
    ),
)
COMMAND = st.tuples(
    st.just("command"),
    st.integers(0, 30),
    st.sampled_from((*lifecycle.COMMANDS, "withdraw")),
    st.sampled_from(AREAS),
    st.sampled_from(("operator", "unit", "supervisor")),
    st.integers(0, 9),
)
FINDING = st.tuples(
    st.just("finding"),
    st.sampled_from(("opened", "raised", "cleared")),
    st.sampled_from(STREETS),
    st.sampled_from(("V", "IV", "III", "II")),
)
RAIN = st.tuples(
    st.just("rain"), st.sampled_from(("yellow", "red")), st.sampled_from(("Alert", "Cancel"))
)
PASS = st.tuples(st.just("pass"), st.sampled_from((1, 10, 60, 300, 3_000, 30_000)))
STEPS = st.lists(st.one_of(REPORT, UPDATE, COMMAND, FINDING, RAIN, PASS), max_size=40)


def play_step(play: Any, step: tuple[Any, ...], reports: list[tuple[str, str]]) -> None:
    """Do one thing to the city."""
    kind = step[0]
    if kind == "report":
        _, category, area, east_m, extra = step
        fields: dict[str, Any] = {}
        if extra == "self":
            fields["self_handled"] = True
        elif extra == ("minors",):
            fields["sensitive"] = ["minors"]
        elif extra:
            fields["areas"] = list(extra)
        report_id = play.report(category, area=area, east_m=east_m, **fields)
        reports.append((report_id, area or "desk"))
    elif kind == "update" and reports:
        report_id, area = reports[step[1] % len(reports)]
        callback = {"contacted": True, "solved": False} if step[2] == "callback" else None
        play.update(report_id, step[2], area=area, callback=callback)
    elif kind == "command" and play.incidents():
        ids = list(play.incidents())
        incident_id = ids[step[1] % len(ids)]
        arguments = arguments_for(play, incident_id, step[2], step[5])
        reply = order(play, incident_id, step[2], step[3], step[4], arguments)
        assert reply.outcome in ("applied", "conflict", "forbidden", "not_found", "rejected")
    elif kind == "finding":
        play.finding("W3", step[1], area=step[2], device=f"gauge-{step[2]}", severity=step[3])
    elif kind == "rain":
        play.rain(step[1], step[2])
    elif kind == "pass":
        play.at((play.now - BEGIN) / timedelta(minutes=1) + step[1])


def arguments_for(play: Any, incident_id: str, action: str, pick: int) -> dict[str, Any]:
    """Arguments that may be right: every required one, and each other one now and then."""
    units, ids = ("drains", "works", "police"), list(play.incidents())
    reports = [report.report_id for report in play.incidents()[incident_id].reports]
    values: dict[str, Any] = {
        "unit": units[pick % 3],
        "units": list(units[: 1 + pick % 3]),
        "area": ("A1", "A2", "A", "B", "B1")[pick % 5],
        "moment": (play.now + timedelta(minutes=(30, 600, 3_000)[pick % 3])).isoformat(),
        "text": "words",
        "number": 30.0 + pick / 1_000,
        "category": ("cover", "garbage", "gas", "orphan")[pick % 4],
        "report": (reports or ["calls/none"])[pick % max(1, len(reports))],
        "incident": ids[pick % len(ids)],
    }
    given: dict[str, Any] = {}
    for argument in ARGUMENTS.get(action, ()):
        if argument.required or pick % 2:
            one = values.get(argument.kind) or argument.choices[pick % len(argument.choices)]
            given[argument.name] = [one] if argument.many and not isinstance(one, list) else one
    return given


def order(
    play: Any, incident_id: str, action: str, area: str, role: str, arguments: dict[str, Any]
) -> Any:
    """A command with free arguments; answers its one reply."""
    from schemas.command import Command, CommandEvent, Subject
    from schemas.terms import Actor
    from streams import topics

    tier = play.policy.areas.tier_of(area)
    command_id = f"order-{next(play.numbers)}"
    data = Command(
        command_id=command_id,
        subject=Subject(kind="incident", id=incident_id),
        action=action,
        actor=Actor(id="x", role=role, tier=tier, area=area),
        reason="because",
        arguments=arguments,
    )
    event = CommandEvent(id=command_id, source="/desk", time=play.now, data=data)
    play.city.publish(topics.INBOXES[tier], area, event)
    play.city.run(play.now)
    (reply,) = play.replies(command_id)
    return reply


def check(play: Any, reports: list[tuple[str, str]]) -> None:
    """What must hold at any moment."""
    owners: Counter[str] = Counter()
    shadows: Counter[str] = Counter()
    for stage in ("street", "district", "city"):
        for key, case in play.cases(stage).items():
            incident = case["data"]
            identity = incident["incident_id"]
            if case.get("given_to") is None:
                owners[identity] += 1
                assert key == f"{incident['area']}/{identity}"
                assert incident["tier"] == stage
                published = play.incidents()[identity]
                assert (published.area, published.version) == (
                    incident["area"],
                    incident["version"],
                )
                assert published.state == incident["state"]
            else:
                shadows[identity] += 1
                assert not case.get("clocks")
    assert all(number == 1 for number in owners.values())
    assert set(shadows) <= set(play.incidents())
    for incident_id in play.incidents():
        versions = play.versions(incident_id)
        assert versions == sorted(versions)
        _check_audit(play, incident_id)
    where = Counter(
        report.report_id for incident in play.incidents().values() for report in incident.reports
    )
    assert where == Counter({report_id: 1 for report_id, _ in reports})
    assert play.chains_hold()
    for report_id, _ in reports:
        outcomes = [reply.outcome for reply in play.replies(report_id)]
        assert outcomes[0] in ("accepted", "merged", "answered")


def _check_audit(play: Any, incident_id: str) -> None:
    rows = {(row.action, state): row.to or state for row in lifecycle.TABLE for state in row.states}
    state = lifecycle.NEW
    for entry in play.audit(incident_id):
        assert entry.from_ == (None if state == lifecycle.NEW else state)
        assert rows[entry.action, state] == entry.to
        state = entry.to


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_any_order_of_events_keeps_the_invariants(
    make_play: Any, rules: Any, steps: list[tuple[Any, ...]]
) -> None:
    play = make_play(rules())
    reports: list[tuple[str, str]] = []
    for step in steps:
        play_step(play, step, reports)
    check(play, reports)
    assert play.dead() == []


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_everything_dies_in_the_end(
    make_play: Any, rules: Any, steps: list[tuple[Any, ...]]
) -> None:
    play = make_play(rules())
    reports: list[tuple[str, str]] = []
    for step in steps:
        play_step(play, step, reports)
    for area in STREETS:
        play.finding("W3", "cleared", area=area, device=f"gauge-{area}")
    for report_id, area in reports:
        play.update(report_id, "closed", area=area)
    play.at((play.now - BEGIN) / timedelta(minutes=1) + 60 * 24 * 95)
    for stage in ("street", "district", "city"):
        for namespace in (
            "incident",
            "member",
            "place",
            "command",
            "copy",
            "problem",
            "warning",
            "cause",
        ):
            assert play.city.entries(stage, namespace) == {}, (stage, namespace)


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 1 << 30))
def test_history_is_the_same_in_whatever_order_and_portions_it_arrives(
    make_play: Any, rules: Any, seed: int
) -> None:
    def replay(shuffle: random.Random | None) -> dict[str, Any]:
        play = make_play(rules(desk={"synthetic_acceptance": True}), mode="event")
        chance = random.Random(seed)
        rows = []
        for number in range(25):
            opened = BEGIN + timedelta(minutes=chance.randrange(0, 600))
            area = chance.choice(STREETS)
            kind = chance.choice(("cover", "garbage", "gas"))
            east_m = chance.choice((0, 40, 500))
            rows.append((opened, "report", number, area, kind, east_m))
            if chance.random() < 0.7:
                closed = opened + timedelta(minutes=chance.randrange(0, 400))
                rows.append((closed, "closed", number, area, kind, east_m))
        rows.sort(key=lambda row: (row[0], row[1] == "closed", row[2]))
        portions = [rows]
        if shuffle is not None:
            cut = shuffle.randrange(1, len(rows))
            while cut < len(rows) and rows[cut][0] == rows[cut - 1][0]:
                cut += 1
            portions = [rows[:cut], rows[cut:]]
        for number, portion in enumerate(portions):
            if shuffle is not None:
                shuffle.shuffle(portion)
            for at, what, row, area, kind, east_m in portion:
                name = f"row/{row}"
                if what == "report":
                    play.report(kind, area=area, name=name, at=at, east_m=east_m)
                else:
                    play.update(name, "closed", area=area, at=at)
            if number + 1 < len(portions):
                play.ticks(min(row[0] for row in portions[number + 1]))
                play.city.run()
        play.ticks(BEGIN + timedelta(days=3), final=True)
        play.city.run()
        assert play.dead() == []
        told: dict[str, Any] = {
            name: sorted(
                (key, message.model_dump_json(exclude={"id", "traceparent"}))
                for topic, key, message in play.said
                if topic == name
            )
            for name in ("audit", "street.alerts", "district.alerts", "city.alerts")
        }
        # Of incidents the topic keeps the present state, and a chunk says it once.
        told["incidents"] = {
            key: message.model_dump_json(exclude={"id", "traceparent"})
            for topic, key, message in play.said
            if topic == "incidents"
        }
        return told

    assert replay(None) == replay(random.Random(seed + 1))
