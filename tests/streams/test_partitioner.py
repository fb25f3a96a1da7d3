"""Keys go where Kafka's own clients would put them."""

from __future__ import annotations

from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from streams.partitioner import Homes, murmur2, partition_of


@given(st.binary(max_size=64))
def test_the_hash_is_kafkas(key: bytes) -> None:
    assert murmur2(key) == reference(key) & 0xFFFFFFFF


def test_a_street_of_chengdu_has_its_partition() -> None:
    assert partition_of(b"510108001", 8) == (reference(b"510108001") & 0x7FFFFFFF) % 8


def test_homes_remember_and_forget() -> None:
    homes = Homes(4, limit=10)
    keys = [f"key-{n}".encode() for n in range(25)]
    assert [homes[key] for key in keys] == [partition_of(key, 4) for key in keys]
    assert len(homes) <= 10
