"""Invents the sites at risk of the example city: underpasses, building sites, low-lying spots.

They lie in its streets by the city's own map. The committed file is what this prints::

    python -m deploy.invent_sites > deploy/policy/sites.yaml
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import yaml

SEED = 9913
KINDS = (
    # code, 中文, English, how many, from which colour of rain, whose
    ("underpass", "下穿隧道", "underpass", 28, "yellow", "drainage"),
    ("building_site", "在建工地", "building site", 24, "orange", "housing"),
    ("low_spot", "易涝点", "flood-prone spot", 20, "yellow", "drainage"),
)
HEAD = """\
# Sites to be told before harm comes (W13), made up. Generated: python -m deploy.invent_sites
# Shanghai told its building sites before the wind signal, and watches flood-prone spots [17].
sites:
"""


def invent() -> str:
    """The policy file as text."""
    home = Path(__file__).parent / "policy"
    areas = yaml.safe_load((home / "areas.yaml").read_text(encoding="utf-8"))["areas"]
    streets = [street for district in areas["districts"] for street in district["streets"]]
    chance = random.Random(SEED)
    lines: list[str] = []
    number = 0
    for kind, zh, en, count, colour, unit in KINDS:
        for street in chance.sample(streets, count):
            number += 1
            which = chance.randrange(1, 90)
            called = street["name"]
            lines.append(
                f'  - {{id: "S{number:03d}", kind: {kind}, street: "{street["code"]}", '
                f"name: {{zh: {called['zh']}{which}号{zh}, en: {called['en']} {which} {en}}}, "
                f"unit: {unit}, from: {colour}}}"
            )
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(invent())
