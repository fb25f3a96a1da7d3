"""A detector's arrays as bytes for the changelog, and back, exactly."""

from __future__ import annotations

import zlib
from math import prod
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from schemas.errors import SchemaError

Array = NDArray[np.float64]


def pack(head: Any, *arrays: Array) -> bytes:
    """A head that JSON can say, and arrays; most of them are zeros, so they are compressed."""
    shapes = [list(one.shape) for one in arrays]
    body = b"".join(np.ascontiguousarray(one, "<f8").tobytes() for one in arrays)
    return zlib.compress(orjson.dumps([head, shapes]) + b"\n" + body, 1)


def unpack(stored: bytes, what: str) -> tuple[Any, list[Array]]:
    """Read what ``pack`` wrote.

    Args:
        what: the detector's name, for the error.

    Raises:
        SchemaError: the bytes are not a packed state.
    """
    try:
        line, _, body = zlib.decompress(stored).partition(b"\n")
        head, shapes = orjson.loads(line)
        found, at = [], 0
        for shape in shapes:
            long = 8 * prod(shape)
            found.append(np.frombuffer(body[at : at + long], "<f8").reshape(shape).copy())
            at += long
    except (zlib.error, ValueError, TypeError) as error:
        raise SchemaError(
            f"{what}: got {len(stored)} bytes, wanted a packed state: {error}"
        ) from error
    if at != len(body):
        raise SchemaError(f"{what}: got {len(body)} bytes of arrays, wanted {at}")
    return head, found
