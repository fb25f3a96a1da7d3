"""Days in the life of the shipped city, through all five stages, to the minute.

A cover is missing; it rains; gas leaks. Readings and calls go in at the entry, operators
order, time passes; what the desks see is compared with the script.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agents import policy_files

STREET, DISTRICT, CITY = "990101001", "990101", "9901"
METRE = 1 / 111_195


@pytest.fixture
def day(make_play: Any) -> Any:
    """The shipped city on a Monday at nine."""
    play = make_play(policy_files.load(None), whole=True)
    yield play
    assert play.chains_hold()
    assert play.dead() == []


def spot(play: Any, street: str = STREET, north_m: float = 0) -> tuple[float, float]:
    """A point in a street."""
    lat, lon = play.policy.areas.centre(street)
    return lat + north_m * METRE, lon


def test_a_a_sewage_cover_is_missing(day: Any) -> None:
    where = spot(day)

    def tilt(degrees: float) -> None:
        day.reading("tilt-7", "manhole_tilt", "tilt", "deg", degrees, STREET, *where)

    tilt(1)
    day.at(0.9)
    tilt(40)
    day.at(1)
    tilt(40)  # held: W1
    incident = day.incident()
    assert (incident.severity, incident.tier, incident.area) == ("V", "street", STREET)
    opened = incident.opened_at
    assert ("W1", "yellow") in day.lit("street")
    # Two calls within fifty metres: one case, and the second witness makes it urgent (W6).
    first = day.call("100102", STREET, *spot(day, north_m=20))
    assert day.incident().severity == "V"
    day.at(3)
    second = day.call("100102", STREET, *spot(day, north_m=-25))
    incident = day.incident()
    assert [report.report_id for report in incident.reports] == [first, second]
    assert (incident.severity, incident.urgency, incident.tier) == ("IV", "urgent", "street")
    assert "W6" in [trigger for trigger, _ in day.lit("street")]
    assert incident.due_at == opened + timedelta(hours=2)
    # The unit says that it is not theirs; so does the next; the district names an owner (E5).
    identity = incident.incident_id
    day.at(5)
    day.command(identity, "acknowledge", area=STREET)
    day.at(11)
    day.command(identity, "return", area=STREET, role="unit", reason="not our cover")
    day.command(identity, "redispatch", area=STREET, unit="water-supply")
    day.at(20)
    day.command(identity, "return", area=STREET, role="unit", reason="not ours either")
    incident = day.incident()
    assert (incident.tier, incident.escalations[-1].rule) == ("district", "E5")
    assert incident.due_at == opened + timedelta(hours=2)  # returns never restart the limit
    assert day.command(identity, "redispatch", area=DISTRICT, unit="drainage").outcome == "applied"
    day.at(25)
    assert day.command(identity, "accept", area=DISTRICT, role="unit").outcome == "applied"
    # 70 % of two hours: blue at T + 84 minutes.
    day.at(84.5)
    assert ("deadline", "blue") not in day.lit("district")
    day.at(85)
    assert ("deadline", "blue") in day.lit("district")
    # Fixed at T + 100: the clock stops when the unit confirms.
    day.at(101)
    tilt(2)
    day.command(identity, "resolve", area=DISTRICT, role="unit")
    assert day.incident().state == "resolved"
    assert not day.incident().overdue
    day.at(110)
    for minute in (111, 112, 113):
        day.at(minute)
        tilt(1)
    assert day.command(identity, "close", area=DISTRICT).outcome == "applied"
    assert [reply.outcome for reply in day.replies(first)][-1] == "answered"
    assert [reply.outcome for reply in day.replies(second)][-1] == "answered"
    assert day.cases("city") == {}  # the city sees counters only


def test_b_rain_and_water_on_the_road(day: Any) -> None:
    where = spot(day)

    def depth(centimetres: float) -> None:
        day.reading("gauge-1", "road_water", "depth", "cm", centimetres, STREET, *where)

    day.rain("orange", event="rainstorm")
    assert day.lit("city") == [("W4", "orange")]
    assert len(day.lit("district")) == 20
    assert day.lit("street").count(("W4", "orange")) == 261
    for minute, centimetres in ((30, 0.0), (40, 12.0)):
        day.at(minute)
        depth(centimetres)
    incident = day.incident()
    # The underpass stands 12 cm deep: yellow, the street's, Ⅳ urgent; and it rose too fast,
    # while orange rain is in force: one level up, the district owns (W5, W6, E1).
    assert incident.severity == "III"
    assert (incident.tier, incident.area) == ("district", DISTRICT)
    assert {"W3", "W5"} <= {a.trigger.id for a in day.alerts("street").values()}
    assert ("E1", "yellow") in day.lit("city")
    day.at(70)
    day.rain("red", "Update", event="rainstorm")
    assert ("W4", "red") in day.lit("city")
    # Water gone, signal cancelled: alerts close.
    for minute in (100, 105, 115, 125, 135, 145):
        day.at(minute)
        depth(0.0)
    day.rain("red", "Cancel", event="rainstorm")
    assert [trigger for trigger, _ in day.lit("street")] == []
    assert "W4" not in [trigger for trigger, _ in day.lit("city") + day.lit("district")]
    assert day.incident().state == "resolved"


def test_c_gas_beside_a_pipe(day: Any) -> None:
    where = spot(day)

    def lel(percent: float) -> None:
        day.reading("probe-3", "gas_pipe_probe", "lel", "%", percent, STREET, *where)

    lel(2)
    day.at(1)
    lel(26)
    incident = day.incident()
    assert (incident.severity, incident.tier, incident.area) == ("III", "district", DISTRICT)
    assert ("W2", "yellow") in day.lit("street")
    assert ("E1", "yellow") in day.lit("district")
    assert ("E1", "yellow") in day.lit("city")  # copied
    identity = incident.incident_id
    day.at(3)
    assert day.command(identity, "acknowledge", area=DISTRICT).outcome == "applied"
    day.at(10)
    lel(55)
    incident = day.incident()
    assert (incident.severity, incident.tier, incident.area) == ("II", "city", CITY)
    assert ("W2", "orange") in day.lit("street")
    assert day.command(identity, "acknowledge", area=CITY).outcome == "applied"
    # The crew of the street confirms; with the probe still alarming nobody may close.
    day.at(30)
    reply = day.command(identity, "resolve", area=STREET, role="unit")
    assert reply.outcome == "applied"
    reply = day.command(identity, "close", area=CITY)
    assert (reply.outcome, reply.reason.code) == ("conflict", "still_alarming")
    for minute in (40, 55, 75):
        day.at(minute)
        lel(1)
    assert day.command(identity, "close", area=CITY).outcome == "applied"
    assert day.lit("street") == day.lit("district") == day.lit("city") == []
    alerts = [a.model_dump_json() for tier in ("street", "city") for a in day.alerts(tier).values()]
    assert not any("phone" in alert for alert in alerts)
