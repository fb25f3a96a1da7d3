"""JSON Schemas of every message, for teams that publish or read without this code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from schemas.codec import EVENTS

EXPORTED = Path(__file__).parent / "exported"


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) of each message by its CloudEvents type, as written on the wire."""
    schemas: dict[str, dict[str, Any]] = {}
    for event in EVENTS:
        kind = str(event.model_fields["type"].default)
        schema = event.model_json_schema(mode="serialization", by_alias=True)
        schemas[kind] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:{kind}",
            **schema,
        }
    return schemas


def as_files() -> dict[str, bytes]:
    """The same as file names and contents, the way they are committed."""
    return {
        f"{kind}.json": orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        + b"\n"
        for kind, schema in json_schemas().items()
    }
