"""An order that meets the case on its way still reaches it, and is followed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.command import Command, CommandEvent, Subject
from schemas.terms import Actor
from streams import topics
from tests.streams.incidents.play import BEGIN


def test_an_order_that_crosses_the_hand_off_is_followed_by_the_new_owner(
    make_play: Any, rules: Any
) -> None:
    play = make_play(rules(), mode="event")
    play.report("gas", at=BEGIN)
    play.ticks(BEGIN + timedelta(minutes=1))
    play.city.run()
    born = play.incident().incident_id

    history = make_play(rules(), mode="event")
    history.report("gas", at=BEGIN)
    order = CommandEvent(
        id="order-1",
        source="/desk",
        subject=born,
        time=BEGIN + timedelta(seconds=30),
        data=Command(
            command_id="order-1",
            subject=Subject(kind="incident", id=born),
            action="acknowledge",
            actor=Actor(id="wang", role="operator", tier="district", area="A"),
        ),
    )
    # The district has the order before it hears of the case, which is on its way up.
    history.city.publish(topics.DISTRICT_INBOX, "A", order)
    history.ticks(BEGIN + timedelta(minutes=1))
    history.city.run()
    (reply,) = history.replies("order-1")
    assert reply.outcome == "applied"
    assert history.incident().acknowledged_at is not None
    assert history.actions(born).count("acknowledge") == 1
    assert history.dead() == []

    history.city.publish(topics.DISTRICT_INBOX, "A", order)
    history.city.run()
    assert [each.outcome for each in history.replies("order-1")] == ["applied", "applied"]
    assert history.actions(born).count("acknowledge") == 1
