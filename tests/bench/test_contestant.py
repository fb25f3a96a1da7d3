"""The contestant beside other engines: topics, group and guarantee as it is told."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import orjson
import pytest

from agents.bench.cluster import drop_topics, fill, make_topics, read_all
from agents.bench.job import events, expected

RECORDS = 20_000
PARTITIONS = 4


async def command(*words: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from agents.cli.main import main; main()",
        *words,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return out.decode()


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
async def test_it_does_the_job_on_given_topics(broker: str, prefix: str, guarantee: str) -> None:
    client = {"bootstrap_servers": broker}
    state, dead = f"{prefix}chengyun.rival.state.v1", f"{prefix}chengyun.dead-letters.v1"
    names = [prefix + "from", prefix + "to"]
    await make_topics(client, names, PARTITIONS, [state], large=[dead])
    try:
        await fill(client, names[0], PARTITIONS, events(RECORDS, 5))
        told = await command(
            "bench",
            "runtime",
            "contestant",
            CHENGYUN_BROKER=broker,
            CHENGYUN_PREFIX=prefix,
            CHENGYUN_BENCH_SOURCE="from",
            CHENGYUN_BENCH_TARGET="to",
            CHENGYUN_BENCH_GROUP="rival",
            CHENGYUN_BENCH_GUARANTEE=guarantee,
            CHENGYUN_BENCH_UNTIL=str(RECORDS),
        )
        report = json.loads(told.splitlines()[-1])
        assert report["records"] == RECORDS
        wanted, broken = expected(RECORDS, 5)
        got: dict[Any, int] = {}
        async for records in read_all(client, [names[1]], PARTITIONS):
            for record in records:
                said = orjson.loads(record.value)
                got[said["tally"], said["count"]] = said["id"]
        assert got == wanted
        letters = [len(records) async for records in read_all(client, [dead], PARTITIONS)]
        assert sum(letters) == broken == report["dead"]
    finally:
        await drop_topics(client, [*names, state, dead])
