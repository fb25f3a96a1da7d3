"""Repeats, hotspots and chains end the same on real workers, whoever told first and whoever dies.

Ten days of three streets in the order of their time in one process, and shuffled within each
promise on the real broker, with district and city killed in the midst of it.
"""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
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
from tests.broker.test_same_alerts import BEGIN
from tests.broker.towns import WIDTH, Fed, Town, judged_in_process, opened, promises

DAYS = 10
STREETS = ("990101001", "990101002", "990101003")
RUBBISH, MAIN, OFF = "200102", "200402", "900600"
STEP = timedelta(hours=6)


def _policy(home: Path) -> Policy:
    """The shipped policy, with everything learned within a week."""
    shutil.copytree(Path(policy_files.__file__).parents[1] / "deploy" / "policy", home)
    file = home / "triggers.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    triggers = document["triggers"]
    triggers["repeats"] |= {"learn_days": 5}
    triggers["hotspots"] |= {"learn_days": 6, "every_s": 21_600}
    triggers["chains"] |= {"learn_days": 6}
    for name in ("surge", "anomaly", "together"):
        del triggers[name]
    devices = document["devices"]
    for device in devices.values():
        for measured in device["properties"].values():
            measured.pop("profile", None)
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return policy_files.load(home)


def _reports(policy: Policy, seed: int) -> list[Report]:
    """Rubbish everywhere and then in one corner; mains that burst, after which the water is off."""
    chance = random.Random(seed)
    cases: list[tuple[timedelta, str, str, float, float]] = []
    for day in range(DAYS):
        for _ in range(24):
            at = timedelta(days=day + chance.random())
            cases.append((at, RUBBISH, chance.choice(STREETS), _spread(chance), _spread(chance)))
        if day >= DAYS - 3:
            for _ in range(10):
                at = timedelta(days=day + chance.random())
                north, east = chance.uniform(-0.003, 0.003), chance.uniform(-0.003, 0.003)
                cases.append((at, RUBBISH, STREETS[0], north, east))
        for code in STREETS:
            for _ in range(3):
                at = timedelta(days=day + chance.random() * 0.9)
                cases.append((at, MAIN, code, _spread(chance), _spread(chance)))
                if chance.random() < 0.7:
                    later = at + timedelta(hours=chance.uniform(0.5, 2))
                    cases.append((later, OFF, code, _spread(chance), _spread(chance)))
    cases += [  # a place that begins to complain
        (timedelta(days=7 + 0.6 * time), RUBBISH, STREETS[2], 0.03, 0.03) for time in range(5)
    ]
    found = []
    for number, (at, code, area, north, east) in enumerate(cases):
        rule, centre = policy.category(None, code), policy.areas.centre(STREETS[1])
        assert rule is not None
        assert centre is not None
        found.append(
            Report(
                report_id=f"calls/{number}",
                reported_at=BEGIN + at,
                intent="report",
                channel="hotline",
                category=rule.category,
                severity=rule.severity,
                urgency=rule.urgency,
                self_handled=True,
                place=Place(
                    lat=round(centre[0] + north, 5),
                    lon=round(centre[1] + east, 5),
                    street=area,
                    district=area[:6],
                    method="given",
                ),
                policy_version=policy.version,
            )
        )
    return sorted(found, key=lambda report: (report.reported_at, report.report_id))


def _spread(chance: random.Random) -> float:
    """Degrees from the middle: within about eight kilometres."""
    return chance.uniform(-0.04, 0.04)


def _feed(reports: list[Report], seed: int | None) -> Iterator[list[Fed]]:
    """What arrives, some hours at a time, each ended by the promise of intake and sensing."""
    chance = None if seed is None else random.Random(seed)
    parts: dict[int, list[Report]] = defaultdict(list)
    for report in reports:
        parts[(report.reported_at - BEGIN) // STEP].append(report)
    homes = Homes(WIDTH)
    last = timedelta(days=DAYS + 1) // STEP
    for step in range(last):
        fed = []
        for report in parts.get(step, ()):
            key = str(report.place.street)
            event = ReportEvent(
                id=f"{report.report_id}/report",
                source="/intake",
                subject=report.report_id,
                time=report.reported_at,
                data=report,
            )
            fed.append(Fed(topics.STREET_INBOX, homes[key.encode()], key, encode(event)))
        if chance is not None:
            chance.shuffle(fed)
        yield fed + promises(BEGIN + STEP * (step + 1), final=step == last - 1)


@pytest.fixture
async def town(broker: str, prefix: str, tmp_path: Path) -> AsyncIterator[Town]:
    home = tmp_path / "policy"
    _policy(home)
    async with opened(broker, prefix, home, tmp_path) as made:
        yield made


async def test_patterns_end_the_same_on_workers_that_are_killed(town: Town) -> None:
    policy = policy_files.load(town.settings.policy_dir)
    reports = _reports(policy, 5)
    ordered = judged_in_process(policy, _feed(reports, None))
    told = {str(word[0]).split("/")[0] for word in ordered.values()}
    assert {"W16", "W17", "W18"} <= told, "all three are in it"
    hours = list(_feed(reports, 11))
    stages = ("street", "district", "city")
    for stage in stages:
        town.start(stage)
    middle = 4 * (DAYS - 2)
    await town.feed(hours[:middle])
    begun = await town.until(policy, bool)
    assert begun, "nothing was told before the workers are killed"
    await town.feed(hours[middle:])
    for stage in ("district", "city"):  # in the midst of it
        town.kill(stage)
    for stage in ("district", "city"):
        town.start(stage)
    found = await town.until(policy, lambda words: words == ordered)
    logs = "\n".join(path.read_text()[-1_500:] for path in town.home.glob("*.log"))
    assert found == ordered, logs
