"""Invents the city that is shipped as an example: its areas, names and map of cells.

No place of it exists: the codes belong to no division, the names are put together by
chance, and the map lies in open water. It has the size of Chengdu: 20 districts and
261 streets and towns, dense in the middle, wide at the rim.

The committed file is what this prints, so the city can be grown or redrawn::

    python -m deploy.invent_city > deploy/policy/areas.yaml
"""

from __future__ import annotations

import random
import sys
from math import hypot

SEED = 9901
CITY = "9901"
STREETS, TOWNS = 161, 100  # as Chengdu has them: 161 streets and 100 towns
SOUTH, WEST, STEP = 29.60, 125.50, 0.01
ROWS, COLUMNS = 90, 100

DISTRICT_NAMES = (
    ("云锦", "Yunjin"), ("望川", "Wangchuan"), ("青梧", "Qingwu"), ("晴湖", "Qinghu"),
    ("石埠", "Shibu"), ("东屏", "Dongping"), ("安澜", "Anlan"), ("栖霞岭", "Qixialing"),
    ("鹿鸣", "Luming"), ("白鹭", "Bailu"), ("松陵", "Songling"), ("柳浦", "Liupu"),
    ("丹枫", "Danfeng"), ("清漪", "Qingyi"), ("云台", "Yuntai"), ("岚山", "Lanshan"),
    ("古渡", "Gudu"), ("麦城", "Maicheng"), ("荷塘", "Hetang"), ("北梁", "Beiliang"),
)  # fmt: skip
FIRST = (
    ("青", "Qing"), ("云", "Yun"), ("石", "Shi"), ("晴", "Qing"), ("望", "Wang"), ("安", "An"),
    ("松", "Song"), ("柳", "Liu"), ("竹", "Zhu"), ("梅", "Mei"), ("荷", "He"), ("枫", "Feng"),
    ("鹭", "Lu"), ("鹤", "He"), ("锦", "Jin"), ("玉", "Yu"), ("金", "Jin"), ("银", "Yin"),
    ("白", "Bai"), ("丹", "Dan"), ("星", "Xing"), ("月", "Yue"), ("春", "Chun"), ("秋", "Qiu"),
    ("龙", "Long"), ("凤", "Feng"), ("双", "Shuang"), ("三", "San"), ("五", "Wu"), ("永", "Yong"),
)  # fmt: skip
SECOND = (
    ("溪", "xi"), ("桥", "qiao"), ("坪", "ping"), ("湾", "wan"), ("渡", "du"), ("塘", "tang"),
    ("林", "lin"), ("岭", "ling"), ("台", "tai"), ("井", "jing"), ("河", "he"), ("埠", "bu"),
    ("门", "men"), ("苑", "yuan"), ("洲", "zhou"), ("泉", "quan"),
)  # fmt: skip


def reach(y: float, x: float) -> float:
    """How far out a cell lies, 1 at the rim of the city."""
    return hypot((y - ROWS / 2) / (ROWS / 2), (x - COLUMNS / 2) / (COLUMNS / 2))


def spread(chance: random.Random, count: int) -> list[tuple[float, float]]:
    """Points on the lattice, close together in the middle and at least a little apart."""
    points: list[tuple[float, float]] = []
    apart = 3.5
    while len(points) < count:
        y = min(max(chance.gauss(ROWS / 2, ROWS / 4.2), 1), ROWS - 2)
        x = min(max(chance.gauss(COLUMNS / 2, COLUMNS / 4.2), 1), COLUMNS - 2)
        if reach(y, x) > 0.98:
            continue
        away = hypot(y - ROWS / 2, x - COLUMNS / 2) / 18
        if all(hypot(y - a, x - b) > apart * (0.5 + away) for a, b in points):
            points.append((y, x))
        else:
            apart *= 0.9995
    return points


def nearest(points: list[tuple[float, float]], y: float, x: float) -> int:
    """The number of the point closest to a cell."""
    return min(range(len(points)), key=lambda n: hypot(points[n][0] - y, points[n][1] - x))


def names(chance: random.Random) -> list[tuple[str, str]]:
    """A name for each street, none twice."""
    every = [(a + b, c + d) for a, c in FIRST for b, d in SECOND]
    chance.shuffle(every)
    return every[: STREETS + TOWNS]


def runs(row: list[int]) -> str:
    """A row of the lattice as runs, ``3*12`` for twelve cells of street 3."""
    parts: list[str] = []
    start = 0
    for at in range(1, len(row) + 1):
        if at == len(row) or row[at] != row[start]:
            owner = "." if row[start] < 0 else str(row[start])
            length = at - start
            parts.append(owner if length == 1 else f"{owner}*{length}")
            start = at
    return " ".join(parts)


def invent() -> str:
    """The section ``areas`` of a policy as YAML text."""
    chance = random.Random(SEED)
    seats = sorted(
        spread(chance, len(DISTRICT_NAMES)),
        key=lambda p: hypot(p[0] - ROWS / 2, p[1] - COLUMNS / 2),
    )
    points = spread(chance, STREETS + TOWNS)
    middle = sorted(points, key=lambda p: hypot(p[0] - ROWS / 2, p[1] - COLUMNS / 2))
    urban = set(middle[:STREETS])
    members: list[list[tuple[float, float]]] = [[] for _ in seats]
    for point in middle:
        members[nearest(seats, *point)].append(point)
    called = iter(names(chance))
    lines = [
        "# A made-up city of Chengdu's size. Generated: python -m deploy.invent_city",
        "# The codes belong to no real division and the map lies in open water.",
        "areas:",
        f'  city: {{code: "{CITY}", name: {{zh: 云川市, en: Yunchuan}}}}',
        f'  fallback: "{CITY}01" # names an owner for what nobody can place (E5)',
        "  districts:",
    ]
    order: list[tuple[float, float]] = []
    for d, (zh, en) in enumerate(DISTRICT_NAMES):
        kind = ("区", "District") if d < 15 else ("县", "County")
        code = f"{CITY}{d + 1:02d}"
        lines += [
            f'    - code: "{code}"',
            f"      name: {{zh: {zh}{kind[0]}, en: {en} {kind[1]}}}",
            "      streets:",
        ]
        # GB/T 10114: 001 to 099 are streets, 100 to 199 towns.
        numbers = {"street": 1, "town": 100}
        ranked = sorted(members[d], key=lambda p: (p not in urban, p))
        for point in ranked:
            sort = "street" if point in urban else "town"
            people = round(chance.lognormvariate(11.3 if sort == "street" else 10.2, 0.4), -2)
            name, latin = next(called)
            zh_kind, en_kind = ("街道", "Street") if sort == "street" else ("镇", "Town")
            lines.append(
                f'        - {{code: "{code}{numbers[sort]:03d}", '
                f"name: {{zh: {name}{zh_kind}, en: {latin} {en_kind}}}, population: {people:.0f}}}"
            )
            numbers[sort] += 1
            order.append(point)
    lines += [
        "  cells: # south to north; each row west to east, <street counted from 0>*<cells>",
        f"    south: {SOUTH}",
        f"    west: {WEST}",
        f"    step_lat: {STEP}",
        f"    step_lon: {STEP}",
        "    rows:",
    ]
    for y in range(ROWS):
        row = []
        for x in range(COLUMNS):
            inside = reach(y, x) < 1.08
            row.append(nearest(order, y + 0.5, x + 0.5) if inside else -1)
        lines.append(f'      - "{runs(row)}"')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(invent())
