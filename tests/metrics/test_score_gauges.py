"""The scoreboard's gauges: what is known is shown with its interval, what is not is absent."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from agents.metrics import Bounded
from agents.score_gauges import ScoreGauges
from schemas.codec import encode
from streams.program import Output
from streams.topics import SCOREBOARD
from streams.warning.scoreboard import line
from tests.cli.test_scoreboard import scored


def shown(gauges: ScoreGauges, registry: CollectorRegistry, event: object) -> str:
    gauges.show(Output(SCOREBOARD, "9901", event))  # type: ignore[arg-type]
    return generate_latest(registry).decode()


def test_what_becomes_unknown_vanishes_instead_of_showing_zero() -> None:
    registry = CollectorRegistry()
    gauges = ScoreGauges(registry, Bounded())
    known = shown(gauges, registry, scored("9901"))
    here = 'area="9901",bound="{}",figure="precision",tier="city"'
    assert f"chengyun_scoreboard_share{{{here.format('value')}}} 0.8" in known
    assert here.format("low") in known
    few = scored("9901", lines={"*": line({"reported": 3, "preceded": 3}, "city", 10)})
    text = shown(gauges, registry, encode(few))
    assert 'figure="preceded",tier="city"} 3.0' in text, "of how many"
    assert "chengyun_scoreboard_share{" not in text, "three of three is not 100 %"
    assert "chengyun_scoreboard_lead_seconds{" not in text


def test_areas_are_bounded_and_streets_are_left_to_the_topic() -> None:
    registry = CollectorRegistry()
    gauges = ScoreGauges(registry, Bounded(1))
    shown(gauges, registry, scored("990101"))
    text = shown(gauges, registry, scored("990102"))
    assert 'area="other"' in text
    assert 'area="990102"' not in text
    street = scored("990101")
    street.data.tier = "street"
    street.data.area = "990101001"
    assert "990101001" not in shown(gauges, registry, street)
