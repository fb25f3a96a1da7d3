"""What can happen in the made-up city, each as an event ready for its topic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from agents.replay.feed import Entry, microseconds
from schemas.codec import encode
from schemas.reading import Reading, ReadingEvent
from schemas.report import (
    Callback,
    ServiceRequest,
    ServiceRequestEvent,
    ServiceRequestUpdate,
    ServiceRequestUpdateEvent,
    UpdateKind,
)
from schemas.terms import Colour
from schemas.tick import WeatherSignal, WeatherSignalEvent
from streams.topics import CITY_INBOX, INTAKE_REPORTS, SENSING_READINGS


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the city: its street, its point (WGS 84 degrees) and what people call it."""

    street: str
    lat: float
    lon: float
    address: str

    def beside(self, north_m: float, east_m: float = 0.0) -> Spot:
        """The same place, some metres further."""
        return Spot(
            self.street,
            round(self.lat + north_m / 111_195, 6),
            round(self.lon + east_m / 96_500, 6),  # metres of a degree at 29.8° north
            self.address,
        )


@dataclass(frozen=True, slots=True)
class Device:
    """A device in the city's network: what it measures, in which unit, and where."""

    device_id: str
    device_class: str
    observed_property: str
    unit: str
    spot: Spot


def report(
    at: datetime, source: str, number: str, code: str, spot: Spot | None, **more: Any
) -> Entry:
    """Somebody reports something; without a spot nobody knows where."""
    if spot is not None:
        more = {
            "area_code": spot.street,
            "address": spot.address,
            "lat": spot.lat,
            "long": spot.lon,
            **more,
        }
    event = ServiceRequestEvent(
        id=f"{number}/reported",
        source=source,
        subject=f"{source}/{number}",
        time=at,
        data=ServiceRequest(
            service_request_id=number,
            service_code=code,
            requested_datetime=more.pop("requested_datetime", at),
            **more,
        ),
    )
    return Entry(INTAKE_REPORTS, f"{source}/{number}".encode(), encode(event), microseconds(at))


def said(
    at: datetime,
    report_id: str,
    kind: UpdateKind,
    *,
    unit: str,
    nth: int = 1,
    note: str | None = None,
    resolution: str | None = None,
) -> Entry:
    """A department's system says how a report fares."""
    return _update(
        at,
        f"/departments/{unit}",
        report_id,
        f"{report_id}/{kind}/{nth}",
        ServiceRequestUpdate(
            service_request_id=report_id,
            kind=kind,
            updated_datetime=at,
            unit=unit,
            note=note,
            resolution=resolution,
        ),
    )


def called_back(
    at: datetime, source: str, number: str, *, solved: bool, satisfied: bool, nth: int = 1
) -> Entry:
    """The hotline has called the person back."""
    callback = Callback(contacted=True, solved=solved, satisfied=satisfied)
    return _own(at, source, number, "callback", nth, callback=callback)


def complained_again(at: datetime, source: str, number: str, note: str, nth: int = 1) -> Entry:
    """The person says that it is not fixed."""
    return _own(at, source, number, "not_fixed", nth, note=note)


def _own(at: datetime, source: str, number: str, kind: UpdateKind, nth: int, **more: Any) -> Entry:
    update = ServiceRequestUpdate(service_request_id=number, kind=kind, updated_datetime=at, **more)
    return _update(at, source, f"{source}/{number}", f"{number}/{kind}/{nth}", update)


def _update(
    at: datetime, source: str, report_id: str, cause: str, data: ServiceRequestUpdate
) -> Entry:
    event = ServiceRequestUpdateEvent(
        id=cause, source=source, subject=report_id, time=at, data=data
    )
    return Entry(INTAKE_REPORTS, report_id.encode(), encode(event), microseconds(at))


def reading(at: datetime, device: Device, result: float | None) -> Entry:
    """A device measures."""
    event = ReadingEvent(
        id=f"{device.device_id}/{device.observed_property}/{microseconds(at)}",
        source=f"/devices/{device.device_class}",
        subject=device.device_id,
        time=at,
        data=Reading(
            device_id=device.device_id,
            device_class=device.device_class,
            observed_property=device.observed_property,
            phenomenon_time=at,
            result=result,
            unit=device.unit,
            street=device.spot.street,
            lat=device.spot.lat,
            long=device.spot.lon,
        ),
    )
    return Entry(SENSING_READINGS, device.device_id.encode(), encode(event), microseconds(at))


def weather(
    at: datetime,
    city: str,
    identifier: str,
    kind: Literal["Alert", "Update", "Cancel"],
    colour: Colour,
    areas: Iterable[str],
    *,
    lasts: timedelta = timedelta(hours=6),
    references: Iterable[str] = (),
) -> Entry:
    """The weather bureau warns of rain, changes its warning or takes it back."""
    words = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}[colour]
    event = WeatherSignalEvent(
        id=identifier,
        source="/weather",
        subject=city,
        time=at,
        data=WeatherSignal(
            identifier=identifier,
            msg_type=kind,
            event="rain",
            colour=colour,
            areas=list(areas),
            onset=at,
            expires=at + lasts,
            headline=f"{'解除' if kind == 'Cancel' else '发布'}暴雨{words}预警",
            references=list(references),
        ),
    )
    return Entry(CITY_INBOX, city.encode(), encode(event), microseconds(at))
