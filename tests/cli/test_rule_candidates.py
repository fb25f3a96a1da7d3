"""Pairs of kinds that were learned, as drafts of rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from agents import policy_files
from agents.cli.rule_candidates import draft
from agents.cli.texts_warning import PART_NAMES
from agents.cli.wording import Wording
from schemas.alert import Alert
from streams.policy.orders import CauseRule
from streams.warning.sensors import compact, detector

NOW = datetime(2026, 6, 20, 4, 0, tzinfo=UTC)


def _words(lang: Any) -> Wording:
    return Wording(lang, ZoneInfo("Asia/Shanghai")).naming(policy_files.load())


def _alert(**fields: Any) -> Alert:
    return Alert.model_validate(
        {
            "alert_id": "a1",
            "revision": 1,
            "key": "W18/9901/200402>200401",
            "trigger": {"id": "W18", "version": "1"},
            "scale": "warning",
            "tier": "city",
            "area": "9901",
            "colour": "blue",
            "state": "opened",
            "title": "t",
            "opened_at": NOW,
            "changed_at": NOW,
            "policy_version": "p@1",
            **fields,
        }
    )


@pytest.mark.parametrize("part", sorted({*compact.PARTS, *detector.PARTS}))
def test_each_part_of_an_odd_reading_has_words(part: str) -> None:
    assert part in PART_NAMES


def test_a_pair_is_drafted_as_a_rule_that_the_policy_takes() -> None:
    parts = {"lift": 6.0, "lift_low": 4.0, "lift_high": 9.0, "lag_h": 2.0, "window_h": 4.0}
    text = draft([_alert(contributions=parts, observed=12.0, expected=2.0)], _words("zh"))
    (entry,) = yaml.safe_load(text)["causes"]
    rule = CauseRule.model_validate(entry)
    assert (rule.cause, rule.consequences, rule.within_s) == (("200402",), ("200401",), 14_400)
    assert rule.title.of("zh") == "自来水管破裂→路面塌陷"
