"""The course of an alert as a picture: what was observed, beside what was expected.

It speaks in numbers, clock times and marks alone, so that it reads the same in every
language and needs no font of one. The same drawing goes into SVG and PNG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from schemas.alert import Alert

WIDTH, HEIGHT = 960, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 24, 56, 52
_INK, _FAINT, _BAND, _LINE, _LIMIT = "#22272e", "#c9d1d9", "#dbe7f5", "#3b6ea8", "#b4452c"
_COLOURS = {"blue": "#2f6fde", "yellow": "#d9a800", "orange": "#e8710a", "red": "#d1242f"}

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


def draw(revisions: Sequence[Alert], zone: ZoneInfo, file: Path) -> None:
    """Draw an alert's revisions into a file, by its ending: .svg or .png.

    Raises:
        ConfigurationError: the alert has no numbers, or the file cannot be written.
    """
    if file.suffix.lower() not in (".png", ".svg"):
        raise ConfigurationError(f"--plot {file}: wanted a name that ends in .png or .svg")
    shapes = drawing(revisions, zone)
    try:
        if file.suffix.lower() == ".svg":
            file.write_text(as_svg(shapes), encoding="utf-8")
        else:
            _write_png(shapes, file)
    except OSError as error:
        raise ConfigurationError(f"--plot {file}: {error.strerror}, wanted a file to write") from (
            error
        )


def drawing(revisions: Sequence[Alert], zone: ZoneInfo) -> list[Shape]:
    """The drawing of an alert's revisions.

    Raises:
        ConfigurationError: nothing was measured that could be drawn.
    """
    rows = [alert for alert in revisions if alert.observed is not None]
    if not rows:
        raise ConfigurationError("--plot: got an alert without a measured value, wanted a number")
    times = [(a.window.end if a.window is not None else a.changed_at).timestamp() for a in rows]
    values = [0.0]
    for alert in rows:
        known = (alert.observed, alert.expected, alert.threshold, *(alert.interval or ()))
        values += [value for value in known if value is not None]
    low, high = min(values), max(values)
    high = high + 0.08 * (high - low or 1.0)
    begin, end = times[0], times[-1]
    span = end - begin

    def at(moment: float, value: float) -> tuple[float, float]:
        share = 0.5 if span <= 0 else 0.04 + 0.92 * (moment - begin) / span
        x = _LEFT + share * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)
        return x, y

    shapes = _frame(rows[-1], low, high, at)
    band = [(m, a.interval) for m, a in zip(times, rows, strict=True) if a.interval is not None]
    if len(band) > 1:
        upper = [at(m, interval[1]) for m, interval in band]
        lower = [at(m, interval[0]) for m, interval in reversed(band)]
        shapes.append(Shape("area", (*upper, *lower), _BAND))
    elif band:
        moment, interval = band[0]
        (x, top), (_, bottom) = at(moment, interval[1]), at(moment, interval[0])
        corners = ((x - 40, top), (x + 40, top), (x + 40, bottom), (x - 40, bottom))
        shapes.append(Shape("area", corners, _BAND))
    expected = [(m, a.expected) for m, a in zip(times, rows, strict=True) if a.expected is not None]
    shapes += _level([at(m, value) for m, value in expected], "line", _LINE)
    limits = [(m, a.threshold) for m, a in zip(times, rows, strict=True) if a.threshold is not None]
    shapes += _level([at(m, value) for m, value in limits], "dashed", _LIMIT)
    dots = [at(m, a.observed or 0.0) for m, a in zip(times, rows, strict=True)]
    if len(dots) > 1:
        shapes.append(Shape("line", tuple(dots), _INK, 1.5))
    for (x, y), alert in zip(dots, rows, strict=True):
        shapes.append(Shape("dot", ((x, y),), _COLOURS[alert.colour], 6))
    shapes.append(_number(dots[-1], rows[-1]))
    for moment in dict.fromkeys((begin, (begin + end) / 2, end)) if span > 0 else (begin,):
        x, _ = at(moment, low)
        text = _clock(moment, zone)
        where = ((x, HEIGHT - _BOTTOM + 24.0),)
        shapes.append(Shape("text", where, _INK, 14, text, "middle"))
    return shapes


def _clock(moment: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(moment, zone):%Y-%m-%d %H:%M}"


def _number(at: tuple[float, float], alert: Alert) -> Shape:
    # The font that comes with the drawing library has Latin letters only.
    unit = f" {alert.unit}" if alert.unit and alert.unit.isascii() else ""
    value = f"{alert.observed:g}{unit}"
    right = at[0] > WIDTH - 160
    where = ((at[0] + (-12 if right else 12), at[1] - 10),)
    return Shape("text", where, _INK, 16, value, "end" if right else "start")


def _level(
    points: list[tuple[float, float]], what: Literal["line", "dashed"], colour: str
) -> list[Shape]:
    """A level through its points; a single one from side to side."""
    if not points:
        return []
    if len(points) == 1:
        y = points[0][1]
        points = [(float(_LEFT), y), (float(WIDTH - _RIGHT), y)]
    return [Shape(what, tuple(points), colour, 2)]


def _frame(alert: Alert, low: float, high: float, at: object) -> list[Shape]:
    """Axes with round numbers, and one line of what the numbers are."""
    assert callable(at)
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
    said = [alert.trigger.id, alert.area]
    if alert.expected is not None:
        said.append(f"E = {alert.expected:.3g}")
    if alert.interval is not None:
        said.append(f"90 % = {alert.interval[0]:g} .. {alert.interval[1]:g}")
    if alert.threshold is not None:
        said.append(f"T = {alert.threshold:g}")
    if alert.p is not None:
        said.append(f"p = {alert.p:.2g}")
    shapes.append(Shape("text", ((float(_LEFT), 32.0),), _INK, 17, "   ".join(said)))
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
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">',
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
                         f"{escape(shape.text)}</text>")  # fmt: skip
        else:
            dash = ' stroke-dasharray="7 5"' if shape.what == "dashed" else ""
            lines.append(f'<polyline points="{points}" fill="none" stroke="{shape.colour}" '
                         f'stroke-width="{shape.size:g}"{dash}/>')  # fmt: skip
    return "\n".join([*lines, "</svg>", ""])


def _write_png(shapes: list[Shape], file: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

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
            font = ImageFont.load_default(shape.size * scale)
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            pen.text((x, y), shape.text, fill=shape.colour, font=font, anchor=anchor)
        else:
            for begin, end in pairwise(points):
                for piece in _pieces(begin, end, dashed=shape.what == "dashed"):
                    pen.line(piece, fill=shape.colour, width=round(shape.size * scale))
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(file)


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
