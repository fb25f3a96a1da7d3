"""Devices: W1 to W5 become cases and alerts; W6 joins witnesses."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("trigger", ["W1", "W2", "W3", "W5"])
def test_a_finding_opens_a_case_and_an_alert_of_its_trigger(play: Any, trigger: str) -> None:
    finding_id = play.finding(trigger)
    incident = play.incident()
    assert (incident.findings, incident.severity, incident.unit) == ([finding_id], "IV", "works")
    (alert,) = play.alerts("street").values()
    assert (alert.trigger.id, alert.scale, alert.colour, alert.state) == (
        trigger,
        "warning",
        "yellow",
        "opened",
    )
    assert (alert.observed, alert.threshold, alert.evidence) == (12.0, 10.0, ["gauge-1/1"])
    assert alert.incident_id == incident.incident_id
    assert alert.expires_at is not None


def test_a_higher_step_raises_the_alert_and_the_case_and_calls_the_district(play: Any) -> None:
    play.finding("W3")
    play.at(5)
    play.finding("W3", "raised", colour="orange", severity="III", observed=26)
    incident = play.incident()
    assert (incident.severity, incident.tier) == ("III", "district")
    assert [entry.rule for entry in play.audit(incident.incident_id)][-3:] == [
        "W3",
        "E1",
        None,
    ]
    warning = [a for a in play.alerts("street").values() if a.scale == "warning"]
    assert [(a.colour, a.state, a.revision) for a in warning] == [("orange", "raised", 2)]
    play.at(20)
    play.finding("W3", "raised", colour="red", severity="II", observed=60)
    assert play.incident().tier == "city"


def test_a_cleared_finding_closes_its_alert_and_a_case_without_reports(play: Any) -> None:
    play.finding("W3")
    play.at(10)
    play.finding("W3", "cleared", observed=1)
    assert play.incident().state == "resolved"
    assert play.lit("street") == []
    play.at(41)
    assert play.incident().state == "closed"


def test_a_case_with_open_reports_outlives_its_finding_and_the_other_way_round(play: Any) -> None:
    play.finding("W3")
    report_id = play.report("water")
    play.update(report_id, "closed")
    assert play.incident().state == "dispatched"
    reply = play.command(play.incident().incident_id, "resolve", role="unit")
    assert reply.outcome == "applied"
    reply = play.command(play.incident().incident_id, "close")
    assert (reply.outcome, reply.reason.code) == ("conflict", "still_alarming")
    play.at(200)  # it does not close by itself either
    assert play.incident().state == "resolved"
    play.finding("W3", "cleared")
    assert play.command(play.incident().incident_id, "close").outcome == "applied"


def test_a_finding_that_clears_after_its_case_was_forgotten_is_no_news(play: Any) -> None:
    play.finding("W3", "cleared")
    assert play.said == []


def test_news_of_a_finding_reach_the_owner_above(play: Any) -> None:
    play.finding("W3", severity="III")
    assert play.incident().tier == "district"
    play.finding("W3", "raised", colour="red", severity="II", observed=60)
    incident = play.incident()
    assert (incident.severity, incident.tier) == ("II", "city")
    play.finding("W3", "cleared")
    assert play.incident().state == "resolved"
    assert [a for a in play.lit("street") if a[0] == "W3"] == []


# -- W6 ------------------------------------------------------------------------


def test_w6_a_device_and_two_calls_raise_one_level(play: Any) -> None:
    play.finding("W1", kind="cover", device="cover-7", colour="blue", severity="V")
    play.report("cover", east_m=10)
    assert play.incident().severity == "V"
    play.report("cover", east_m=45)
    incident = play.incident()
    assert (incident.severity, incident.urgency, incident.tier) == ("IV", "urgent", "street")
    assert incident.report_count == 2
    witnessed = [a for a in play.alerts("street").values() if a.trigger.id == "W6"]
    assert [(a.observed, a.threshold) for a in witnessed] == [(2.0, 2.0)]
    play.report("cover")
    assert play.incident().severity == "IV"


def test_w6_calls_first_then_the_device(play: Any) -> None:
    play.report("cover")
    play.report("cover")
    play.finding("W1", kind="cover", device="cover-7", severity="V")
    assert play.incident().severity == "IV"


def test_w6_calls_that_are_too_far_away_confirm_nothing(make_play: Any, rules: Any) -> None:
    wide = {"default": {"radius_m": 200, "within_s": 86400, "recurrence_radius_m": 50}}
    play = make_play(rules(merging=wide))
    play.finding("W1", kind="cover", device="cover-7", severity="V")
    play.report("cover", east_m=60)
    play.report("cover", east_m=80)
    assert (play.incident().report_count, play.incident().severity) == (2, "V")


@pytest.mark.parametrize(
    ("colour", "trigger", "water", "after_min", "severity"),
    [
        ("orange", "W3", "yellow", 20, "III"),
        ("red", "W3", "red", 20, "III"),
        ("yellow", "W3", "yellow", 20, "IV"),  # too little rain
        ("orange", "W3", "blue", 20, "IV"),  # too little water
        ("orange", "W3", "yellow", 40, "IV"),  # too long after
        ("orange", "W5", "yellow", 55, "III"),  # a rise while the rain goes on
    ],
)
def test_w6_rain_and_water_raise_one_level(
    play: Any, colour: str, trigger: str, water: str, after_min: int, severity: str
) -> None:
    play.rain(colour)
    play.at(after_min)
    play.finding(trigger, colour=water)
    incident = play.incident()
    assert incident.severity == severity
    assert incident.tier == ("district" if severity == "III" else "street")


# -- W4 ------------------------------------------------------------------------


def test_w4_rain_alerts_every_tier_in_the_warned_area(play: Any) -> None:
    play.rain("orange", areas=["A"])
    assert play.lit("city") == [("W4", "orange")]
    assert [a.area for a in play.alerts("district").values()] == ["A"]
    assert sorted(a.area for a in play.alerts("street").values()) == ["A1", "A2", "A3"]
    alert = next(iter(play.alerts("street").values()))
    assert (alert.tier, alert.scale, alert.suggested_action) == ("street", "warning", "pumps")


def test_w4_a_single_street_is_warned_through_its_district(play: Any) -> None:
    play.rain("orange", areas=["B1"])
    assert [a.area for a in play.alerts("district").values()] == ["B"]
    assert [a.area for a in play.alerts("street").values()] == ["B1"]


def test_w4_a_change_of_colour_revises_the_same_alert_and_a_cancel_closes_it(play: Any) -> None:
    play.rain("orange")
    play.at(60)
    play.rain("red", "Update")
    assert play.lit("city") == [("W4", "red")]
    assert len(play.alerts("city")) == 1
    assert play.lit("street") == [("W4", "red")] * 5
    assert {a.state for a in play.alerts("street").values()} == {"raised"}
    play.at(120)
    play.rain("red", "Cancel")
    assert play.lit("city") == play.lit("district") == play.lit("street") == []
    assert play.city.entries("street", "warning") == {}


def test_w4_an_expired_signal_closes_at_every_desk_by_itself(play: Any) -> None:
    play.rain("orange")
    play.at(60 * 24 + 1)
    assert play.lit("city") == play.lit("district") == play.lit("street") == []


def test_w4_light_rain_is_told_to_the_city_alone(play: Any) -> None:
    play.rain("blue")
    assert play.lit("city") == [("W4", "blue")]
    assert play.alerts("district") == {}


def test_w4_a_signal_for_elsewhere_is_set_aside(play: Any) -> None:
    play.rain("red", areas=["elsewhere"])
    assert play.dead() == ["unknown_area"]


def test_a_caller_alone_does_not_make_a_devices_case_as_grave_as_its_kind(play: Any) -> None:
    play.finding("W3", severity="V", colour="blue")
    play.report("water")  # Ⅳ by its kind
    assert play.incident().severity == "V"
    play.finding("W3", "cleared")  # nobody waits for W6 any more
    assert (play.incident().severity, play.incident().state) == ("IV", "dispatched")


def test_a_caller_who_says_more_than_the_kind_is_heard_beside_a_device(play: Any) -> None:
    play.finding("W3", severity="V", colour="blue")
    play.report("water", severity="III")
    assert (play.incident().severity, play.incident().tier) == ("III", "district")
