"""Cases made up for the tests, a broker with the topics of a replay, and real data if present."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents import topic_admin
from agents.ledger import open_ledger
from agents.replay.boston311.rows import COLUMNS
from agents.settings import Settings, load_settings
from streams.program import Record
from streams.topics import CITY_INBOX, INTAKE_REPORTS, SENSING_READINGS

FED = (INTAKE_REPORTS, SENSING_READINGS, CITY_INBOX)
DATA = Path(os.environ.get("CHENGYUN_TEST_DATA") or Path(__file__).parents[2] / "../shared/data")


def case(number: int, opened: str, closed: str = "", **given: str) -> dict[str, str]:
    """One case of the made-up recording; what is not given is ordinary."""
    return {
        "case_id": f"10{number:010}",
        "opened_at": opened,
        "closed_at": closed,
        "sla_target_at": "",
        "sla_status": "",
        "status": "Closed" if closed else "Open",
        "resolution": "Case Resolved" if closed else "",
        "channel": "Constituent Call",
        "department": "PWDx",
        "reason": "Street Lights",
        "type": "Street Light Outages",
        "street": "Tremont St",
        "zip": "02116",
        "precinct": "0501",
        "neighborhood": "Back Bay",
        "lat": "42.3487",
        "lon": "-71.0672",
        **given,
    }


def write_cases(path: Path, cases: list[dict[str, str]]) -> Path:
    """Write a recording with the columns of the real one."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(cases)
    return path


@pytest.fixture
def real_data() -> Path:
    """The directory of real recordings; the test is skipped where it is not."""
    if not DATA.is_dir():
        pytest.skip("no recordings here: set CHENGYUN_TEST_DATA")
    return DATA


@pytest.fixture
async def settings(broker: str, prefix: str, tmp_path: Path) -> Settings:
    """Settings of an installation of its own, its topics made, two lanes each."""
    ours = load_settings(
        broker=broker, prefix=prefix, partitions=2, replication=1, data_dir=tmp_path
    )
    await topic_admin.apply(ours, broker)
    return ours


async def all_records(settings: Settings, *, settle: bool = True) -> list[Record]:
    """Everything committed to the topics that feeds write.

    Args:
        settle: wait for the last commit's markers; this fences a feed that still runs.
    """
    assert settings.broker is not None
    # Commit markers are written behind a commit's answer: a new writer waits for them.
    if settle:
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.broker,
            transactional_id=settings.physical("chengyun-feed"),
        )
        await producer.start()
        await producer.stop()
    found: list[Record] = []
    async with open_ledger(settings, settings.broker, FED) as ledger:
        async for batch in ledger.scan(FED):
            found += batch
    return found
