"""The reasons of one alert as a page: what was measured, what would end it, what to do.

Alerts are read here without their model, and reasons come from where they are ready: an
operator asks with the phone in the other hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.cli.alert_lines import alert_spans, quiet_of
from agents.cli.said import alert_of, fields_of, whole
from agents.cli.sheet import TOGETHER, cells, show
from agents.cli.texts_warning import PART_NAMES
from agents.cli.wording import Lang, Wording, sparkline

if TYPE_CHECKING:
    from agents.cli.sheet import Page
    from schemas.alert import Alert
    from streams.policy import Policy

_SHOWN_EVIDENCE = 12
_STRIP = 40
"""Columns of the strip that shows an observed value beside what was expected."""
_BESIDE = 40
"""Columns of the course of an alert."""


class Reasons(NamedTuple):
    """Why an alert stands, in one language.

    Attributes:
        policy: version of the policy by which `clears`, `nearest` and `not_fired` are told.
        missing: why a part of its evidence is not there, by part; None: not asked.
        action: what to do, where the policy has the alert's own words in this language too.
    """

    clears: str
    nearest: str | None
    not_fired: str
    missing: Mapping[Any, str] | None
    policy: str
    action: str | None = None

    @classmethod
    def of(cls, alert: Alert, policy: Policy, lang: Lang) -> Reasons:
        """Explain an alert by a policy, in one language."""
        from streams.warning.explain import explain

        told = explain(alert, policy, lang)
        trigger = alert.trigger.id
        known = {policy.suggested_action(trigger, each) for each in ("zh", "en")}
        own = alert.suggested_action in known
        action = policy.suggested_action(trigger, lang) if own else None
        return cls(told.clears, told.nearest, told.not_fired, told.missing, policy.version, action)

    def kept(self) -> dict[str, Any]:
        """As JSON takes it; `Reasons(**kept)` is the same again."""
        return self._asdict()


class Matter(NamedTuple):
    """An alert, its course and what it explains: all that a page is made of.

    Attributes:
        fields: the newest revision, completed by earlier ones, as JSON.
        revisions: every revision that is kept, the newest last.
        folded: how the alerts stand that name this one, or its case, as their cause.
    """

    fields: dict[str, Any]
    alert: Alert
    revisions: Sequence[Alert]
    folded: Sequence[Alert] = ()

    @classmethod
    def of(cls, said: Sequence[bytes], explained: Sequence[bytes] = ()) -> Matter:
        """Read the revisions of an alert.

        Args:
            said: at least one, oldest first.
            explained: the newest revision of each alert that names this one as its cause.
        """
        read = [fields_of(value) for value in said]
        fields = whole(read)
        folded = [alert_of(fields_of(value)) for value in explained]
        return cls(
            fields,
            alert_of(fields),
            [alert_of(each) for each in read],
            [
                each
                for each in folded
                if each.held_back == "inhibited" and each.state not in ("closed", "withdrawn")
            ],
        )


class Form(NamedTuple):
    """How an answer is wanted.

    Attributes:
        plot: a file to draw it into as well.
    """

    plot: Path | None = None
    as_json: bool = False
    plain: bool = False


def tell(matter: Matter, told: Reasons, words: Wording, form: Form) -> None:
    """Say why an alert stands, on standard output and into a file.

    Raises:
        ConfigurationError: it cannot be drawn.
    """
    if form.plot is not None:
        from agents.cli.alert_plot import draw

        draw(matter.alert, matter.revisions, words, form.plot)
    if form.as_json:
        sys.stdout.write(as_json(matter, told) + "\n")
        return
    said = page(matter, told, words)
    if form.plot is not None:
        said.append([(words.say("why_drawn", file=form.plot), "dim")])
    show(said, plain=form.plain)


def causes(alert: Alert, causing: Sequence[str]) -> list[str]:
    """Under which names others may call this alert or its case their cause.

    Args:
        causing: the triggers and kinds that explain others, by the policy.
    """
    own = [alert.alert_id] if alert.trigger.id in causing else []
    if alert.kind in causing and alert.incident_id is not None:
        own.append(alert.incident_id)
    return own


def as_json(matter: Matter, told: Reasons) -> str:
    """The alert with its reasons, for scripts."""
    body = {name: value for name, value in matter.fields.items() if value is not None}
    body |= {
        "clears": told.clears,
        "nearest": told.nearest,
        "not_fired": told.not_fired,
        "missing": told.missing,
        "revisions": len(matter.revisions),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def page(matter: Matter, told: Reasons, words: Wording) -> Page:
    """The page that an operator reads."""
    alert = matter.alert
    page: Page = [alert_spans(alert, words)]
    for name, fact in _facts(alert, matter.revisions, told, words):
        if fact is not None:
            page.append((words.say(name), fact))
    page += _evidence(alert, words)
    page += _explained(matter.folded, words)
    if told.missing and alert.scale == "warning":
        gap = "" if words.lang == "zh" else " "
        lacks = [f"{words.say(f'part_{part}')}{gap}({why})" for part, why in told.missing.items()]
        page.append([(words.say("why_missing") + words.say("why_list").join(lacks), "dim")])
    if told.policy != alert.policy_version:
        page.append([(words.say("why_other_policy", version=told.policy), "dim")])
    return page


def _explained(folded: Sequence[Alert], words: Wording) -> Page:
    """What is folded under this alert or its case, as far as the index knows."""
    if not folded:
        return []
    page: Page = [[(words.say("why_explains", count=len(folded)), "bold")]]
    for one in folded[:_SHOWN_EVIDENCE]:
        page.append([("  └ ", ""), *alert_spans(one, words), (f"  {one.alert_id}", "dim")])
    if len(folded) > _SHOWN_EVIDENCE:
        page.append([(f"  … +{len(folded) - _SHOWN_EVIDENCE}", "dim")])
    return page


def _evidence(alert: Alert, words: Wording) -> Page:
    page: Page = []
    shown = alert.groups[:_SHOWN_EVIDENCE]
    widest = max((cells(words.colour(group.colour)) for group in shown), default=0)
    for group in shown:
        colour = words.colour(group.colour)
        pad = " " * (widest - cells(colour))
        what = f"{words.rule(group.trigger)}  {words.area(group.area)}"
        page.append([(f"  {colour}{pad}  {group.count:>4}  {what}", "")])
    if not alert.evidence:
        return page
    page.append([(words.say("why_evidence", count=alert.evidence_count), "bold")])
    known = {} if words.names is None else words.names.areas
    for event in alert.evidence[:_SHOWN_EVIDENCE]:
        name = f"  {words.area(event)}" if event in known else ""
        page.append([(f"  {event}{name}", "")])
    left = alert.evidence_count - min(len(alert.evidence), _SHOWN_EVIDENCE)
    if left > 0:
        page.append([(f"  … +{left}", "dim")])
    return page


def _facts(
    alert: Alert, revisions: Sequence[Alert], told: Reasons, words: Wording
) -> list[tuple[str, str | None]]:
    by = alert.grouped_by or alert.silenced_by or alert.inhibited_by
    policy = words.say("policy", version=alert.policy_version)
    rules = " + ".join(words.rule(each.id) for each in (alert.trigger, *alert.also))
    return [
        ("why_trigger", f"{rules} · {policy}"),
        ("why_desk", f"{words.word(alert.tier)} {words.area(alert.area)}"),
        ("why_measured", _measured(alert, words)),
        ("why_strip", strip(alert, _STRIP)),
        ("why_parts", _parts(alert, words)),
        ("why_window", _window(alert, words)),
        ("why_course", _course(revisions, words)),
        ("why_place", _place(alert, words)),
        ("why_suspected", _suspected(alert, words)),
        ("why_since", words.time_with_year(alert.opened_at)),
        ("why_lead", None if not alert.lead_time_s else words.span(alert.lead_time_s)),
        ("why_data", None if alert.completeness is None else f"{100 * alert.completeness:.0f}%"),
        ("why_nearest", told.nearest),
        ("why_not_fired", told.not_fired),
        ("why_clears", told.clears),
        ("why_owner", None if alert.owner is None else _owner(alert.owner, words)),
        ("why_action", told.action or alert.suggested_action),
        ("why_answer", _answered(alert, words)),
        ("why_case", alert.incident_id),
        ("why_held", quiet_of(alert, words)),
        ("why_grouped", by),
    ]


def _measured(alert: Alert, words: Wording) -> str | None:
    if alert.observed is None:
        return None
    parts = [words.say("why_observed", value=_number(alert.observed, alert, words))]
    if alert.threshold is not None:
        parts.append(words.say("why_threshold", value=_number(alert.threshold, alert, words)))
    if alert.expected is not None:
        interval = ""
        if alert.interval is not None:
            low, high = alert.interval
            interval = f" ({low:g} – {high:g}, 90%)"
        expected = _number(float(f"{alert.expected:.3g}"), alert, words)
        parts.append(words.say("why_expected", value=f"{expected}{interval}"))
    if alert.p is not None:
        of = "" if alert.tests is None else words.say("why_tests", count=alert.tests)
        parts.append(f"p = {alert.p:.2g}{of}")
    if alert.chance is not None:
        parts.append(words.say("why_chance", chance=100 * alert.chance))
    return " · ".join(part.replace(" ", TOGETHER) for part in parts)


def _number(value: float, alert: Alert, words: Wording) -> str:
    """A value in its unit; a length of time as people say it."""
    if alert.unit == "s" and value >= 60:
        return words.span(value)
    return f"{value:g} {alert.unit}" if alert.unit else f"{value:g}"


def strip(alert: Alert, width: int) -> str | None:
    """The observed value on a line beside what was expected: ``──▒▒┃▒▒──●``.

    ▒ is the interval that covers 90 %, ┃ the expected value, ╎ the threshold, ● what was
    observed; None where there is nothing to compare with.
    """
    if alert.observed is None or (alert.interval is None and alert.threshold is None):
        return None
    marks = [(alert.expected, "┃"), (alert.threshold, "╎"), (alert.observed, "●")]
    values = [value for value, _ in marks if value is not None] + list(alert.interval or ())
    low, high = min(0.0, *values), max(values)
    if high <= low:
        return None

    def column(value: float) -> int:
        return round((value - low) / (high - low) * (width - 1))

    line = ["─"] * width
    if alert.interval is not None:
        for at in range(column(alert.interval[0]), column(alert.interval[1]) + 1):
            line[at] = "▒"
    for value, mark in marks:
        if value is not None:
            line[column(value)] = mark
    return f"{low:g} {''.join(line)} {high:g}"


def _parts(alert: Alert, words: Wording) -> str | None:
    """What each part adds to the surprise, the strongest first."""
    if not alert.contributions:
        return None
    said = list(alert.contributions.items())
    if not {"surprise", "lift"} & alert.contributions.keys():
        # Parts of one sum; measures of different kinds stay in the order they were given.
        said.sort(key=lambda part: -abs(part[1]))
    return " · ".join(f"{part_name(name, words)} {value:g}" for name, value in said)


def part_name(part: str, words: Wording) -> str:
    """What a part of the surprise is called; one that has no name stands for itself."""
    pair = PART_NAMES.get(part)
    if pair is None:
        return part
    return pair[0] if words.lang == "zh" else pair[1]


def _place(alert: Alert, words: Wording) -> str | None:
    where = alert.geometry
    if where is None:
        return None
    return words.say("why_around", lat=where.lat, lon=where.lon, radius=where.radius_km)


def _suspected(alert: Alert, words: Wording) -> str | None:
    if not alert.suspected:
        return None
    return "; ".join(
        words.say(
            "why_before",
            name=each.name or each.kind,
            area=words.area(each.area),
            at=words.time(each.at),
            lift=each.lift,
            lag=each.lag_h,
        )
        + ("" if each.distance_m is None else words.say("why_away", metres=each.distance_m))
        + (words.say("why_indirect") if each.indirect else "")
        for each in alert.suspected[:3]
    )


def _window(alert: Alert, words: Wording) -> str | None:
    window = alert.window
    if window is None:
        return None
    span = words.span(window.end - window.start)
    return f"{words.time(window.start)} → {words.time(window.end)} ({span})"


def _course(revisions: Sequence[Alert], words: Wording) -> str | None:
    """How the observed value went from revision to revision, and what was expected meanwhile."""
    values = [alert.observed for alert in revisions if alert.observed is not None]
    if len(values) < 2:
        return None
    steps = words.say("why_revisions", count=len(revisions))
    course = f"{sparkline(values, 40)}  {values[0]:g} → {values[-1]:g}  {steps}"
    expected = [
        alert.expected
        for alert in revisions
        if alert.observed is not None and alert.expected is not None
    ]
    if len(expected) == len(values):
        # Both rows to one scale, so that the eye can compare them.
        rows = sparkline([*values, max(*values, *expected)], 41)[:-1]
        below = sparkline([*expected, max(*values, *expected)], 41)[:-1]
        told = words.say("why_expected", value=f"{expected[0]:.3g} → {expected[-1]:.3g}")
        course = f"{rows}  {values[0]:g} → {values[-1]:g}  {steps}\n{below}  {told}"
    return course


def _owner(owner: str, words: Wording) -> str:
    if words.names is not None and owner in words.names.units:
        return words.unit(owner)
    return words.area(owner)


def _answered(alert: Alert, words: Wording) -> str | None:
    if alert.answer is None:
        return None
    reason = f" “{alert.answer_reason}”" if alert.answer_reason else ""
    return f"{words.word(alert.answer)} · {alert.answered_by}{reason}"
