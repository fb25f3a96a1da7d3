"""Which partition a key belongs to: Kafka's own default, murmur2 over the key's bytes.

Every writer must agree on it, or one street's reports land in two lanes; librdkafka's
default differs.
"""

from __future__ import annotations

from functools import cache, lru_cache
from struct import Struct

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF


@lru_cache(maxsize=256)
def _words(count: int) -> Struct:
    return Struct(f"<{count}I")


def murmur2(key: bytes) -> int:
    """The 32-bit hash by which Kafka's Java client spreads keys, as an unsigned number.

    Source: org.apache.kafka.common.utils.Utils.murmur2.
    """
    length = len(key)
    whole = length & ~3
    h = _SEED ^ length
    for word in _words(whole >> 2).unpack_from(key):
        k = word * _MULTIPLIER & _MASK
        h = (h * _MULTIPLIER & _MASK) ^ ((k ^ (k >> 24)) * _MULTIPLIER & _MASK)
    if length > whole:
        h = (h ^ int.from_bytes(key[whole:], "little")) * _MULTIPLIER & _MASK
    h = (h ^ (h >> 13)) * _MULTIPLIER & _MASK
    return h ^ (h >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that owns `key` in a topic of that many partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class Homes(dict[bytes, int]):
    """Remembers the partition of keys met before: most keys of a city come again and again.

    ``homes[key]`` answers at the speed of a dictionary; it forgets everything when it
    holds `limit` keys, so that ids that never repeat cannot fill the memory.
    """

    def __init__(self, partitions: int, limit: int = 300_000) -> None:
        super().__init__()
        self.partitions = partitions
        self.limit = limit

    def __missing__(self, key: bytes) -> int:
        if len(self) >= self.limit:
            self.clear()
        home = self[key] = partition_of(key, self.partitions)
        return home


@cache
def homes_of(partitions: int) -> Homes:
    """The one memory of keys for that many partitions, shared by every lane of a process."""
    return Homes(partitions)
