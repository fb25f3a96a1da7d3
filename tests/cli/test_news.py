"""What `chengyun watch` tells of a case: each thing once, in words, and nothing that is no news."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from agents import policy_files
from agents.cli.news import Seen, news
from agents.cli.watch import Sight
from agents.cli.wording import Wording
from agents.simulate.api import DEFAULT_SEED, ORIGIN
from agents.simulate.city import SimulatedCity
from agents.stories import BY_LETTER
from agents.stories.memory import InMemory
from agents.stories.play import play
from schemas.incident import Incident, IncidentEvent
from streams.topics import INCIDENTS

POLICY = policy_files.load(None)
WORDS = Wording("zh", ZoneInfo("Asia/Shanghai")).naming(POLICY)


async def published(letter: str) -> list[Incident]:
    """Each state of each incident of a scripted day, in order."""
    theatre = InMemory(POLICY)
    states: list[Incident] = []
    take = theatre.heard.take

    class Listening:
        def take(self, topic: str, key: str, value: bytes | None) -> None:
            if topic == INCIDENTS.name and value is not None:
                states.append(IncidentEvent.model_validate_json(value).data)
            take(topic, key, value)

        def __getattr__(self, name: str) -> object:
            return getattr(heard, name)

    heard = theatre.heard
    theatre.heard = Listening()  # type: ignore[assignment]
    city = SimulatedCity(POLICY, DEFAULT_SEED)
    await play(BY_LETTER[letter].story(city, DEFAULT_SEED, ORIGIN), theatre)
    return states


def told(states: list[Incident]) -> list[str]:
    """What is told of the last case of them, line by line."""
    last = states[-1].incident_id
    before: Seen | None = None
    lines = []
    for state in states:
        if state.incident_id == last:
            lines.append(" · ".join(news(before, state, WORDS)))
            before = Seen.of(state)
    return [line for line in lines if line]


async def test_whistles_arrivals_and_states_are_told_once() -> None:
    assert told(await published("D")) == [
        "已派遣",
        "吹哨 综合行政执法队、市场监督管理所",
        "已签收",
        "综合行政执法队 已报到",
        "市场监督管理所 已报到",
        "已处置",
        "核查中",
        "处置中",
        "已处置",
        "已结案",
    ]


async def test_pauses_and_pressure_are_told() -> None:
    lines = told(await published("E"))
    assert "申请挂账" in lines
    assert any("挂账 至 2026年" in line for line in lines)
    assert "督办催办" in lines
    assert "会商" in lines
    assert "会商结论" in lines


async def test_a_case_that_goes_to_another_tier_is_told_with_its_rule() -> None:
    states = await published("C")
    lines = told(states)
    assert any(
        "规则 E1 达到等级" in line and "→ 云川市" in line and "Ⅲ → Ⅱ" in line for line in lines
    )
    district = Sight("district", None, incidents=True, words=WORDS)
    seen = [district.news_of(state) for state in states]
    gone = [line for line in seen if any("→ 云川市" in part for part in line)]
    assert len(gone) == 1  # that it has gone is told, what follows at the city is not
    assert not any(line for line in seen[seen.index(gone[0]) + 1 :])


@pytest.mark.parametrize("change", [{"report_count": 7}, {"colour": "yellow"}, {"version": 9}])
async def test_what_nobody_must_know_is_no_news(change: dict[str, object]) -> None:
    state = (await published("D"))[0]
    assert news(Seen.of(state), state.model_copy(update=change), WORDS) == []
