"""CloudEvents 1.0, structured JSON: the envelope around every message.

``type`` is the discriminator: a message class fixes it as a literal, so that one
pydantic pass reads envelope and data together.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Body(BaseModel):
    """Base of everything inside ``data``.

    Unknown fields are ignored: within a major version only optional fields are added,
    so an older reader must accept what a newer writer says. A stage changes the bodies it
    keeps ten thousand times a second, so fields are set without pydantic's ceremony.
    """

    model_config = ConfigDict(
        extra="ignore", frozen=False, allow_inf_nan=False, str_strip_whitespace=False
    )
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__  # pydantic's own would put setting back on the long way


class Envelope(BaseModel):
    """Attributes every message carries, in the words of CloudEvents 1.0.

    Attributes:
        id: unique with ``source``; deterministic, so a repeat of the same cause has the same id.
        source: who says it, a URI reference (``/street/510108001``, ``/apps/12345``).
        subject: what it is about (an incident, report, device or area).
        time: when it happened, event time, with offset.
        recordedtime: when this system first wrote it down, real time (extension).
        traceparent: W3C trace context, carried across topics (extension).
    """

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=400)
    source: str = Field(min_length=1, max_length=400)
    subject: str | None = Field(default=None, max_length=400)
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    traceparent: str | None = Field(default=None, max_length=64)
    recordedtime: AwareDatetime | None = None
