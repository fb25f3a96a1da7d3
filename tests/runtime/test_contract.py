"""Every private name of Faust and aiokafka that the runtime leans on, and its pinned version.

When an upgrade changes one of them, the test that fails says which, and where it is used.
"""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

import aiokafka.consumer.fetcher as fetcher
import aiokafka.producer.sender as sender
import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from faust.app.base import App
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer as BaseConsumer
from faust.transport.consumer import ThreadDelegateConsumer
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

VERSIONS = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}

METHODS: list[tuple[Any, str, str]] = [
    # aiokafka's fetcher: agents/runtime/raw.py, restore.py, transport.py
    (fetcher.Fetcher, "_create_fetch_waiter", "the pump waits for records"),
    (fetcher.Fetcher, "_notify", "a drained partition is fetched again"),
    (fetcher.FetchResult, "check_assignment", "records of a lost partition are dropped"),
    (fetcher.FetchError, "check_raise", "errors of a fetch are raised"),
    (fetcher.PartitionRecords, "_consume_aborted_up_to", "aborted transactions are skipped"),
    (fetcher.PartitionRecords, "_contains_abort_marker", "aborted transactions end"),
    (MemoryRecords, "has_next", "batches are read"),
    (MemoryRecords, "next_batch", "batches are read"),
    (MemoryRecords, "size_in_bytes", "the backlog is bounded in bytes"),
    (SubscriptionState, "fetch_context", "aiokafka sees that we poll"),
    (SubscriptionState, "reassignment_in_progress", "nothing is read in a rebalance"),
    (SubscriptionState, "wait_for_assignment", "nothing is read in a rebalance"),
    (TopicPartitionState, "consumed_to", "the position moves with what was taken"),
    (TopicPartitionState, "has_valid_position", "the position is known"),
    (TopicPartitionState, "position", "the chain of positions is checked"),
    (AIOKafkaClient, "fetch_all_metadata", "partition counts, hanging transactions"),
    (AIOKafkaClient, "send", "hanging transactions"),
    # aiokafka's producer: agents/runtime/producer.py, hanging.py
    (AIOKafkaProducer, "create_batch", "whole batches are sent"),
    (AIOKafkaProducer, "send_batch", "whole batches are sent"),
    (TransactionManager, "is_in_transaction", "an open transaction is aborted on close"),
    (TransactionManager, "maybe_add_partition_to_txn", "hanging transactions are aborted"),
    (sender.Sender, "_find_coordinator", "transactions find their coordinator"),
    (sender.Sender, "_coordinator_dead", "transactions find their coordinator again"),
    (BatchBuilder, "_set_producer_state", "batches are numbered"),
    (BatchBuilder, "_build", "batches are sealed"),
    (BatchBuilder, "record_count", "batches are numbered"),
    # Faust's consumer: agents/runtime/transport.py
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer", "our consumer is made"),
    (driver.AIOKafkaConsumerThread, "_commit", "group offsets are advisory"),
    (driver.AIOKafkaConsumerThread, "_ensure_consumer", "the consumer is reached"),
    (driver.AIOKafkaConsumerThread, "assignment", "the assignment is known"),
    (driver.Consumer, "_new_consumer_thread", "our thread is made"),
    (driver.Consumer, "on_partitions_revoked", "lanes end before others may begin"),
    (ThreadDelegateConsumer, "perform_seek", "lanes seek, not Faust"),
    (BaseConsumer, "resume_flow", "lanes start"),
    (BaseConsumer, "stop_flow", "lanes stop"),
    (BaseConsumer, "_drain_messages", "Faust's fetcher rests"),
    (BaseConsumer, "_new_offset", "what Faust commits"),
    (BaseConsumer, "verify_all_partitions_active", "the watchdog does it"),
    (driver.Producer, "on_start", "Faust's own producer stays away"),
    (driver.Producer, "on_stop", "Faust's own producer stays away"),
    (driver.Producer, "flush", "Faust's own producer stays away"),
    (App, "_create_directories", "no directories in the working directory"),
    (TableManager, "_update_channels", "no second of waiting for tables"),
    (faust.Schema, "compile", "chunks are not decoded"),
]

ATTRIBUTES: list[tuple[Any, str, str]] = [
    (fetcher.Fetcher, "self._records", "raw.drain"),
    (fetcher.Fetcher, "self._subscriptions", "raw.drain"),
    (fetcher.Fetcher, "self._wait_consume_future", "raw.drain"),
    (fetcher.FetchResult, "self._partition_records", "raw.drain"),
    (fetcher.PartitionRecords, "self._records", "raw.unpack"),
    (fetcher.PartitionRecords, "self._isolation_level", "raw.unpack"),
    (fetcher.PartitionRecords, "self._check_crcs", "raw.unpack"),
    (fetcher.PartitionRecords, "self._aborted_producers", "raw.unpack"),
    (fetcher.PartitionRecords, "self.next_fetch_offset", "raw.unpack"),
    (AIOKafkaConsumer, "self._fetcher", "transport, restore"),
    (AIOKafkaConsumer, "self._client", "transport, restore"),
    (AIOKafkaProducer, "self._txn_manager", "producer, hanging"),
    (AIOKafkaProducer, "self.client", "hanging, transaction"),
    (AIOKafkaProducer, "self._sender", "transaction"),
    (BatchBuilder, "self._builder", "producer"),
    (BatchBuilder, "self._relative_offset", "producer"),
    (BaseConsumer, "self._acked", "transport"),
    (BaseConsumer, "self._acked_index", "transport"),
    (BaseConsumer, "self._read_offset", "transport"),
    (BaseConsumer, "self.callback", "transport"),
    (ThreadDelegateConsumer, "self._thread", "transport"),
]


@pytest.mark.parametrize(("package", "wanted"), VERSIONS.items())
def test_the_version_is_the_one_that_was_read(package: str, wanted: str) -> None:
    got = version(package)
    assert got == wanted, (
        f"{package} is {got}, the runtime was checked against {wanted}: read what changed behind "
        f"the names in this file, run `chengyun chaos --faults 300`, then change the version here"
    )


@pytest.mark.parametrize(("owner", "name", "use"), METHODS)
def test_the_method_is_there(owner: Any, name: str, use: str) -> None:
    assert hasattr(owner, name), f"{owner.__module__}.{owner.__name__}.{name} is gone: {use}"


@pytest.mark.parametrize(("owner", "name", "use"), ATTRIBUTES)
def test_the_attribute_is_set(owner: Any, name: str, use: str) -> None:
    source = inspect.getsource(owner)
    assert f"{name} =" in source or f"{name}:" in source, (
        f"{owner.__module__}.{owner.__name__} no longer sets {name}, used by {use}"
    )


@pytest.mark.parametrize(
    "name",
    [
        "validate_crc",
        "producer_id",
        "base_offset",
        "is_control_batch",
        "is_transactional",
        "next_offset",
        "__iter__",
    ],
)
def test_a_batch_tells(name: str) -> None:
    assert hasattr(DefaultRecordBatch, name), f"record batches have no {name} any more: raw.py"


@pytest.mark.parametrize(
    "name", ["offset", "timestamp", "timestamp_type", "key", "value", "headers"]
)
def test_a_raw_record_tells(name: str) -> None:
    assert hasattr(DefaultRecord, name), f"raw records have no {name} any more: lane.py, raw.py"


def test_transactional_requests_are_as_known() -> None:
    """agents/runtime/transaction.py speaks these itself."""

    def parameters(request: Any) -> list[str]:
        return list(inspect.signature(request.__init__).parameters)[1:]

    assert parameters(AddPartitionsToTxnRequest) == [
        "transactional_id",
        "producer_id",
        "producer_epoch",
        "topics",
    ]
    assert parameters(EndTxnRequest) == [
        "transactional_id",
        "producer_id",
        "producer_epoch",
        "transaction_result",
    ]
    assert parameters(ProduceRequest) == ["transactional_id", "required_acks", "timeout", "topics"]


def test_isolation_levels_and_offset_requests_are_as_known() -> None:
    assert (fetcher.READ_UNCOMMITTED, fetcher.READ_COMMITTED) == (0, 1)
    assert list(inspect.signature(OffsetRequest.__init__).parameters)[1:] == [
        "replica_id",
        "isolation_level",
        "topics",
    ]


def test_an_aborted_empty_transaction_still_writes_its_markers() -> None:
    source = inspect.getsource(TransactionManager.is_empty_transaction)
    assert "txn_partitions" in source, "hanging.abort_over relies on added partitions being ended"


def test_faust_seeks_before_it_resumes_the_flow() -> None:
    source = inspect.getsource(Recovery._resume_streams)
    assert source.index("perform_seek") < source.index("resume_flow"), "transport.Consumer"
    assert "consumer_generation_id" in source


def test_faust_stops_the_flow_when_partitions_are_revoked() -> None:
    assert "stop_flow" in inspect.getsource(App._on_partitions_revoked), "transport.Consumer"


def test_faust_names_the_generation_of_a_message() -> None:
    assert "generation_id" in inspect.signature(ConsumerMessage.__init__).parameters
    assert hasattr(App(id="contract", broker="kafka://"), "consumer_generation_id")


def test_transports_are_found_by_alias() -> None:
    assert isinstance(TRANSPORTS.aliases, dict)
    assert callable(driver.ensure_aiokafka_TP)


def test_the_table_service_only_waits_registers_and_recovers() -> None:
    source = inspect.getsource(TableManager.on_start)
    steps = [line.strip() for line in source.splitlines() if "await" in line and "self." in line]
    assert steps == [
        "await self.sleep(1.0)",
        "await self._update_channels()",
        "await self.recovery.start()",
    ], "TableManager.on_start changed: app.NoTables repeats it without the sleep"
