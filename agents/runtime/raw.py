"""Records as aiokafka's C code makes them, without a Python object around each.

aiokafka wraps every record in a tuple of twelve fields and hands it through a
generator; at a hundred thousand records a second that is a tenth of a core. Whole
batches are turned into lists here, with the same care for aborted transactions,
control batches and compacted offsets.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult
from aiokafka.errors import CorruptRecordException


class Fetched(NamedTuple):
    """What one partition brought: records, and the unbroken stretch of offsets they cover."""

    partition: Any  # aiokafka's TopicPartition
    records: list[Any]
    start: int
    end: int
    size: int


def unpack(fetched: Any) -> list[Any]:
    """All records of aiokafka's `PartitionRecords` that a committed reader may see.

    Leaves its `next_fetch_offset` behind the last batch, as its own iterator would.

    Raises:
        CorruptRecordException: a batch's checksum is wrong; nothing was consumed.
    """
    found: list[Any] = []
    batches = fetched._records
    committed_only = fetched._isolation_level == READ_COMMITTED
    while batches.has_next():
        batch = batches.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"wrong checksum in {fetched._tp}")
        if committed_only and batch.producer_id is not None:
            fetched._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch:
                if fetched._contains_abort_marker(batch):
                    fetched._aborted_producers.discard(batch.producer_id)
            elif batch.is_transactional and batch.producer_id in fetched._aborted_producers:
                fetched.next_fetch_offset = batch.next_offset
                continue
        if not batch.is_control_batch:
            records = list(batch)
            wanted = fetched.next_fetch_offset
            if records and records[0].offset < wanted:
                records = [record for record in records if record.offset >= wanted]
            found += records
        fetched.next_fetch_offset = batch.next_offset
    return found


def drain(consumer: Any) -> list[Fetched]:
    """Take everything a consumer has fetched and move its positions behind it.

    To be called in the consumer's own loop, with no await since its assignment was
    looked at. What lies there for a partition that is paused, sought elsewhere or no
    longer assigned is dropped, as aiokafka itself does.
    """
    fetcher = consumer._fetcher
    subscriptions = fetcher._subscriptions
    assignment = subscriptions.subscription.assignment
    taken: list[Fetched] = []
    for partition in list(fetcher._records):
        result = fetcher._records.pop(partition)
        fetcher._notify(fetcher._wait_consume_future)
        if assignment is None or partition not in assignment.tps:
            continue
        if type(result) is not FetchResult:
            result.check_raise()
            continue
        content = result._partition_records
        state = assignment.state_value(partition)
        if content is None or not state.has_valid_position:
            continue
        if not result.check_assignment(partition):
            continue
        start = state.position
        size = content._records.size_in_bytes()
        records = unpack(content)
        state.consumed_to(content.next_fetch_offset)
        taken.append(Fetched(partition, records, start, content.next_fetch_offset, size))
    return taken
