"""From a measured value to the reading of a device."""

from __future__ import annotations

from typing import Any

from agents.replay.sensors.series import Measured


def reading_of(at: int, value: Measured) -> dict[str, Any]:
    """The reading; a gap in the series is a reading without a result, as the device had none.

    Args:
        at: the value's time, microseconds; with device and property it names the reading.
    """
    return {
        "specversion": "1.0",
        "id": f"{value.device_id}/{value.observed_property}/{at}",
        "source": f"/devices/{value.device_class}",
        "type": "cn.chengyun.reading.v1",
        "subject": value.device_id,
        "time": value.time,
        "data": {
            "device_id": value.device_id,
            "device_class": value.device_class,
            "observed_property": value.observed_property,
            "phenomenon_time": value.time,
            "result": float(value.value) if value.value else None,
            "unit": value.unit,
            "street": value.street,
        },
    }
