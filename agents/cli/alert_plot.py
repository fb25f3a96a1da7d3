"""The course of an alert as a picture: what was observed, beside what was expected.

The same drawing goes into SVG and PNG. An SVG leaves its letters to whoever shows it; a PNG has
them drawn here, and where this machine has no font with Chinese letters it is labelled in English.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agents.cli.sheet import cells
from agents.cli.wording import Wording
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from schemas.alert import Alert

WIDTH, HEIGHT = 960, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 32, 88, 52
_INK, _FAINT, _BAND, _LINE, _LIMIT = "#22272e", "#c9d1d9", "#dbe7f5", "#3b6ea8", "#b4452c"
_COLOURS = {"blue": "#2f6fde", "yellow": "#d9a800", "orange": "#e8710a", "red": "#d1242f"}
_MOST = 400
"""Revisions that one picture shows, the newest: more would be one line of dots."""
_FAMILY = "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
    "msyh.ttc",
)
"""Fonts with Chinese letters, as they are called where they are installed."""

At = Callable[[float, float], tuple[float, float]]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One line, area, dot or text of the drawing, in pixels from the upper left."""

    what: Literal["line", "dashed", "area", "dot", "text"]
    points: tuple[tuple[float, float], ...]
    colour: str
    size: float = 1.0
    text: str = ""
    anchor: Anchor = "start"


def draw(alert: Alert, revisions: Sequence[Alert], words: Wording, file: Path) -> None:
    """Draw an alert's revisions into a file, by its ending: .svg or .png.

    Args:
        alert: as it stands, with what only earlier revisions said.

    Raises:
        ConfigurationError: the alert has no numbers, or the file cannot be written.
    """
    try:
        match file.suffix.lower():
            case ".svg":
                file.write_text(as_svg(drawing(alert, revisions, words)), encoding="utf-8")
            case ".png":
                font = None if words.lang == "en" else _chinese_font()
                # The font that comes with the drawing library has Latin letters only.
                plain = words if font is not None else words.in_english()
                _write_png(drawing(alert, revisions, plain), file, font)
            case _:
                raise ConfigurationError(f"--plot {file}: wanted a name that ends in .png or .svg")
    except OSError as error:
        raise ConfigurationError(f"--plot {file}: {error.strerror}, wanted a file to write") from (
            error
        )


def drawing(alert: Alert, revisions: Sequence[Alert], words: Wording) -> list[Shape]:
    """The drawing of an alert's revisions.

    Raises:
        ConfigurationError: nothing was measured that could be drawn.
    """
    rows = [each for each in revisions if each.observed is not None][-_MOST:]
    if not rows:
        raise ConfigurationError("--plot: got an alert without a measured value, wanted a number")
    times = [(a.window.end if a.window is not None else a.changed_at).timestamp() for a in rows]
    values = [0.0]
    for row in rows:
        known = (row.observed, row.expected, row.threshold, *(row.interval or ()))
        values += [value for value in known if value is not None]
    low, high = min(values), max(values)
    high = high + 0.08 * (high - low or 1.0)
    begin, end = times[0], times[-1]
    span = end - begin

    def at(moment: float, value: float) -> tuple[float, float]:
        share = 0.5 if span <= 0 else 0.06 + 0.88 * (moment - begin) / span
        x = _LEFT + share * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)
        return x, y

    moments = list(zip(times, rows, strict=True))
    shapes = [*_grid(low, high, at), *_legend(alert, words)]
    band = [(m, row.interval) for m, row in moments if row.interval is not None]
    shapes += _area(
        [at(m, interval[1]) for m, interval in band], [at(m, interval[0]) for m, interval in band]
    )
    expected = [at(m, row.expected) for m, row in moments if row.expected is not None]
    shapes += _level(expected, "line", _LINE, alone=len(rows) == 1)
    limits = [at(m, row.threshold) for m, row in moments if row.threshold is not None]
    shapes += _level(_steps(limits), "dashed", _LIMIT, alone=len(rows) == 1)
    dots = [at(m, row.observed or 0.0) for m, row in moments]
    if len(dots) > 1:
        shapes.append(Shape("line", tuple(dots), _INK, 1.5))
    for (x, y), row in zip(dots, rows, strict=True):
        shapes.append(Shape("dot", ((x, y),), _COLOURS.get(row.colour, _INK), 6))
    shapes.append(_number(dots[-1], rows[-1]))
    for moment in dict.fromkeys((begin, (begin + end) / 2, end)) if span > 0 else (begin,):
        x, _ = at(moment, low)
        text = f"{datetime.fromtimestamp(moment, words.zone):%Y-%m-%d %H:%M}"
        where = ((x, HEIGHT - _BOTTOM + 24.0),)
        shapes.append(Shape("text", where, _INK, 14, text, "middle"))
    return shapes


def _area(upper: list[tuple[float, float]], lower: list[tuple[float, float]]) -> list[Shape]:
    """What lies between two lines; of a single moment, a bar."""
    if len(upper) == 1:
        (x, top), (_, bottom) = upper[0], lower[0]
        upper, lower = [(x - 40, top), (x + 40, top)], [(x - 40, bottom), (x + 40, bottom)]
    return [Shape("area", (*upper, *reversed(lower)), _BAND)] if upper else []


def _steps(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A level that holds until it is another: a threshold does not slope."""
    stepped = points[:1]
    for (_, before), (x, y) in pairwise(points):
        stepped += [(x, before), (x, y)] if y != before else [(x, y)]
    if len(stepped) > 1:
        stepped.append((stepped[-1][0] + 30, stepped[-1][1]))  # so that the last one is seen
    return stepped


def _level(
    points: list[tuple[float, float]],
    what: Literal["line", "dashed"],
    colour: str,
    *,
    alone: bool,
) -> list[Shape]:
    """A level through its points; a single one a short way to both sides, or from side to side."""
    if not points:
        return []
    if len(points) == 1:
        x, y = points[0]
        left, right = (_LEFT, WIDTH - _RIGHT) if alone else (x - 40, x + 40)
        points = [(float(left), y), (float(right), y)]
    return [Shape(what, tuple(points), colour, 2)]


def _number(at: tuple[float, float], alert: Alert) -> Shape:
    unit = f" {alert.unit}" if alert.unit and alert.unit.isascii() else ""
    right = at[0] > WIDTH - 160
    where = ((at[0] + (-12 if right else 12), at[1] - 10),)
    value = f"{alert.observed:g}{unit}"
    return Shape("text", where, _INK, 16, value, "end" if right else "start")


def _grid(low: float, high: float, at: At) -> list[Shape]:
    """Lines at round numbers."""
    shapes: list[Shape] = []
    step = _round_step((high - low) / 5)
    value = step * round(low / step)
    while value <= high:
        if value >= low:
            _, y = at(0.0, value)
            line = ((float(_LEFT), y), (float(WIDTH - _RIGHT), y))
            shapes.append(Shape("line", line, _FAINT, 1))
            shapes.append(Shape("text", ((_LEFT - 10.0, y + 5),), _INK, 14, f"{value:g}", "end"))
        value = round(value + step, 9)
    return shapes


def _legend(alert: Alert, words: Wording) -> list[Shape]:
    """Which alert it is, and what each mark and number is."""
    title = f"{words.rule(alert.trigger.id)} · {words.area(alert.area)}"
    shapes = [Shape("text", ((float(_LEFT), 32.0),), _INK, 18, title)]
    unit = f" {alert.unit}" if alert.unit and (alert.unit.isascii() or words.lang == "zh") else ""
    marks: list[tuple[str, str]] = [("dot", words.say("why_observed", value="").strip())]
    if alert.expected is not None:
        value = f"{alert.expected:.3g}{unit}"
        marks.append(("line", words.say("why_expected", value=value)))
    if alert.interval is not None:
        marks.append(("area", f"90 %: {alert.interval[0]:g} .. {alert.interval[1]:g}"))
    if alert.threshold is not None:
        marks.append(("dashed", words.say("why_threshold", value=f"{alert.threshold:g}{unit}")))
    if alert.p is not None:
        marks.append(("", f"p = {alert.p:.2g}"))
    if alert.chance is not None:
        marks.append(("", words.say("why_chance", chance=100 * alert.chance)))
    x, y = float(_LEFT), 60.0
    for mark, text in marks:
        if mark == "dot":
            shapes.append(Shape("dot", ((x + 8, y - 5),), _COLOURS.get(alert.colour, _INK), 6))
        elif mark == "area":
            corners = ((x, y - 13), (x + 24, y - 13), (x + 24, y + 3), (x, y + 3))
            shapes.append(Shape("area", corners, _BAND))
        elif mark == "line":
            shapes.append(Shape("line", ((x, y - 5), (x + 24, y - 5)), _LINE, 2))
        elif mark == "dashed":
            shapes.append(Shape("dashed", ((x, y - 5), (x + 31, y - 5)), _LIMIT, 2))
        x += {"": 0, "dot": 22, "dashed": 38}.get(mark, 32)
        shapes.append(Shape("text", ((x, y),), _INK, 14, text))
        x += 7.6 * cells(text) + 24
    return shapes


def _round_step(about: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that is about so long."""
    power = 10.0 ** (len(str(int(about))) - 1 if about >= 1 else -1)
    while power > about:
        power /= 10
    return next((power * each for each in (1, 2, 5) if power * each >= about), power * 10)


def as_svg(shapes: list[Shape]) -> str:
    """The drawing as a document of its own."""
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FAMILY}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for shape in shapes:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        x, y = shape.points[0]
        if shape.what == "area":
            lines.append(f'<polygon points="{points}" fill="{shape.colour}"/>')
        elif shape.what == "dot":
            lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.size}" '
                         f'fill="{shape.colour}"/>')  # fmt: skip
        elif shape.what == "text":
            lines.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{shape.size:g}" '
                         f'text-anchor="{shape.anchor}" fill="{shape.colour}">'
                         f"{_escaped(shape.text)}</text>")  # fmt: skip
        else:
            dash = ' stroke-dasharray="7 5"' if shape.what == "dashed" else ""
            lines.append(f'<polyline points="{points}" fill="none" stroke="{shape.colour}" '
                         f'stroke-width="{shape.size:g}"{dash}/>')  # fmt: skip
    return "\n".join([*lines, "</svg>", ""])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _chinese_font() -> str | None:
    """A font of this machine that has Chinese letters; None: it has none that we know."""
    from PIL import ImageFont

    for name in _FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None


def _write_png(shapes: list[Shape], file: Path, font_name: str | None) -> None:
    from PIL import Image, ImageDraw, ImageFont

    def font_of(size: float) -> Any:
        if font_name is not None:
            return ImageFont.truetype(font_name, size)
        return ImageFont.load_default(size)

    scale = 2  # drawn at twice the size and made smaller: smooth lines
    image = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), "#ffffff")
    pen = ImageDraw.Draw(image)
    for shape in shapes:
        points = [(x * scale, y * scale) for x, y in shape.points]
        x, y = points[0]
        if shape.what == "area":
            pen.polygon(points, fill=shape.colour)
        elif shape.what == "dot":
            reach = shape.size * scale
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=shape.colour)
        elif shape.what == "text":
            font = font_of(shape.size * scale)
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            pen.text((x, y), shape.text, fill=shape.colour, font=font, anchor=anchor)
        else:
            for begin, end in pairwise(points):
                for piece in _pieces(begin, end, dashed=shape.what == "dashed"):
                    pen.line(piece, fill=shape.colour, width=round(shape.size * scale))
    # Quickly made smaller and lightly packed: a person waits for it.
    image.reduce(scale).save(file, compress_level=1)


def _pieces(
    begin: tuple[float, float], end: tuple[float, float], *, dashed: bool
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """A line as it is drawn: whole, or in dashes of 14 with gaps of 10."""
    if not dashed:
        return [(begin, end)]
    length = max(((end[0] - begin[0]) ** 2 + (end[1] - begin[1]) ** 2) ** 0.5, 1e-9)

    def along(reach: float) -> tuple[float, float]:
        share = min(1.0, reach / length)
        return begin[0] + share * (end[0] - begin[0]), begin[1] + share * (end[1] - begin[1])

    return [(along(s), along(s + 14.0)) for s in range(0, int(length) + 1, 24)]
