"""A desk in a flood is called once, planned work calls nobody, and nothing is dropped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.command import Silence, SilenceEvent
from schemas.terms import Actor
from streams.topics import STREET_INBOX


def _alerts(play: Any) -> list[Any]:
    return [alert for kind, _, alert in play.said if kind == "street.alerts"]


def _calls(play: Any) -> list[Any]:
    """What really called the street's desk."""
    return [
        event.data
        for event in _alerts(play)
        if event.data.state in ("opened", "raised")
        and event.data.grouped_by is None
        and event.data.silenced_by is None
    ]


def _silence(play: Any, **fields: Any) -> str:
    actor = Actor(id="water", role="operator", tier="street", area="A1")
    data = Silence.model_validate(
        {
            "silence_id": "works/1",
            "owner": actor,
            "reason": "pump test",
            "area": "A1",
            "starts_at": play.now,
            "ends_at": play.now + timedelta(hours=2),
            **fields,
        }
    )
    event = SilenceEvent(id="works/1", source="/operators/water", time=play.now, data=data)
    play._publish(STREET_INBOX, "A1", event, run=True)
    replies = [
        reply.data for kind, key, reply in play.said if kind == "replies" and key == "works/1"
    ]
    return f"{replies[-1].outcome} {replies[-1].reason.code if replies[-1].reason else ''}".strip()


def test_many_findings_at_once_are_one_flood_and_the_desk_is_called_ten_times_at_most(
    play: Any,
) -> None:
    for number in range(30):
        play.finding("W3", device=f"gauge-{number}", east_m=2_000.0 * number)
    assert len(_calls(play)) == 8
    opened = [event.data for event in _alerts(play) if event.data.trigger.id == "flood"]
    last = opened[-1]
    assert (last.state, last.area) == ("revised", "A1")
    assert [(g.trigger, g.area) for g in last.groups] == [("W3", "A1")]
    taken = [e.data for e in _alerts(play) if e.data.grouped_by == last.alert_id]
    assert len(taken) == 23, "every alert is published, those in the flood say so"
    play.at(60)
    ended = [event.data for event in _alerts(play) if event.data.alert_id == last.alert_id][-1]
    assert ended.state == "closed"
    assert ended.evidence_count == sum(group.count for group in ended.groups) == 23


def test_planned_work_is_silent_but_hard_limits_never(play: Any) -> None:
    assert _silence(play, trigger="W5") == "applied"
    play.finding("W5", device="gauge-1")
    play.finding("W5", "raised", device="gauge-1", colour="red", severity="III", observed=40)
    held = [e.data for e in _alerts(play) if e.data.silenced_by == "works/1"]
    assert [(a.trigger.id, a.state) for a in held] == [("W5", "opened")]
    assert [a.colour for a in _calls(play) if a.trigger.id == "W5"] == ["red"]


def test_a_silence_that_is_over_is_refused_with_a_reason(play: Any) -> None:
    assert _silence(play, ends_at=play.now - timedelta(1)) == "rejected silence_over"
    assert _silence(play, area="A2") == "rejected not_your_area"
