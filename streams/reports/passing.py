"""The bytes that intake passes on: a report, or an update, for the desk that has it.

A city on a stormy day sends thousands a second, and their content was validated when it
came in; so the message is written straight from its parts, with absent options left
out, byte for byte as the model would write itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from streams.program import Headers, Output
from streams.topics import Topic

SOURCE = "/intake"

REPORT = "cn.chengyun.report.v1"
UPDATE = "cn.chengyun.report-update.v1"


class Passing:
    """Writes messages of one type."""

    __slots__ = ("_headers", "type")

    def __init__(self, kind: str) -> None:
        self.type = kind
        self._headers: Headers = (("type", kind.encode()),)

    def __call__(
        self,
        topic: Topic,
        area: str,
        identity: str,
        report_id: str,
        at: datetime,
        traceparent: str | None,
        data: dict[str, Any],
    ) -> Output:
        """The message for the desk of `area`, with its type and trace beside it.

        Args:
            identity: the envelope's id.
            at: event time of the envelope.
            data: the body, in the order of the model's fields.
        """
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": identity,
            "source": SOURCE,
            "subject": report_id,
            "time": at,
            "datacontenttype": "application/json",
        }
        headers = self._headers
        if traceparent is not None:
            event["traceparent"] = traceparent
            headers = (*headers, ("traceparent", traceparent.encode()))
        event["type"] = self.type
        event["data"] = data
        value = orjson.dumps(event, option=orjson.OPT_UTC_Z)
        return Output(topic, area, value, None, headers)


def written(model: Any) -> orjson.Fragment:
    """A model that many messages carry, written once."""
    return orjson.Fragment(
        model.__pydantic_serializer__.to_json(model, by_alias=True, exclude_none=True)
    )


report_message = Passing(REPORT)
update_message = Passing(UPDATE)
