"""Whom an alert calls, hour by hour, and what a desk hears when time runs out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from agents.cli.policy import app
from streams.policy.check import mismatches
from streams.policy.rota import Officer, Roster
from tests.streams.incidents.play import RULES, Play, policy


def officer(name: str) -> dict[str, str]:
    return {"name": name, "line": name.lower()}


ROTA = [
    {
        "areas": ["street"],
        "handover": ["09:15", "21:15"],
        "begins": "2026-03-01",
        "crews": [[officer("A1"), officer("A2")], [officer("B1"), officer("B2")], [officer("C1")]],
        "deputy": officer("Chief"),
    },
    {
        "areas": ["A"],
        "handover": ["08:00"],
        "begins": "2026-01-01",
        "crews": [[officer("D1")]],
        "deputy": officer("Director"),
    },
]


@pytest.fixture
def play() -> Play:
    return Play(policy(rota=ROTA))


def calls(play: Play, tier: str) -> list[tuple[float, str, str | None]]:
    """(minute, colour, who is called) of each alert that was not a closing."""
    begin = play.heard("audit")[0].at
    return [
        ((alert.changed_at - begin) / timedelta(minutes=1), alert.colour, alert.call)
        for alert in play.heard(f"{tier}.alerts")
        if alert.state != "closed"
    ]


def test_the_rota_is_called_through_and_then_the_tier_above(play: Play) -> None:
    # 09:00: the night's crew is on duty; at 09:15 it hands over to the next.
    play.report("water", severity="IV", urgency="urgent")
    play.at(20)
    # The reminder calls the second officer; the crew of 09:15 has one only: then the deputy.
    assert calls(play, "street") == [(10, "blue", "B2 b2"), (15, "yellow", "Chief chief")]
    assert calls(play, "district") == [(20, "red", "D1 d1")]
    assert play.incident().escalations[-1].reason == "not acknowledged within 20 min"


def test_a_desk_without_a_rota_calls_nobody_by_name(play: Play) -> None:
    play.report("water", area="B1", severity="III")
    assert calls(play, "district") == [(0, "yellow", None)]


@pytest.mark.parametrize(
    ("at", "first"),
    [
        ("2026-03-01T09:14", "C1"),
        ("2026-03-01T09:15", "A1"),
        ("2026-03-01T21:15", "B1"),
        ("2026-03-02T09:15", "C1"),
        ("2026-03-03T00:00", "A1"),
        ("2026-02-28T21:15", "C1"),
    ],
)
def test_a_crew_is_on_duty_from_its_handover(at: str, first: str) -> None:
    roster = Roster.model_validate(ROTA[0])
    officers = roster.on_duty(datetime.fromisoformat(at))
    assert officers[0].name.en == first
    assert officers[-1].name.en == "Chief"


def test_a_rota_that_names_nobodys_desk_or_one_twice_is_refused() -> None:
    rules = policy(rota=[*ROTA, {**ROTA[1], "areas": ["A", "Atlantis"]}])
    assert [(m.where, m.got) for m in mismatches(rules) if m.where[0] == "rota"] == [
        (("rota", 2, "areas", 0), "'A' again"),
        (("rota", 2, "areas", 1), "the area 'Atlantis'"),
    ]


def test_handovers_are_in_order_and_quoted() -> None:
    crew = ((Officer.model_validate(officer("A")),),)
    for wrong in ([time(9), time(8)], [510]):
        with pytest.raises(ValueError, match="wanted"):
            Roster.model_validate(
                {
                    "areas": ["A"],
                    "handover": wrong,
                    "begins": date(2026, 1, 1),
                    "crews": crew,
                    "deputy": crew[0][0],
                }
            )


def test_the_shipped_rota_is_told_by_a_command() -> None:
    told = CliRunner().invoke(
        app, ["duty", "990101001", "--at", "2026-03-02 03:00", "--lang", "en", "--json"]
    )
    names = [each["name"] for each in orjson.loads(told.output)["calls"]]
    assert names == ["Street crew 3 officer", "Street crew 3 reserve", "Street leader on duty"]
    assert CliRunner().invoke(app, ["duty", "nowhere"]).exit_code == 1


# -- one episode when time runs out -----------------------------------------------


def test_a_desk_called_for_want_of_time_hears_of_it_in_one_episode(make_play: Any) -> None:
    steps = [[70, "blue", False], [100, "red", True], [120, "red", False], [150, "red2", True]]
    play: Play = make_play(policy(supervision=steps, desk={"synthetic_acceptance": True}))
    play.report("cover")
    play.at(150)
    assert play.incident().tier == "district"
    # Its own episode says E2 from the lift on, and is raised where the limit runs on.
    alerts = play.alerts("district")
    assert [(a.trigger.id, a.colour, a.revision) for a in alerts.values()] == [("E2", "red", 2)]
    assert "120" in next(iter(alerts.values())).title
    given = [a.state for a in play.heard("street.alerts")]
    assert given == ["opened", "closed"]
    assert [a.trigger.id for a in play.heard("street.alerts")] == ["deadline", "deadline"]


def test_a_colour_below_the_one_that_called_the_desk_says_nothing_new(make_play: Any) -> None:
    play: Play = make_play(policy(limits={**RULES["limits"], "water": "1 urgent_hour"}))
    play.report("water", severity="IV", urgency="urgent")
    play.at(55)  # nobody acknowledged at 20 and 40; 70 and 90 % of the limit come after
    assert play.lit("city") == [("E2", "blue"), ("E2", "red")]
    assert [a.trigger.id for a in play.heard("city.alerts")] == ["E2", "E2"]


# -- a new policy -------------------------------------------------------------------


def test_running_deadlines_stay_when_a_worker_starts_under_another_policy() -> None:
    before = Play(policy(paces=RULES["paces"]))
    before.report("garbage")  # four office hours
    before.report("water", area="A2", severity="IV", urgency="urgent")
    due = {i.incident_id: i.due_at for i in before.incidents().values()}
    slow = [
        {**row, "acknowledge": "900 minute", "unacknowledged": "2000 minute"}
        for row in RULES["paces"]
        if row["severity"] != ["I", "II"]
    ]
    after = Play(
        policy(
            version="example@2",
            paces=[RULES["paces"][0], *slow],
            limits={},
            calendar={**RULES["calendar"], "office_hours": [["10:00", "11:00"]]},
        )
    )
    for stage in ("street", "district", "city"):
        for old, new in zip(before.city.lanes[stage], after.city.lanes[stage], strict=True):
            for key, value in old.partition.base.items():
                new.partition.load(key, value)
            new.partition.loaded()
    after.at(20)
    water = after.incident()
    assert (water.tier, water.due_at) == ("district", due[water.incident_id])
    assert water.policy_version == "example@1"
    after.at(167)
    assert ("deadline", "blue") not in after.lit("street")
    after.at(168)  # 70 % of four office hours by the calendar it began under
    assert ("deadline", "blue") in after.lit("street")
    after.at(300)
    garbage = next(i for i in after.incidents().values() if i.area[0] == "A" and i != water)
    assert garbage.due_at == due[garbage.incident_id]
    assert after.audit(garbage.incident_id)[-1].policy_version == "example@2"
