"""How far time has come: watermarks between stages, and the weather bureau's signals."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Body, Envelope
from schemas.terms import Colour


class Tick(Body):
    """A lane upstream promises: nothing before ``watermark`` will come from me any more.

    Attributes:
        stage, partition: the lane that speaks (``feed`` for a replayer or gateway).
        of: how many lanes that stage has; time passes when all have spoken.
        watermark: event time, exclusive.
        final: the source has ended; no later tick will follow.
    """

    stage: str
    partition: int = Field(ge=0)
    of: int = Field(ge=1)
    watermark: AwareDatetime
    final: bool = False


class WeatherSignal(Body):
    """A warning signal of the weather bureau, CAP-shaped (W4).

    ``identifier`` names the message, ``references`` the ones it updates or cancels.
    """

    identifier: str
    msg_type: Literal["Alert", "Update", "Cancel"]
    event: str
    colour: Colour
    areas: list[str] = Field(min_length=1)
    onset: AwareDatetime
    expires: AwareDatetime | None = None
    headline: str = ""
    instruction: str | None = None
    references: list[str] = Field(default_factory=list)


class TickEvent(Envelope):
    """A tick on its way to every lane downstream."""

    type: Literal["cn.chengyun.tick.v1"] = "cn.chengyun.tick.v1"
    data: Tick


class WeatherSignalEvent(Envelope):
    """A weather signal on its way to the city."""

    type: Literal["cn.chengyun.weather-signal.v1"] = "cn.chengyun.weather-signal.v1"
    data: WeatherSignal
