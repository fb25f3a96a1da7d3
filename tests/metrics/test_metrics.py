"""Figures and probes tell the truth, also after a restart."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from agents.census import Census, Matter, lift, standing
from agents.health import LIVE_S, Condition, HealthServer
from agents.metrics import MOST_LABELS, Bounded, Metrics
from agents.runtime.observe import CommittedChunk, Observer
from schemas.codec import encode
from schemas.dead_letter import Reason
from schemas.handoff import HandoffEvent
from schemas.incident import IncidentEvent
from schemas.report import Report, ReportEvent
from schemas.terms import TERMINAL, Category, Place
from streams import topics
from streams.dead_letters import bury
from streams.effects import Effects
from streams.partition import Partition
from streams.policy import Policy
from streams.program import Output, Record
from streams.street import program
from tests.streams.incidents.play import Play
from tests.streams.incidents.play import policy as example

NOW = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)


def report(number: int, policy: Policy, **more: Any) -> Record:
    """A report on its way to the first street of the shipped policy."""
    street = policy.areas.streets[0]
    kind = next(entry for group in policy.categories.groups for entry in group.entries)
    data: dict[str, Any] = {
        "report_id": f"app/{number}",
        "reported_at": NOW,
        "intent": "report",
        "channel": "app",
        "category": Category(
            catalogue=policy.catalogue,
            version=policy.catalogue_version,
            code=kind.code,
            name=kind.name.zh,
        ),
        "severity": "V",
        "urgency": "normal",
        "place": Place(street=street, district=policy.areas.parent(street)),
        "policy_version": policy.version,
        **more,
    }
    event = ReportEvent(
        id=f"app/{number}/report", source="/intake", time=NOW, data=Report.model_validate(data)
    )
    return Record(
        topics.STREET_INBOX.name, 0, number, 1_781_485_200_000, street.encode(), encode(event)
    )


@pytest.fixture(scope="module")
def policy() -> Policy:
    from agents import policy_files

    return policy_files.load(None)


def chunk(effects: Effects, **more: Any) -> CommittedChunk:
    """A committed chunk with these effects."""
    given: dict[str, Any] = {
        "oldest_ms": None,
        "step_s": 0.002,
        "transaction_s": 0.004,
        "now": NOW,
        **more,
    }
    return CommittedChunk(effects=effects, **given)


def samples(metrics: Metrics) -> dict[str, float]:
    """Every sample of the exposition by its name and labels."""
    from prometheus_client.exposition import generate_latest

    return {
        f"{s.name}{dict(sorted(s.labels.items()))}": s.value
        for family in text_string_to_metric_families(generate_latest(metrics.registry).decode())
        for s in family.samples
    }


def test_open_incidents_are_the_same_counted_on_and_counted_from_the_restored_state(
    policy: Policy,
) -> None:
    lane = Partition(program(policy), 0)
    lane.loaded()
    running = Metrics("street")
    grave: dict[str, Any] = {"severity": "III"}
    records = [report(n, policy, **(grave if n % 4 == 0 else {})) for n in range(40)]
    left = records
    while left:
        effects = lane.compute(left, NOW)
        lane.accept(effects)
        running.committed("street", 0, chunk(effects))
        left = left[effects.consumed :]
    restarted = Metrics("street")
    restarted.restored("street", 0, lane.base, lane.program)
    counted = {k: v for k, v in samples(running).items() if k.startswith("chengyun_open")}
    assert counted == {k: v for k, v in samples(restarted).items() if k.startswith("chengyun_open")}
    assert sum(counted.values()) > 0
    # What was handed up with severity III is the district's now, not the street's.
    assert counted["chengyun_open_incidents{'severity': 'III', 'tier': 'street'}"] == 0


def test_the_bytes_of_an_incident_are_read_as_the_message_says(policy: Policy) -> None:
    lane = Partition(program(policy), 0)
    lane.loaded()
    outputs = lane.compute([report(n, policy) for n in range(3)], NOW).outputs
    published = [o for o in outputs if o.topic is topics.INCIDENTS]
    assert published
    for output in published:
        assert isinstance(output.message, bytes)
        data = IncidentEvent.model_validate_json(output.message).data
        told = standing(output.message)
        assert told == (data.incident_id, data.state, data.tier, data.severity, data.overdue)
        # Also when a later writer puts the fields in another order.
        turned = json.dumps({"data": data.model_dump(mode="json")}, sort_keys=True).encode()
        assert standing(turned) == told


def test_a_report_that_was_late_does_not_make_its_incident_overdue(policy: Policy) -> None:
    lane = Partition(program(policy), 0)
    lane.loaded()
    outputs = lane.compute([report(1, policy)], NOW).outputs
    message = next(o.message for o in outputs if o.topic is topics.INCIDENTS)
    event = IncidentEvent.model_validate_json(message)  # type: ignore[arg-type]
    event.data.reports[0].overdue = True
    event.data.title = 'says "overdue":true'
    assert not standing(encode(event)).overdue
    event.data.overdue = True
    assert standing(encode(event)).overdue


def test_a_hand_off_counts_as_an_escalation_by_its_rule(policy: Policy) -> None:
    lane = Partition(program(policy), 0)
    lane.loaded()
    effects = lane.compute([report(4, policy, severity="III")], NOW)
    lifts = [found for output in effects.outputs if (found := lift(output)) is not None]
    handed = [o for o in effects.outputs if b"handoff" in bytes(o.message)]  # type: ignore[arg-type]
    assert len(lifts) == len(handed) == 1
    assert HandoffEvent.model_validate_json(handed[0].message).data.rule == lifts[0].rule  # type: ignore[arg-type]
    metrics = Metrics("street")
    metrics.committed("street", 0, chunk(effects))
    labels = {"direction": "up", "rule": lifts[0].rule, "tier": "street"}
    assert samples(metrics)[f"chengyun_escalations_total{labels}"] == 1


def test_a_closed_incident_leaves_the_census() -> None:
    census = Census("street")
    body = (
        b'{"data":{"incident_id":"a-1","version":1,"state":"%b","tier":"street",'
        b'"severity":"V","urgency":"normal","opened_at":"x","overdue":false}'
    )
    due = bytes(8)
    census.committed(0, [(b"4incident/a/a-1", due + body % b"dispatched" + b"}")])
    assert census.open[Matter("V", False)] == 1
    census.committed(0, [(b"4member/a/x", b"other namespaces do not count")])
    census.committed(0, [(b"4incident/a/a-1", due + body % b"dispatched" + b',"given_to":"b"}')])
    assert census.open[Matter("V", False)] == 0
    for state in sorted(TERMINAL):
        census.committed(0, [(b"4incident/a/a-1", due + body % b"accepted" + b"}")])
        census.committed(0, [(b"4incident/a/a-1", due + body % state.encode() + b"}")])
        assert census.open.total() == 0
    census.committed(0, [(b"4incident/a/a-1", due + body % b"accepted" + b"}")])
    census.committed(0, [(b"4incident/a/a-1", None)])
    assert census.open.total() == 0
    census.committed(1, [(b"4incident/a/a-1", due + body % b"accepted" + b"}")])
    census.lost(1)
    assert census.open.total() == 0


def test_dead_letters_are_counted_by_reason_and_reasons_are_bounded() -> None:
    metrics = Metrics("intake")
    record = Record("chengyun.intake.reports.v1", 0, 1, 0, b"k", b"{")
    letter = bury(
        record, Reason(code="not_json", message='says "reason":{"code":"x"'), "intake", NOW
    )
    effects = Effects(dead=[letter], consumed=1)
    metrics.committed("intake", 0, chunk(effects))
    assert (
        samples(metrics)["chengyun_records_dead_total{'reason': 'not_json', 'stage': 'intake'}"]
        == 1
    )
    bounded = Bounded(3)
    assert [bounded(str(n)) for n in range(6)] == ["0", "1", "2", "other", "other", "other"]
    assert bounded("1") == "1"
    for n in range(MOST_LABELS * 2):
        letter = bury(record, Reason(code=f"code_{n}", message=""), "intake", NOW)
        metrics.committed("intake", 0, chunk(Effects(dead=[letter], consumed=1)))
    reasons = [s for s in samples(metrics) if s.startswith("chengyun_records_dead_total")]
    assert len(reasons) == MOST_LABELS + 1


def test_delay_is_the_age_of_the_oldest_record_in_seconds() -> None:
    metrics = Metrics("intake", clock=lambda: 1_000.0)
    metrics.committed("intake", 3, chunk(Effects(consumed=2), oldest_ms=998_500))
    labels = "{'partition': '3', 'stage': 'intake'}"
    assert samples(metrics)[f"chengyun_record_delay_seconds_sum{labels}"] == 1.5
    assert samples(metrics)["chengyun_records_in_total{'stage': 'intake'}"] == 2


def test_a_lane_shows_what_lies_before_it_and_where_it_would_begin_again() -> None:
    metrics = Metrics("street")
    metrics.assigned("street", [3])
    metrics.buffered("street", 3, 70)
    next_offset = {"chengyun.street.inbox.v1": 41}
    metrics.committed("street", 3, CommittedChunk(Effects(), None, 0.0, 0.0, NOW, next_offset))
    shown = samples(metrics)
    assert shown["chengyun_records_buffered{'partition': '3', 'stage': 'street'}"] == 70
    (offset,) = [v for k, v in shown.items() if k.startswith("chengyun_committed_offset")]
    assert offset == 41
    metrics.assigned("street", [])
    assert samples(metrics)["chengyun_records_buffered{'partition': '3', 'stage': 'street'}"] == 0


def test_alerts_are_counted_by_colour_and_their_age_in_real_seconds() -> None:
    when = (NOW - timedelta(seconds=120)).isoformat()
    message = (
        f'{{"specversion":"1.0","id":"a","source":"/street/1","time":"{when}",'
        '"type":"cn.chengyun.alert.v1","data":{"alert_id":"a","colour":"red","state":"opened"}}'
    ).encode()
    metrics = Metrics("street", speed=60.0)
    outputs = [Output(topics.STREET_ALERTS, "a", message)]
    metrics.committed("street", 0, chunk(Effects(outputs=outputs)))
    found = samples(metrics)
    assert found["chengyun_alerts_total{'colour': 'red', 'state': 'opened', 'tier': 'street'}"] == 1
    assert found["chengyun_event_to_alert_seconds_sum{'tier': 'street'}"] == 2.0
    replayed = Metrics("street", event_time=True)
    replayed.committed("street", 0, chunk(Effects(outputs=outputs)))
    assert "chengyun_event_to_alert_seconds_sum{'tier': 'street'}" not in samples(replayed)


def test_an_answer_is_counted_once_by_its_trigger_whatever_is_said_later() -> None:
    desk = Play(example())
    desk.finding("W5")
    (alert,) = [a for a in desk.alerts("street").values() if a.trigger.id == "W5"]
    desk.command(alert.alert_id, "confirm", kind="alert", key=alert.key)
    desk.at(5)
    desk.finding("W5", "raised", colour="orange")
    desk.finding("W5", "cleared")
    metrics = Metrics("street")
    outputs = [
        Output(topics.STREET_ALERTS, key, encode(event))
        for kind, key, event in desk.said
        if kind == "street.alerts"
    ]
    assert len(outputs) >= 3
    metrics.committed("street", 0, chunk(Effects(outputs=outputs)))
    answers = {k: v for k, v in samples(metrics).items() if "alert_answers_total" in k}
    assert answers == {
        "chengyun_alert_answers_total{'answer': 'confirmed', 'tier': 'street', 'trigger': 'W5'}": 1
    }


def test_every_metric_has_our_name_once_and_no_label_that_could_grow_without_end() -> None:
    metrics: Observer = Metrics("street")
    assert isinstance(metrics, Metrics)
    allowed = {"stage", "partition", "tier", "topic", "reason", "severity", "rule"}
    allowed |= {"direction", "colour", "state", "trigger", "answer"}
    ours = [m for m in vars(metrics).values() if isinstance(m, Counter | Gauge | Histogram)]
    assert len(ours) > 15
    names = [metric._name for metric in ours]
    assert len(set(names)) == len(names)
    for metric in ours:
        assert metric._name.startswith("chengyun_")
        assert set(metric._labelnames) <= allowed, metric._name


# --- probes


class Ticker:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_ready_means_that_everything_assigned_flows() -> None:
    condition = Condition(Ticker())
    assert condition.ready()[0] is False
    assert condition.ready()[1]["state"] == "joining"
    condition.assigned([0, 1])
    assert condition.ready()[0] is False
    condition.lane(0, "flowing")
    condition.lane(1, "restoring")
    condition.remaining(1, 5_000)
    ready, told = condition.ready()
    assert not ready
    assert told["state"] == "restoring"
    assert told["waiting"] == {"1": "restoring"}
    assert told["restore_remaining"] == 5_000
    condition.lane(1, "flowing")
    assert condition.ready() == (
        True,
        {
            "ready": True,
            "state": "ready",
            "flowing": [0, 1],
            "waiting": {},
            "restore_remaining": 0,
        },
    )
    condition.unsettled()
    assert condition.ready()[0] is False
    condition.assigned([])  # a spare worker without partitions is ready to take some
    assert condition.ready()[0] is True
    condition.lane(4, "failed")
    assert condition.ready()[0] is False
    condition.gone(4)
    assert condition.ready()[0] is True


def test_a_hanging_loop_is_neither_live_nor_ready() -> None:
    ticker = Ticker()
    condition = Condition(ticker)
    condition.assigned([])
    assert condition.live()[0]
    ticker.now += LIVE_S + 1
    assert condition.live()[0] is False
    assert condition.ready() == (False, {**condition.ready()[1], "state": "stuck"})
    condition.beat()
    assert condition.live()[0]
    assert condition.ready()[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[HealthServer, Metrics, Path]]:
    metrics = Metrics("city")
    file = tmp_path / "run" / "city.address"
    serving = HealthServer(metrics.condition, metrics.registry, address_file=file)
    serving.start()
    yield serving, metrics, file
    serving.stop()
    assert not file.exists()


def get(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_server_answers_three_questions_and_says_where_it_listens(
    server: tuple[HealthServer, Metrics, Path],
) -> None:
    serving, metrics, file = server
    address = file.read_text().strip()
    assert address == serving.address
    assert address.startswith("127.0.0.1:")
    status, body = get(address, "/readyz")
    assert status == 503
    assert json.loads(body)["state"] == "joining"
    metrics.assigned("city", [0])
    metrics.status("city", 0, "restoring")
    metrics.restoring("city", 0, 10, 990)
    assert json.loads(get(address, "/readyz")[1])["restore_remaining"] == 990
    metrics.status("city", 0, "flowing")
    assert get(address, "/readyz")[0] == 200
    assert get(address, "/livez")[0] == 200
    status, body = get(address, "/metrics")
    assert status == 200
    assert 'chengyun_partition_owned{partition="0",stage="city"} 1.0' in body
    assert get(address, "/admin")[0] == 404
    metrics.revoked("city", [0])
    assert get(address, "/readyz")[0] == 503
    assert 'chengyun_partition_owned{partition="0",stage="city"} 0.0' in get(address, "/metrics")[1]
