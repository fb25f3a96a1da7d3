"""What it costs to know each device's own past: sensing with every property on one profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streams.sensing
from streams.policy import Policy
from streams.policy.sensors import ProfileName
from streams.program import Program
from streams.warning.sensors.watch import WATCHED

PROFILES: tuple[ProfileName, ...] = ("compact", "full")
GOALS = {"sensing, all on compact": "≥ 25,000"}
MOST_BYTES: dict[ProfileName, int] = {"compact": 450, "full": 9_000}
"""What may be remembered of one property of a device."""


_DUE_BYTES = 8
"""Every entry begins with when it is due."""


def with_profile(policy: Policy, profile: ProfileName) -> Policy:
    """The policy with the past of every property of every device watched on one profile."""
    devices = {
        kind: device.model_copy(
            update={
                "properties": {
                    name: measured.model_copy(update={"profile": profile})
                    for name, measured in device.properties.items()
                }
            }
        )
        for kind, device in policy.devices.items()
    }
    return policy.model_copy(update={"devices": devices})


def works(policy: Policy) -> list[tuple[str, Callable[[], Program], ProfileName]]:
    """Name, how to begin, and profile of each row."""

    def begin(watched: Policy) -> Callable[[], Program]:
        return lambda: streams.sensing.program(watched)

    return [
        (f"sensing, all on {profile}", begin(with_profile(policy, profile)), profile)
        for profile in PROFILES
    ]


def bytes_each(entries: Mapping[bytes, bytes]) -> list[int]:
    """Bytes that a lane of sensing remembers of each watched property, its key left out."""
    head = WATCHED.name.encode()
    return [
        len(value) - _DUE_BYTES
        for key, value in entries.items()
        if key.partition(b"/")[0][1:] == head
    ]
