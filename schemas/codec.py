"""Bytes to messages and back: one pydantic pass over envelope and data.

Each inbox has a reader that knows just the types that may come there; ``type`` selects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from schemas.alert import AlertEvent
from schemas.command import CommandEvent, DeskEventEvent, SilenceEvent
from schemas.dead_letter import DeadLetterEvent
from schemas.errors import SchemaError
from schemas.handoff import AreaCountsEvent, HandoffEvent, NoticeEvent
from schemas.incident import IncidentEvent
from schemas.outcome import AuditEntryEvent, ProblemEvent, ReplyEvent, SummaryEvent
from schemas.reading import FindingEvent, ReadingEvent
from schemas.report import (
    ReportEvent,
    ReportUpdateEvent,
    ServiceRequestEvent,
    ServiceRequestUpdateEvent,
)
from schemas.score import AreaScoresEvent, ScoreEvent
from schemas.tally import AreaTalliesEvent
from schemas.tick import TickEvent, WeatherSignalEvent

IntakeMessage = Annotated[
    ServiceRequestEvent | ServiceRequestUpdateEvent | TickEvent, Field(discriminator="type")
]
SensingMessage = Annotated[ReadingEvent | CommandEvent | TickEvent, Field(discriminator="type")]
TierMessage = Annotated[
    ReportEvent
    | ReportUpdateEvent
    | FindingEvent
    | HandoffEvent
    | NoticeEvent
    | AreaCountsEvent
    | AreaTalliesEvent
    | AreaScoresEvent
    | CommandEvent
    | SilenceEvent
    | DeskEventEvent
    | WeatherSignalEvent
    | TickEvent,
    Field(discriminator="type"),
]
AnyMessage = Annotated[
    ServiceRequestEvent
    | ServiceRequestUpdateEvent
    | ReadingEvent
    | ReportEvent
    | ReportUpdateEvent
    | FindingEvent
    | HandoffEvent
    | NoticeEvent
    | AreaCountsEvent
    | AreaTalliesEvent
    | AreaScoresEvent
    | CommandEvent
    | SilenceEvent
    | DeskEventEvent
    | WeatherSignalEvent
    | TickEvent
    | IncidentEvent
    | AlertEvent
    | ProblemEvent
    | SummaryEvent
    | ScoreEvent
    | ReplyEvent
    | AuditEntryEvent
    | DeadLetterEvent,
    Field(discriminator="type"),
]

EVENTS: tuple[type[BaseModel], ...] = (
    ServiceRequestEvent,
    ServiceRequestUpdateEvent,
    ReadingEvent,
    ReportEvent,
    ReportUpdateEvent,
    FindingEvent,
    HandoffEvent,
    NoticeEvent,
    AreaCountsEvent,
    AreaTalliesEvent,
    AreaScoresEvent,
    CommandEvent,
    SilenceEvent,
    DeskEventEvent,
    WeatherSignalEvent,
    TickEvent,
    IncidentEvent,
    AlertEvent,
    ProblemEvent,
    SummaryEvent,
    ScoreEvent,
    ReplyEvent,
    AuditEntryEvent,
    DeadLetterEvent,
)
"""Every message of the contract, in the order of the documentation."""

_INTAKE: TypeAdapter[Any] = TypeAdapter(IntakeMessage)
_SENSING: TypeAdapter[Any] = TypeAdapter(SensingMessage)
_TIER: TypeAdapter[Any] = TypeAdapter(TierMessage)
_ANY: TypeAdapter[Any] = TypeAdapter(AnyMessage)


def _refusal(error: ValidationError) -> SchemaError:
    first = error.errors(include_url=False, include_input=False)[0]
    path = "/" + "/".join(str(part) for part in first["loc"] if not str(part).startswith("cn."))
    kind = str(first["type"])
    code = {
        "json_invalid": "not_json",
        "union_tag_invalid": "unknown_type",
        "union_tag_not_found": "unknown_type",
        "missing": "missing_field",
        "timezone_aware": "time_without_zone",
    }.get(kind, "wrong_value")
    more = error.error_count() - 1
    tail = f" (and {more} more)" if more else ""
    return SchemaError(f"{path}: {first['msg']}{tail}", code=code, path=path)


def _reader(adapter: TypeAdapter[Any]) -> Callable[[bytes | None], Any]:
    validate = adapter.validator.validate_json

    def read(value: bytes | None) -> Any:
        if value is None:
            raise SchemaError("the record has no value, wanted a CloudEvent", code="empty")
        try:
            return validate(value)
        except ValidationError as error:
            if not _is_utf8(value):
                raise SchemaError("the bytes are not UTF-8", code="not_utf8") from None
            raise _refusal(error) from None

    return read


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


read_intake = _reader(_INTAKE)
"""Read a record of ``intake.reports`` in structured mode. Raises SchemaError."""
read_sensing = _reader(_SENSING)
"""Read a record of ``sensing.readings``. Raises SchemaError."""
read_tier = _reader(_TIER)
"""Read a record of a street's, district's or city's inbox. Raises SchemaError."""
read_any = _reader(_ANY)
"""Read any message of the contract. Raises SchemaError."""


def structured(headers: tuple[tuple[str, bytes], ...], value: bytes | None) -> bytes | None:
    """Turn a CloudEvent in Kafka's binary mode (``ce_*`` headers) into structured JSON.

    A record without ``ce_specversion`` is returned as it is.

    Raises:
        SchemaError: a header is not UTF-8, or the body is not JSON.
    """
    names = {name.lower(): raw for name, raw in headers if name.lower().startswith("ce_")}
    if "ce_specversion" not in names:
        return value
    try:
        attributes = {name[3:]: raw.decode() for name, raw in names.items()}
    except UnicodeDecodeError:
        raise SchemaError("a ce_ header is not UTF-8", code="not_utf8") from None
    try:
        data = orjson.loads(value or b"null")
    except orjson.JSONDecodeError as error:
        raise SchemaError(f"the body is not JSON: {error}", code="not_json") from None
    return orjson.dumps({**attributes, "data": data})


def encode(message: BaseModel) -> bytes:
    """The bytes of a message: compact JSON, absent options left out."""
    return message.__pydantic_serializer__.to_json(message, by_alias=True, exclude_none=True)
