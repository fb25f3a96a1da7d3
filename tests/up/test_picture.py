"""The board shows what the workers say, over restarts too."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console

from agents.cli.wording import Wording
from agents.metrics import Metrics
from agents.up.board import Lines, draw, plain_tick
from agents.up.city import CityRecord
from agents.up.count import Count, TierCount
from agents.up.figures import Figures, read_figures
from agents.up.picture import Picture, StagePicture
from agents.up.summary import Summary, render
from schemas.alert import Alert, Trigger

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZH = Wording("zh", SHANGHAI)
EN = Wording("en", SHANGHAI)
NOON = datetime(2026, 9, 21, 14, 5, tzinfo=SHANGHAI)


def alert(number: int, **more: Any) -> Alert:
    given: dict[str, Any] = {
        "alert_id": f"W3/{number}",
        "revision": 1,
        "key": "W3/990101/road",
        "trigger": Trigger(id="W3", version="1"),
        "scale": "warning",
        "tier": "district",
        "area": "990101",
        "colour": "orange",
        "state": "opened",
        "title": f"道路积水 {number}",
        "opened_at": NOON,
        "changed_at": NOON + timedelta(minutes=number),
        "policy_version": "p@1",
        **more,
    }
    return Alert.model_validate(given)


def figures(**more: Any) -> Figures:
    return Figures(condition="ready", ready=True, **more)


def test_a_restarted_worker_counts_from_zero_and_the_board_does_not() -> None:
    stage = StagePicture("street")
    stage.look(figures(records_in=100, escalations=Counter({("E2", "up"): 3})), True, 1.0)
    stage.look(figures(records_in=150, escalations=Counter({("E2", "up"): 4})), True, 1.0)
    assert stage.rate == 50
    stage.look(None, False, 1.0)
    assert stage.condition == "down"
    stage.look(figures(records_in=30, escalations=Counter({("E2", "up"): 2})), True, 1.0)
    assert stage.records_in == 180
    assert stage.lifted == 6


def test_a_worker_that_restarts_between_two_looks_is_counted_on() -> None:
    stage = StagePicture("street")
    stage.look(figures(records_in=1_000), True, 1.0)
    stage.look(figures(records_in=10), True, 1.0)
    assert stage.records_in == 1_010


def test_a_worker_that_does_not_answer_is_stuck_only_if_it_ever_did() -> None:
    stage = StagePicture("city")
    stage.look(None, True, 1.0)
    assert stage.condition == "starting"
    stage.look(figures(), True, 1.0)
    stage.look(None, True, 1.0)
    assert stage.condition == "stuck"
    assert not stage.ready


def test_while_a_worker_restores_its_last_known_count_stands() -> None:
    stage = StagePicture("street")
    stage.look(figures(open=400, overdue=3), True, 1.0)
    restoring = Figures(condition="restoring", restore_remaining=9_000)
    stage.look(restoring, True, 1.0)
    assert (stage.open, stage.overdue) == (400, 3)


def test_time_is_complete_when_every_lane_of_every_stage_has_spoken() -> None:
    picture = Picture()
    lanes = {"street": 2, "city": 1}
    picture.stages["street"].look(figures(watermarks={0: NOON}), True, 1.0)
    picture.stages["city"].look(figures(watermarks={0: NOON}), True, 1.0)
    assert picture.complete_until(lanes) is None
    later = NOON + timedelta(hours=1)
    picture.stages["street"].look(figures(watermarks={0: later, 1: later}), True, 1.0)
    assert picture.complete_until(lanes) == NOON


def test_figures_are_read_from_what_a_worker_really_shows() -> None:
    from prometheus_client.exposition import generate_latest

    metrics = Metrics("street", clock=lambda: 1_000.0)
    metrics.assigned("street", [0])
    metrics.status("street", 0, "flowing")
    metrics.watermark("street", 0, NOON)
    metrics.open_incidents.labels("street", "V").set(7)
    metrics.overdue_incidents.labels("street").set(2)
    metrics.escalations.labels("street", "E2", "up").inc(3)
    metrics.alerts.labels("street", "red", "opened").inc(4)
    metrics.records_in.labels("street").inc(9)
    metrics.record_delay.labels("street", "0").observe(0.5)
    text = generate_latest(metrics.registry).decode()
    seen = read_figures(text, metrics.condition.ready()[1])
    assert seen.ready
    assert (seen.open, seen.overdue, seen.records_in) == (7, 2, 9)
    assert seen.escalations == {("E2", "up"): 3}
    assert seen.alerts == {("red", "opened"): 4}
    assert seen.delays == (0.5, 1.0)
    assert seen.watermarks == {0: NOON}


def full_picture() -> Picture:
    picture = Picture(fed=(500, 1_000), city_time=NOON, elapsed_s=83.0)
    for name, stage in picture.stages.items():
        stage.look(figures(records_in=10), True, 1.0)
        stage.look(figures(records_in=5_010, open=12_345, overdue=7, delays=(0.5, 10)), True, 1.0)
        stage.restarts = 1 if name == "street" else 0
    picture.newest = [alert(n) for n in range(40, 0, -1)]
    picture.notes.append("街道 意外退出")
    return picture


def drawn(width: int, height: int, words: Wording = ZH) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    console.print(draw(full_picture(), words, "模拟城市 种子 7", width, height))
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (132, 43), (200, 60)])
@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_the_board_fits_the_terminal(width: int, height: int, words: Wording) -> None:
    lines = drawn(width, height, words)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    assert any("12,345" in line for line in lines), "a count was cut"


def test_a_colour_has_its_shape_and_its_character() -> None:
    text = "\n".join(drawn(100, 30))
    assert "◆橙 发布 预警" in text
    assert "9月21日" in text
    assert "◆orange opened warning" in "\n".join(drawn(100, 30, EN))


def test_a_warning_to_many_areas_takes_one_line() -> None:
    picture = full_picture()
    picture.newest = [
        alert(n, title="暴雨橙色预警", area=f"9901010{n:02}") for n in range(20, 0, -1)
    ]
    console = Console(file=io.StringIO(), width=100, height=30)
    console.print(draw(picture, ZH, "", 100, 30))
    output = console.file
    assert isinstance(output, io.StringIO)
    assert output.getvalue().count("暴雨橙色预警") == 1
    assert "990101020 等" in output.getvalue()


def test_plain_lines_tell_each_alert_once() -> None:
    console = Console(file=io.StringIO(), width=200)
    lines = Lines(console, ZH, every_s=0.0)
    picture = full_picture()
    picture.newest = [alert(2), alert(1)]
    lines.show(picture)
    picture.elapsed_s += 10
    picture.newest = [alert(3), alert(2), alert(1)]
    lines.show(picture)
    output = console.file
    assert isinstance(output, io.StringIO)
    text = output.getvalue()
    assert [text.count(f"道路积水 {n}") for n in (1, 2, 3)] == [1, 1, 1]
    assert plain_tick(picture, ZH) in text


def test_the_summary_says_what_each_tier_did() -> None:
    count = Count()
    count.tiers["street"] = TierCount(opened=90, closed=80, open=6, alerts=Counter(red=2))
    count.tiers["district"] = TierCount(received=4, open=4, overdue=1)
    count.settled_at_street = 76
    count.escalations.update({"E2": 4})
    summary = Summary(
        prefix="t.",
        bootstrap="127.0.0.1:1",
        logs="/tmp/x",
        ended="time",
        events=1_000,
        seconds=10.0,
        restarts={"street": 1, "city": 0},
        count=count,
    )
    console = Console(file=io.StringIO(), width=120)
    console.print(render(summary, ZH))
    output = console.file
    assert isinstance(output, io.StringIO)
    text = output.getvalue()
    assert "95.0%(已结 80 件中 76 件)" in text
    assert "■红 2" in text
    assert "100 条/秒" in text
    assert "街道 1" in text
    told = summary.as_dict()
    assert told["tiers"]["district"]["received"] == 4
    assert told["escalations"] == {"E2": 4}
    assert told["events_per_s"] == 100.0


def test_a_city_that_has_stopped_keeps_the_time_it_had() -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    record = CityRecord(
        prefix="t.",
        bootstrap="x:1",
        embedded=True,
        timezone="Asia/Shanghai",
        real_origin=began,
        city_origin=NOON,
        speed=60.0,
        pid=1,
        started_at=began,
        ended_at=began + timedelta(minutes=2),
    )
    assert record.now() == NOON + timedelta(hours=2)
    assert not record.runs()
    assert record.model_copy(update={"time": "event"}).now() is None
