"""Writing the policy of a recorded city: what every such policy shares, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Sections = dict[str, Any]
"""A policy as plain data, section by section; the models of ``streams.policy`` say what each is."""


class _Plain(yaml.SafeDumper):
    """Writes equal lists out each time: a reader need not know YAML's anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def supervision() -> list[list[Any]]:
    """The colours of a running limit: 70 % blue, 90 % yellow, 100 % and 150 % go one tier up."""
    return [
        [70, "blue", False],
        [90, "yellow", False],
        [100, "red", True],
        [150, "red2", True],
    ]


def only_limit_clocks() -> list[dict[str, Any]]:
    """Paces for recorded cases: nobody's acknowledgement is on record, so no clock waits for one.

    A case without a limit of its own has none; who owns it at birth follows its severity.
    """
    every = ["normal", "utility", "urgent"]
    return [
        {"severity": ["I", "II"], "urgency": every, "owner": "city"},
        {"severity": ["III"], "urgency": every, "owner": "district"},
        {"severity": ["IV", "V"], "urgency": every, "owner": "street"},
    ]


def calendar(zone: str) -> dict[str, Any]:
    """Office hours of a recorded city: its limits come with the cases, so they rarely matter."""
    return {"zone": zone, "office_hours": [["09:00", "17:00"]]}


def answers() -> dict[str, dict[str, str]]:
    """What a citizen reads at once, without a case."""
    return {
        "enquiry": {"zh": "您的咨询已收到。", "en": "Thank you, your question was received."},
        "praise": {"zh": "感谢您的肯定。", "en": "Thank you for your kind words."},
        "danger": {
            "zh": "如有生命危险，请立即拨打911。",
            "en": "If a life is in danger, call 911 now.",
        },
    }


def summaries() -> dict[str, Any]:
    """A recorded year is summed up by month and season: a desk of it has a case or two a day."""
    return {"shortest": "month"}


def recorded_city(
    name: str, city: dict[str, str], districts: list[dict[str, Any]], fallback: str, zone: str
) -> Sections:
    """The sections that every recorded city has alike; the others are its own.

    Args:
        name: of the policy and its catalogue.
        city: its code and name.
        districts: with their streets, the fallback desk among them.
        fallback: code of the district that gets what nobody could place.
    """
    return {
        "policy": {"name": name, "language": "en"},
        "areas": {"areas": {"city": city, "districts": districts, "fallback": fallback}},
        "calendar": {"calendar": calendar(zone)},
        "paces": {"paces": only_limit_clocks()},
        "supervision": {"supervision": supervision()},
        "escalation": {"escalation": {"whistle_answer": "30 minute"}},
        "intake": {"intake": {"answers": answers()}},
        "summaries": {"summaries": summaries()},
        # A street of a recorded city has a case or two a day: every share would be unknown.
        "scoreboard": {"scoreboard": None},
    }


def write_sections(directory: Path, sections: Sections) -> Path:
    """Write a policy as one file per section, the same bytes for the same content."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.yaml"):
        old.unlink()
    for name, content in sections.items():
        body = content if isinstance(content, dict) else {name: content}
        text = yaml.dump(body, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100)
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    return directory
