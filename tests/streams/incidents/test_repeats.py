"""Again at the same place (W8), and complained of by several people (W9)."""

from __future__ import annotations

from typing import Any

from tests.streams.incidents.play import BEGIN


def _told(play: Any, tier: str, trigger: str) -> list[tuple[str, str, float]]:
    return [
        (event.data.state, event.data.colour, event.data.observed)
        for kind, _, event in play.said
        if kind == f"{tier}.alerts" and event.data.trigger.id == trigger
    ]


def _again(play: Any, times: int) -> None:
    """The same kind at the same place, each settled before the next."""
    for _ in range(times):
        report_id = play.report("water", east_m=0)
        play.update(report_id, "closed")
        play.at((play.now - BEGIN).total_seconds() / 60 + 600)


def test_the_third_warns_the_street_and_the_fifth_the_district(play: Any) -> None:
    _again(play, 3)
    assert _told(play, "street", "W8") == [("opened", "blue", 3.0)]
    assert _told(play, "district", "W8") == []
    _again(play, 2)
    assert _told(play, "street", "W8")[1:] == [("revised", "blue", 4.0), ("raised", "yellow", 5.0)]
    assert _told(play, "district", "W8") == [("opened", "yellow", 5.0)]


def test_a_quiet_month_ends_it_at_both_tiers(play: Any) -> None:
    _again(play, 5)
    play.at(60 * 24 * 40)
    assert _told(play, "street", "W8")[-1] == ("closed", "yellow", 5.0)
    assert _told(play, "district", "W8")[-1][0] == "closed"


def test_three_complaints_of_one_open_case_warn_its_owner_and_the_tier_above(play: Any) -> None:
    play.report("water")
    play.report("water", east_m=5)
    assert _told(play, "street", "W9") == []
    play.report("water", east_m=10)
    assert _told(play, "street", "W9") == [("opened", "yellow", 3.0)]
    assert _told(play, "district", "W9") == [("opened", "yellow", 3.0)]
    play.report("water", east_m=10)
    assert len(_told(play, "street", "W9")) == 1, "the fourth says nothing new"
    play.command(play.incident().incident_id, "resolve", role="unit")
    play.command(play.incident().incident_id, "close")
    assert _told(play, "street", "W9")[-1][0] == "closed"


def test_those_who_were_answered_do_not_count(play: Any) -> None:
    names = [play.report("water", east_m=5 * n) for n in range(2)]
    play.update(names[0], "closed")
    play.report("water", east_m=10)
    assert _told(play, "street", "W9") == []
