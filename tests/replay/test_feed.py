"""A feed writes each event once, ticks every lane, and goes on where it was killed."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.replay import api
from agents.replay.feed import Entry, Feed, microseconds
from agents.replay.pour import LAST_INSTANT, FedSoFar, pour
from agents.settings import Settings
from schemas.codec import read_intake, read_sensing
from schemas.errors import ConfigurationError
from schemas.tick import TickEvent
from streams.program import Record
from streams.topics import INTAKE_REPORTS, SENSING_READINGS
from tests.replay.conftest import all_records, case, write_cases

OPENED = "2015-03-01T10:00:{second:02}-05:00"


def entries(count: int) -> list[Entry]:
    return [
        Entry(INTAKE_REPORTS, f"a/{n}".encode(), b'{"n":%d}' % n, 1_000_000 * n)
        for n in range(1, count + 1)
    ]


def events_of(records: Iterable[Record]) -> list[bytes]:
    return sorted(record.value or b"" for record in records if record.key is not None)


def silent(_: FedSoFar) -> None:
    """Report nothing."""


async def test_every_lane_of_the_entry_topics_is_ticked_and_the_last_tick_is_final(
    settings: Settings,
) -> None:
    feed = Feed(settings, None, "test", "1")
    await feed.open()
    fed = await pour(
        feed,
        iter(entries(10)),
        of=10,
        stops=20_000_000,
        speed=None,
        progress=silent,
        stop=asyncio.Event(),
    )
    await feed.close()
    assert (fed.events, fed.complete) == (10, True)
    records = await all_records(settings)
    assert len(events_of(records)) == 10
    lanes = set()
    for record in records:
        if record.key is None:
            read = read_intake if record.topic == INTAKE_REPORTS.name else read_sensing
            tick = read(record.value)
            assert isinstance(tick, TickEvent)
            assert (tick.data.stage, tick.data.of) == ("feed", 1)
            assert microseconds(tick.data.watermark) == 20_000_000 + LAST_INSTANT
            assert tick.data.final
            lanes.add((record.topic, record.partition))
    assert lanes == {
        (topic.name, n) for topic in (INTAKE_REPORTS, SENSING_READINGS) for n in range(2)
    }


async def test_record_time_stamps_are_real_time(settings: Settings) -> None:
    feed = Feed(settings, None, "test", "1")
    await feed.open()
    before = time.time() * 1000
    await feed.write(entries(3), 5_000_000)
    await feed.close()
    stamps = [record.timestamp_ms for record in await all_records(settings)]
    assert all(before - 60_000 < stamp < time.time() * 1000 + 60_000 for stamp in stamps)


async def test_a_feed_goes_on_after_its_last_committed_event_though_others_wrote_since(
    settings: Settings,
) -> None:
    first = Feed(settings, None, "test", "1")
    await first.open()
    await first.write(entries(4)[:3], 4_000_000)
    await first.close()
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker)
    await producer.start()
    for n in range(700):
        await producer.send(settings.physical(INTAKE_REPORTS.name), b"%d" % n, partition=0)
    await producer.stop()
    second = Feed(settings, None, "test", "1")
    position = await second.open()
    await second.close()
    assert (position.written, position.watermark, position.final) == (3, 4_000_000, False)


async def test_an_abandoned_transaction_leaves_no_trace(settings: Settings) -> None:
    first = Feed(settings, None, "test", "1")
    await first.open()
    await first.write(entries(2), 3_000_000)
    await first.close()
    killed = AIOKafkaProducer(
        bootstrap_servers=settings.broker,
        transactional_id=settings.physical("chengyun-feed"),
    )
    await killed.start()
    await killed.begin_transaction()
    await killed.send_and_wait(settings.physical(INTAKE_REPORTS.name), b"lost", partition=0)
    second = Feed(settings, None, "test", "1")
    position = await second.open()
    assert position.written == 2
    await second.close()
    await killed.stop()
    assert b"lost" not in [record.value for record in await all_records(settings)]


async def test_a_second_feed_fences_the_first(settings: Settings) -> None:
    first = Feed(settings, None, "test", "1")
    await first.open()
    await first.write(entries(2), 3_000_000)
    second = Feed(settings, None, "test", "1")
    assert (await second.open()).written == 2
    with pytest.raises(ConfigurationError, match="Another feed has taken over"):
        await first.write(entries(1), 4_000_000)
    await second.close()
    await first.close()


async def test_a_prefix_with_another_feed_is_refused(settings: Settings) -> None:
    first = Feed(settings, None, "test", "1")
    await first.open()
    await first.write(entries(1), 2_000_000)
    await first.close()
    with pytest.raises(ConfigurationError, match="already holds a feed of test"):
        await Feed(settings, None, "test", "2").open()


async def test_at_a_pace_events_wait_for_their_time(settings: Settings) -> None:
    feed = Feed(settings, None, "test", "1")
    await feed.open()
    began = time.monotonic()
    fed = await pour(
        feed,
        iter(entries(31)),
        of=31,
        stops=None,
        speed=20.0,
        progress=silent,
        stop=asyncio.Event(),
    )
    await feed.close()
    assert fed.complete
    assert 1.4 < time.monotonic() - began < 6


async def test_a_stopped_feed_is_continued_without_loss_or_repeat(
    settings: Settings, tmp_path: Path
) -> None:
    file = write_cases(
        tmp_path / "boston311_x.csv",
        [
            case(n, OPENED.format(second=n % 60), f"2015-03-02T10:{n % 60:02}:00-05:00")
            for n in range(3_000)
        ],
    )
    prepared = api.prepare("boston311", file, tmp_path)
    stop = asyncio.Event()

    def stop_at_once(told: FedSoFar) -> None:
        if told.events:
            stop.set()

    broken = await api.feed(prepared, settings, speed=None, progress=stop_at_once, stop=stop)
    assert (broken.complete, broken.events) == (False, 4_000)
    whole = await api.feed(prepared, settings, speed=None, progress=silent, stop=asyncio.Event())
    assert (whole.complete, whole.resumed_from, whole.events) == (True, 4_000, 6_000)
    again = await api.feed(prepared, settings, speed=None, progress=silent, stop=asyncio.Event())
    assert (again.complete, again.resumed_from, again.events) == (True, 6_000, 6_000)
    events = events_of(await all_records(settings))
    assert (len(events), len(set(events))) == (6_000, 6_000)


async def test_a_killed_feed_is_continued_without_loss_or_repeat(
    settings: Settings, tmp_path: Path
) -> None:
    file = write_cases(
        tmp_path / "boston311_x.csv",
        [case(n, f"2015-03-01T10:{n // 60 % 60:02}:{n % 60:02}-05:00") for n in range(3_600)],
    )
    command = [
        str(Path(sys.executable).parent / "chengyun"),
        *("replay", "boston311", str(file), "--speed", "900", "--workdir", str(tmp_path / "w")),
    ]
    environment = {
        **os.environ,
        "CHENGYUN_BROKER": str(settings.broker),
        "CHENGYUN_PREFIX": settings.prefix,
    }
    feeding = await asyncio.create_subprocess_exec(*command, env=environment, cwd=tmp_path)
    async with asyncio.timeout(30):
        written = 0
        while written < 300:
            written = len(events_of(await all_records(settings, settle=False)))
    feeding.kill()
    await feeding.wait()
    written = len(events_of(await all_records(settings)))
    assert 300 <= written < 3_600
    prepared = api.prepare("boston311", file, tmp_path / "w")
    fed = await api.feed(prepared, settings, speed=None, progress=silent, stop=asyncio.Event())
    assert fed.complete
    assert fed.resumed_from >= written
    events = events_of(await all_records(settings))
    assert (len(events), len(set(events))) == (3_600, 3_600)
