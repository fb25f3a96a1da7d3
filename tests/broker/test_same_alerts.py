"""Statistical alerts end the same however their events arrive, and whoever dies on the way.

The same reports are judged twice: in the order of their time in one process, and on the
real broker in the order of a storm of telephones, some of them late, while the workers of
street and district are killed and come back. What counts is the last word of each episode.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, product
from pathlib import Path

import pytest
import yaml

from agents import policy_files
from schemas.codec import encode
from schemas.report import Report, ReportEvent
from schemas.terms import Place
from streams import topics
from streams.partitioner import Homes
from streams.policy import Policy
from tests.broker.towns import WIDTH, Fed, Town, judged_in_process, opened, promises

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
STREETS = ("990101001", "990101002", "990102001")
KINDS = ("100118", "100201")
"""Street lamps and car parks."""
STAGES = ("street", "district", "city")
HOURS = 40
LATEST = timedelta(minutes=55)
"""Reports come at most so long after the promise that nothing older would."""


def _policy(home: Path) -> Policy:
    """The shipped policy, with surges judged by the hour after a day."""
    shutil.copytree(Path(policy_files.__file__).parents[1] / "deploy" / "policy", home)
    file = home / "triggers.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    surge = document["triggers"]["surge"]
    surge |= {"street": "hour", "learn": 20, "at": [0.02, 0.001, 0.0001, 0.00001]}
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return policy_files.load(home)


def _reports(policy: Policy, seed: int) -> list[Report]:
    """An ordinary day and a half of two kinds in three streets, with five surges in it."""
    chance = random.Random(seed)
    kinds = [rule for code in KINDS if (rule := policy.category(None, code)) is not None]
    surges = {(STREETS[0], 0): {25: 14, 33: 9}, (STREETS[1], 1): {29: 25}, (STREETS[2], 0): {31: 7}}
    found = []
    for (code, (number, rule)), hour in product(
        product(STREETS, enumerate(kinds)), range(HOURS - 3)
    ):
        many = surges.get((code, number), {}).get(hour, chance.choice((0, 1, 1, 2)))
        for one in range(many):
            at = BEGIN + timedelta(hours=hour, seconds=chance.randrange(3600))
            found.append(
                Report(
                    report_id=f"calls/{code}/{number}/{hour}/{one}",
                    reported_at=at,
                    intent="report",
                    channel="hotline",
                    category=rule.category,
                    severity=rule.severity,
                    urgency=rule.urgency,
                    place=Place(street=code, district=code[:6], method="desk"),
                    policy_version=policy.version,
                )
            )
    return sorted(found, key=lambda report: (report.reported_at, report.report_id))


def _arrival(report: Report, chance: random.Random | None) -> datetime:
    """When a report is there: at once, or up to nearly an hour late."""
    late = chance is not None and chance.random() < 0.3
    return report.reported_at + (LATEST * chance.random() if late and chance else timedelta())


def _feed(reports: Sequence[Report], seed: int | None) -> Iterator[list[Fed]]:
    """What arrives, an hour at a time, each ended by the promise of intake and sensing.

    Args:
        seed: shuffles the reports of an hour and makes some late; None: as they happened.
    """
    chance = None if seed is None else random.Random(seed)
    arriving = sorted(
        ((_arrival(report, chance), report) for report in reports),
        key=lambda each: (each[0], each[1].report_id),
    )
    by_hour = {
        hour: [report for _, report in group]
        for hour, group in groupby(
            arriving, key=lambda each: int((each[0] - BEGIN).total_seconds() // 3600)
        )
    }
    homes = Homes(WIDTH)
    for hour in range(HOURS):
        fed = []
        for report in by_hour.get(hour, ()):
            assert report.place.street is not None
            event = ReportEvent(
                id=f"{report.report_id}/report",
                source="/intake",
                subject=report.report_id,
                time=report.reported_at,
                data=report,
            )
            key = report.place.street
            fed.append(Fed(topics.STREET_INBOX, homes[key.encode()], key, encode(event)))
        if chance is not None:
            chance.shuffle(fed)
        yield fed + promises(BEGIN + timedelta(hours=hour + 1), final=hour == HOURS - 1)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return _policy(tmp_path_factory.mktemp("same") / "policy")


@pytest.fixture
async def town(broker: str, prefix: str, policy: Policy, tmp_path: Path) -> AsyncIterator[Town]:
    home = tmp_path / "policy"
    assert _policy(home) == policy
    async with opened(broker, prefix, home, tmp_path) as made:
        yield made


def test_arrival_within_the_lateness_changes_no_last_word(policy: Policy) -> None:
    reports = _reports(policy, 2)
    ordered = judged_in_process(policy, _feed(reports, None))
    assert len(ordered) >= 5
    assert judged_in_process(policy, _feed(reports, 12)) == ordered


async def test_kills_and_late_arrivals_change_no_last_word(town: Town, policy: Policy) -> None:
    reports = _reports(policy, 1)
    ordered = judged_in_process(policy, _feed(reports, None))
    hours = list(_feed(reports, 11))
    for stage in STAGES:
        town.start(stage)
    await town.feed(hours[:30])
    begun = await town.until(policy, bool)
    assert begun, "no surge was told before the workers are killed"
    await town.feed(hours[30:])
    for stage in ("street", "district"):  # in the midst of it
        town.kill(stage)
    for stage in ("street", "district"):
        town.start(stage)
    found = await town.until(policy, lambda words: words == ordered)
    logs = "\n".join(path.read_text()[-1_500:] for path in town.home.glob("*.log"))
    assert found == ordered, logs
