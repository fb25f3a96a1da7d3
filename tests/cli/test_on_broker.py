"""What operators read, against a real broker."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import timedelta
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from agents.cli.incident import app as incident
from agents.cli.watch import app as watch
from agents.ledger import open_ledger
from agents.settings import Settings
from schemas.alert import Alert, AlertEvent, Trigger
from schemas.errors import ConfigurationError
from schemas.incident import Escalation
from schemas.outcome import Reply, ReplyEvent
from schemas.terms import Place
from streams import topics
from streams.incidents.audit import FIRST_HASH, chained
from tests.cli.typed import NOON, Publish, call, lines, matter


async def test_a_list_shows_the_newest_state_of_what_is_open_the_most_pressing_first(
    publish: Publish,
) -> None:
    for number in (3, 1, 2):
        event = matter(number, unit="drainage" if number == 2 else None)
        await publish(topics.INCIDENTS, event.data.incident_id, event)
    done = matter(1, state="closed", version=2, closed_at=NOON)
    await publish(topics.INCIDENTS, done.data.incident_id, done)
    late = matter(3, overdue=True, version=2, severity="III", tier="district", area="990101")
    await publish(topics.INCIDENTS, late.data.incident_id, late)

    found = lines(await call(incident, "list", "--json"))
    assert [(i["incident_id"][-1], i["version"]) for i in found] == [("3", 2), ("2", 1)]
    for option, wanted in (
        (("--state", "all"), "321"),
        (("--state", "closed"), "1"),
        (("--tier", "district"), "3"),
        (("--area", "990101001", "--tier", "street"), "2"),
        (("--severity", "III"), "3"),
        (("--overdue",), "3"),
        (("--contains", "积水 2"), "2"),
        (("--limit", "1"), "3"),
    ):
        found = lines(await call(incident, "list", "--json", *option))
        assert "".join(i["incident_id"][-1] for i in found) == wanted, option

    for option, wanted in (
        (("--unit", "drainage"), "2"),
        (("--category", "1001"), "32"),
        (("--category", "道路"), "32"),
        (("--category", "2001"), ""),
        (("--since", "2026-09-21"), "32"),
        (("--since", "2026-09-22"), ""),
        (("--sort", "grave"), "32"),
        (("--sort", "new", "--state", "all"), "123"),
    ):
        found = lines(await call(incident, "list", "--json", *option))
        assert "".join(i["incident_id"][-1] for i in found) == wanted, option
    everything = lines(await call(incident, "list", "--json", "--all", "--state", "all"))
    assert sorted(i["incident_id"][-1] for i in everything) == ["1", "2", "3"]
    both = await call(incident, "list", "--all")
    assert isinstance(both.exception, ConfigurationError)

    shown = await call(incident, "list")
    assert "990101001-260921-0003" in shown.stdout
    assert "共 2 件" in shown.stdout
    assert "超时" in shown.stdout
    assert "2 in all" in (await call(incident, "list", "--lang", "en")).stdout
    wrong = await call(incident, "list", "--tier", "village")
    assert isinstance(wrong.exception, ConfigurationError)


async def test_a_table_for_spreadsheets_has_the_readers_words_and_no_formulas(
    publish: Publish,
) -> None:
    event = matter(4, place=Place(street="990101001", address="=HYPERLINK(1)"), overdue=True)
    await publish(topics.INCIDENTS, event.data.incident_id, event)
    for options in ((), ("--all",)):
        chinese = (await call(incident, "list", "--csv", *options)).stdout
        assert chinese.startswith("\ufeff案件号,等级,")
        (row,) = csv.DictReader(io.StringIO(chinese.removeprefix("\ufeff")))
        assert (row["地址"], row["是否超时"], row["状态"]) == ("'=HYPERLINK(1)", "是", "已派遣")
    english = (await call(incident, "list", "--csv", "--lang", "en")).stdout
    (row,) = csv.DictReader(io.StringIO(english))
    assert (row["overdue"], row["state"], row["tier"]) == ("yes", "dispatched", "street")


def audited(entries: list[dict[str, Any]]) -> list[bytes]:
    """A chain of audit entries, byte for byte as the tiers write it."""
    events: list[bytes] = []
    previous = FIRST_HASH
    for n, entry in enumerate(entries, start=1):
        whole = {"n": n, "version": n, "policy_version": "p@1", "previous_hash": previous, **entry}
        raw, previous = chained(whole)
        envelope = {
            "specversion": "1.0",
            "id": f"a/{n}",
            "source": "/street/1",
            "time": entry["at"],
            "type": "cn.chengyun.audit-entry.v1",
        }
        events.append(b'%b,"data":%b}' % (orjson.dumps(envelope)[:-1], raw))
    return events


async def test_the_story_of_an_incident_tells_everything_in_order(publish: Publish) -> None:
    event = matter(
        7,
        tier="district",
        area="990101",
        overdue=True,
        due_at=NOON + timedelta(hours=1),
        resolved_at=NOON + timedelta(hours=2, minutes=20),
        escalations=[
            Escalation(
                rule="E2", at=NOON + timedelta(hours=1), from_area="990101001", to_area="990101"
            )
        ],
    )
    name = event.data.incident_id
    await publish(topics.INCIDENTS, name, event)
    base = {"incident_id": name, "actor": {"id": "system", "role": "system", "synthetic": False}}
    at = NOON.isoformat()
    later = (NOON + timedelta(hours=1)).isoformat()
    chain = audited(
        [
            {**base, "to": "dispatched", "action": "open", "at": at, "detail": {}},
            {
                **base,
                "from": "dispatched",
                "to": "dispatched",
                "action": "escalate",
                "rule": "E2",
                "at": later,
                "detail": {"from_area": "990101001", "to_area": "990101"},
            },
        ]
    )
    for entry in chain:
        await publish(topics.AUDIT, name, entry)
    await publish(
        topics.DISTRICT_ALERTS,
        "E2/7",
        alert_event("E2/7", incident_id=name, changed_at=NOON + timedelta(hours=1)),
    )
    await publish(topics.DISTRICT_ALERTS, "E2/8", alert_event("E2/8", incident_id="another"))
    reply = Reply(report_id="app/7", outcome="accepted", incident_id=name, result="已派遣")
    await publish(
        topics.REPLIES, "app/7", ReplyEvent(id="r/7", source="/street/1", time=NOON, data=reply)
    )

    shown = (await call(incident, "show", name)).stdout
    order = [shown.index(part) for part in ("立案", "上报", "■红 发布 督办", "诉求 1 件")]
    assert order == sorted(order)
    assert "超时 1小时20分" in shown
    assert "答复 app/7:已受理  已派遣" in shown
    assert "审计链完整,共 2 条" in shown
    told = json.loads((await call(incident, "show", name, "--json")).stdout)
    assert [len(told[part]) for part in ("audit", "alerts", "replies")] == [2, 1, 1]

    await publish(topics.AUDIT, name, chain[1].replace(b'"n":2', b'"n":3'))
    assert "审计链不完整" in (await call(incident, "show", name)).stdout
    missing = await call(incident, "show", "990101001-000000-none")
    assert missing.exit_code == 1
    assert "查无此案" in missing.output


def alert_event(alert_id: str, **more: Any) -> AlertEvent:
    given: dict[str, Any] = {
        "alert_id": alert_id,
        "revision": 1,
        "key": "E2/990101/x",
        "trigger": Trigger(id="E2", version="1"),
        "scale": "supervision",
        "tier": "district",
        "area": "990101",
        "colour": "red",
        "state": "opened",
        "title": "E2 提级",
        "suggested_action": "接手指挥",
        "opened_at": NOON,
        "changed_at": NOON,
        "policy_version": "p@1",
        **more,
    }
    return AlertEvent(
        id=alert_id, source="/district/990101", time=NOON, data=Alert.model_validate(given)
    )


async def test_a_scan_sees_what_was_committed_and_ends_behind_commit_markers(
    settings: Settings, broker: str
) -> None:
    topic = topics.INCIDENTS
    producer = AIOKafkaProducer(bootstrap_servers=broker, transactional_id=f"{settings.prefix}x")
    await producer.start()
    try:
        for number, kept in enumerate((True, False, True)):
            await producer.begin_transaction()
            for place in range(2):
                await producer.send(
                    settings.physical(topic.name), b"%d" % number, key=b"k", partition=place
                )
            await (producer.commit_transaction() if kept else producer.abort_transaction())
    finally:
        await producer.stop()
    progress: list[tuple[int, int]] = []
    async with open_ledger(settings, broker, [topic, topics.AUDIT]) as ledger:

        async def values(**how: Any) -> list[bytes]:
            found = [b async for b in ledger.scan([topic, topics.AUDIT], **how)]
            return sorted(record.value or b"" for batch in found for record in batch)

        assert await values(progress=lambda *told: progress.append(told)) == [
            b"0",
            b"0",
            b"2",
            b"2",
        ]
        assert progress[0][0] == 0
        assert progress[-1] == (progress[0][1], progress[0][1])
        assert await values(key="k") == [b"0", b"2"]
        ends = await ledger.ends([topic])
        assert await values(since=ends) == []
        newest = await ledger.newest([topic], 1)
        assert [record.value for record in newest] == [b"2", b"2"]
        assert await ledger.newest([topic], 5, after=ends) == []


async def test_watching_tells_alerts_from_before_and_news_as_it_comes(
    publish: Publish, settings: Settings
) -> None:
    import sys

    await publish(topics.DISTRICT_ALERTS, "E2/1", alert_event("E2/1", title="此前的提级"))
    await publish(topics.CITY_ALERTS, "E2/2", alert_event("E2/2", tier="city", title="市级"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from agents.cli.main import main; main()"),
        *("watch", "--tier", "district", "--plain"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None

    async def read_until(wanted: str) -> str:
        text = ""
        while wanted not in text:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), 20)
            assert line, text
            text += line.decode()
        return text

    try:
        before = await read_until("等待")
        assert "■红 发布 督办  此前的提级" in before
        assert "市级" not in before
        assert "建议:接手指挥" in before
        event = matter(9, tier="district", area="990101")
        await publish(topics.INCIDENTS, event.data.incident_id, event)
        assert "Ⅳ 已派遣  道路积水 9" in await read_until("道路积水 9")
        same = matter(9, tier="district", area="990101", report_count=2)
        await publish(topics.INCIDENTS, same.data.incident_id, same)
        await publish(
            topics.DISTRICT_ALERTS, "E2/1", alert_event("E2/1", revision=2, state="closed")
        )
        assert "道路积水 9" not in await read_until("■红 解除 督办")
    finally:
        process.terminate()
        await process.wait()


async def test_a_city_that_is_not_there_is_named(settings: Settings) -> None:
    answer = await call(watch, "--prefix", "nobody.")
    assert isinstance(answer.exception, ConfigurationError)
    assert "nobody." in str(answer.exception)


async def test_what_waits_for_the_tier_above_is_listed_by_who_gave_it(publish: Publish) -> None:
    lifted = Escalation(rule="E2", at=NOON, from_area="990101001", to_area="990101")
    for number, handed in ((5, NOON), (6, None)):
        event = matter(
            number, tier="district", area="990101", escalations=[lifted], handed_at=handed
        )
        await publish(topics.INCIDENTS, event.data.incident_id, event)
    for area, wanted in (((), "5"), (("--area", "990101001"), "5"), (("--area", "990102"), "")):
        found = lines(await call(incident, "list", "--json", "--waiting", *area))
        assert "".join(i["incident_id"][-1] for i in found) == wanted
