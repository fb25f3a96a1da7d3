"""The scoreboard end to end: three tiers on the broker, the command, the gauges, a measure.

Twelve places of a street have the same matter every other day. Two get a measure, after
which nothing happens there any more. What the tiers then say on the topic is what the
command prints and what the workers' gauges show, and it is what one process comes to.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import yaml
from typer.testing import CliRunner

from agents import policy_files, topic_admin
from agents.backtest.city import City
from agents.bench.cluster import read_all
from agents.cli.scoreboard import app
from schemas.codec import encode
from schemas.command import Command, CommandEvent, Subject
from schemas.outcome import ProblemEvent
from schemas.report import Report, ReportEvent, ReportUpdate, ReportUpdateEvent
from schemas.score import Score, ScoreEvent
from schemas.terms import Actor, Place
from streams import city, district, street, topics
from streams.partitioner import Homes
from streams.policy import Policy
from streams.program import Output
from streams.topics import Sizing, Topic
from tests.broker.towns import WIDTH, Fed, Town, opened, promises

BEGIN = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # Monday 2 March begins in the city
DAY = timedelta(days=1)
STREET, OTHER, CITY = "990101001", "990102001", "9901"
KIND = "200501"
PLACES, TREATED = 12, 2
MEASURED, DAYS = 9, 28


def _policy(home: Path) -> Policy:
    """The shipped policy without the detectors that a scoreboard does not need."""
    shutil.copytree(Path(policy_files.__file__).parents[1] / "deploy" / "policy", home)
    file = home / "triggers.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name in ("surge", "hotspots", "chains", "repeats"):
        document["triggers"][name] = None
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return policy_files.load(home)


def _report(policy: Policy, area: str, place: int, day: int) -> list[Fed]:
    """A matter at a place of a street, and that it was settled within the hour."""
    rule = policy.category(None, KIND)
    centre = policy.areas.centre(area)
    assert rule is not None
    assert centre is not None
    name = f"calls/{area}/{place}/{day}"
    at = BEGIN + day * DAY + timedelta(hours=9, minutes=place)
    data = Report(
        report_id=name,
        reported_at=at,
        intent="report",
        channel="hotline",
        category=rule.category,
        severity=rule.severity,
        urgency=rule.urgency,
        place=Place(
            street=area,
            district=area[:6],
            lat=centre[0] + 0.002 * place,
            lon=centre[1],
            method="given",
        ),
        policy_version=policy.version,
    )
    done = at + timedelta(minutes=50)
    update = ReportUpdate(report_id=name, kind="closed", updated_at=done)
    events = (
        ReportEvent(id=f"{name}/report", source="/intake", subject=name, time=at, data=data),
        ReportUpdateEvent(id=f"{name}/end", source="/intake", subject=name, time=done, data=update),
    )
    return [_to_street(area, encode(event)) for event in events]


def _to_street(area: str, value: bytes) -> Fed:
    return Fed(topics.STREET_INBOX, Homes(WIDTH)[area.encode()], area, value)


def _measure(problem_id: str) -> Fed:
    command = Command(
        command_id=f"measure/{problem_id}",
        subject=Subject(kind="problem", id=problem_id),
        action="measure",
        actor=Actor(id="op", role="operator", tier="street", area=STREET),
        arguments={"measure": "a pitch of their own", "review_at": (BEGIN + 60 * DAY).isoformat()},
    )
    event = CommandEvent(
        id=command.command_id, source="/desk", subject=problem_id, time=BEGIN, data=command
    )
    return _to_street(STREET, encode(event))


def _days(policy: Policy, begin: int, end: int) -> list[list[Fed]]:
    """What happens from one day to another, each ended by the promise of intake and sensing."""
    told = []
    for day in range(begin, end):
        fed: list[Fed] = []
        for place in range(PLACES):
            if (day + place) % 2 == 0 and not (place < TREATED and day >= MEASURED):
                fed += _report(policy, STREET, place, day)
        if day % 3 == 0:
            fed += _report(policy, OTHER, day, day)
        told.append(fed + promises(BEGIN + (day + 1) * DAY, final=day == DAYS - 1))
    return told


class _InProcess:
    """The same tiers in one process."""

    def __init__(self, policy: Policy) -> None:
        self.problems: dict[str, ProblemEvent] = {}
        self.scores: dict[tuple[str, str], Score] = {}
        programs = {
            "street": street.program(policy),
            "district": district.program(policy),
            "city": city.program(policy),
        }
        sizing = Sizing(intake=WIDTH, sensing=WIDTH, street=WIDTH, district=WIDTH, outbox=WIDTH)
        self.city = City(programs, mode="event", sizing=sizing, listener=self._hear)

    def _hear(self, topic: Topic, key: str, value: bytes) -> None:
        if topic is topics.PROBLEMS:
            self.problems[key] = ProblemEvent.model_validate_json(value)
        elif topic is topics.SCOREBOARD:
            score = ScoreEvent.model_validate_json(value).data
            self.scores[score.area, score.week] = score

    def feed(self, told: Sequence[Sequence[Fed]]) -> None:
        for fed in told:
            for one in fed:
                self.city._queue(Output(one.topic, one.key, one.value, one.partition))
            self.city.run()

    def worst(self, policy: Policy) -> list[str]:
        """The problems of the places that are to be treated, by where they lie."""
        centre = policy.areas.centre(STREET)
        assert centre is not None
        return [
            name
            for name, event in sorted(self.problems.items())
            if event.data.lat is not None and event.data.lat < centre[0] + 0.002 * TREATED - 0.001
        ]


@pytest.fixture
async def town(
    broker: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    home = tmp_path / "policy"
    _policy(home)
    told = {"BROKER": broker, "PREFIX": prefix, "PARTITIONS": str(WIDTH), "REPLICATION": "1"}
    for name, value in {**told, "POLICY_DIR": str(home)}.items():
        monkeypatch.setenv(f"CHENGYUN_{name}", value)
    async with opened(broker, prefix, home, tmp_path) as made:
        for stage in ("street", "district", "city"):
            monkeypatch.setenv("CHENGYUN_METRICS_FILE", str(tmp_path / f"{stage}.address"))
            made.start(stage)
        monkeypatch.delenv("CHENGYUN_METRICS_FILE")
        yield made


async def _scores(town: Town) -> dict[tuple[str, str], Score]:
    """The last word about each area and week that is on the topic now."""
    found: dict[tuple[str, str], Score] = {}
    width = topic_admin.sizing(town.settings, embedded=False).partitions(topics.SCOREBOARD.width)
    name = town.settings.physical(topics.SCOREBOARD.name)
    async for records in read_all(town.client, [name], width):
        for record in records:
            score = ScoreEvent.model_validate_json(record.value).data
            known = found.get((score.area, score.week))
            if known is None or known.revision <= score.revision:
                found[score.area, score.week] = score
    return found


async def _until(
    town: Town, told: Callable[[dict[tuple[str, str], Score]], bool]
) -> dict[tuple[str, str], Score]:
    found: dict[tuple[str, str], Score] = {}
    for _ in range(240):
        found = await _scores(town)
        if told(found):
            return found
        await asyncio.sleep(0.5)
    logs = "\n".join(path.read_text()[-1_500:] for path in town.home.glob("*.log"))
    raise AssertionError(f"{sorted(found)}\n{logs}")


async def _gauges(town: Town, stage: str) -> dict[str, float]:
    address = (town.home / f"{stage}.address").read_text().strip()

    def ask() -> str:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    lines = (await asyncio.to_thread(ask)).splitlines()
    found = [line.rsplit(" ", 1) for line in lines if line.startswith("chengyun_scoreboard_")]
    return {name: float(value) for name, value in found}


async def _printed(*arguments: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_what_the_tiers_score_is_what_people_and_gauges_read(town: Town) -> None:
    policy = policy_files.load(town.settings.policy_dir)
    alike = _InProcess(policy)
    first, rest = _days(policy, 0, MEASURED), _days(policy, MEASURED, DAYS)
    alike.feed(first)
    orders = [_measure(name) for name in alike.worst(policy)]
    assert len(orders) == TREATED
    await town.feed(first)
    # Orders have no event time: they are given when the city has seen the days before.
    weeks = sorted({week for _, week in alike.scores})
    revision = alike.scores[CITY, weeks[-1]].revision
    await _until(town, lambda f: (CITY, weeks[-1]) in f and f[CITY, weeks[-1]].revision >= revision)
    alike.feed([orders, *rest])
    await town.feed([orders, *rest])
    wanted = {key: score.model_dump() for key, score in alike.scores.items()}
    found = await _until(
        town, lambda f: {key: score.model_dump() for key, score in f.items()} == wanted
    )

    last = max(week for _, week in found)
    whole, part = found[CITY, last], found["990101", last]
    assert whole.spared.problems == TREATED
    assert whole.spared.value is not None
    assert whole.spared.low is not None
    assert whole.spared.high is not None
    truth = TREATED * (DAYS - MEASURED - 1) / 2
    assert whole.spared.low <= truth <= whole.spared.high
    assert whole.spared.low > 0, "two places without a case for three weeks are no chance"

    # The command: by area, by kind, by week, for each tier.
    by_area = [json.loads(row) for row in (await _printed("--json")).splitlines()]
    assert {row["area"] for row in by_area} == {CITY, "990101", "990102"}
    for row in by_area:
        line = found[row["area"], last].lines["*"]
        assert row["counts"] == line.counts
        assert row["settled_low"] == line.settled_low.model_dump(exclude_none=True)
    (kind,) = (await _printed("--by", "kind", "--area", STREET, "--json")).splitlines()
    assert json.loads(kind)["kind"] == KIND
    assert json.loads(kind)["counts"] == found[STREET, last].lines[KIND].counts
    by_week = [orjson.loads(row) for row in (await _printed("--by", "week", "--json")).splitlines()]
    assert [row["week"] for row in by_week] == sorted({week for _, week in found})
    text = await _printed("--lang", "en", "--plain")
    assert f"Cases spared by measures: {whole.spared.value:.0f} (90 %" in text

    # The gauges: those of the worker that owns the area.
    for stage, score in (("city", whole), ("district", part)):
        gauges = await _gauges(town, stage)
        here = f'area="{score.area}",bound="{{}}"'
        for bound in ("value", "low", "high"):
            labels = f'{here.format(bound)},tier="{stage}"'
            shown = gauges[f"chengyun_scoreboard_cases_spared{{{labels}}}"]
            assert shown == getattr(score.spared, bound)
            labels = f'{here.format(bound)},figure="recurrent",tier="{stage}"'
            shown = gauges[f"chengyun_scoreboard_share{{{labels}}}"]
            assert shown == getattr(score.lines["*"].recurrent, bound)
