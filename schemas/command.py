"""What operators order, and who is at the desk."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from schemas.envelope import Body, Envelope
from schemas.terms import Actor

Action = Literal[
    "acknowledge",
    "accept",
    "start",
    "return",
    "resolve",
    "check",
    "check_failed",
    "close",
    "reopen",
    "verify",
    "register",
    "reject",
    "dispatch",
    "redispatch",
    "request",
    "refuse",
    "suspend",
    "resume",
    "extend",
    "stage",
    "appeal",
    "decide_appeal",
    "escalate",
    "delegate",
    "hand_back",
    "supervise",
    "remind",
    "assist",
    "whistle",
    "report",
    "feedback",
    "release",
    "consult",
    "conclude",
    "regrade",
    "mark",
    "correct_category",
    "correct_place",
    "inform",
    "split",
    "link",
    "unlink",
    "withdraw",
    "confirm",
    "dismiss",
    "measure",
    "review",
]


class Subject(Body):
    """What a command is about."""

    kind: Literal["incident", "alert", "problem", "desk"]
    id: str = Field(min_length=1, max_length=400)


class Command(Body):
    """One order of one operator.

    Attributes:
        command_id: chosen by the sender; a repeat changes nothing and gets the same reply.
        expected_version: the version the operator saw; an older one is refused as a conflict.
        reason: mandatory where the transition table says so.
        arguments: what the action needs beyond the subject (``{"unit": …}``, ``{"area": …}``).
        hops: how often tiers have passed it on; at most six.
        noted_at: when the tier that passed it on had noted it on its shadow of the case: the
            moment of a crew's word, however long it took to reach the owner.
    """

    command_id: str = Field(min_length=1, max_length=200)
    subject: Subject
    action: Action
    actor: Actor
    expected_version: int | None = Field(default=None, ge=1)
    reason: str | None = Field(default=None, max_length=4_000)
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    hops: int = Field(default=0, ge=0, le=6)
    noted_at: AwareDatetime | None = None


class Silence(Body):
    """Planned work: alerts that match are recorded but do not call anybody.

    Every silence has an owner and an end; hard limits and red are never silenced.
    """

    silence_id: str = Field(min_length=1, max_length=200)
    owner: Actor
    reason: str = Field(min_length=1, max_length=4_000)
    area: str
    trigger: str | None = None
    subject: str | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class DeskEvent(Body):
    """An operator comes on or goes off duty at a desk."""

    actor: Actor
    duty: Literal["on", "off"]
    at: AwareDatetime


class CommandEvent(Envelope):
    """A command on its way to the inbox of the operator's area."""

    type: Literal["cn.chengyun.command.v1"] = "cn.chengyun.command.v1"
    data: Command


class SilenceEvent(Envelope):
    """A silence on its way to the inbox of its area."""

    type: Literal["cn.chengyun.silence.v1"] = "cn.chengyun.silence.v1"
    data: Silence


class DeskEventEvent(Envelope):
    """A change of duty on its way to the inbox of the desk's area."""

    type: Literal["cn.chengyun.desk-event.v1"] = "cn.chengyun.desk-event.v1"
    data: DeskEvent
