"""The account of Boston's year: where every case is, and whether the city would agree.

Overdue verdicts are held against the city's own ``sla_status``; merging against the cases
that the city itself closed as duplicates.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agents.replay import comparison
from agents.replay.accounting import (
    Account,
    Found,
    Part,
    dead_part,
    flow,
    flow_figures,
    share,
    times_part,
)
from agents.replay.boston311.areas import Areas
from agents.replay.boston311.policy import DUPLICATE
from agents.replay.boston311.rows import CITY, CITY_HALL, Row

EXPLANATIONS = {
    "the city had not flagged it yet": "open, its target lies before the last closing, the "
    "city's flag still says on time: the flag was not renewed before the export",
    "the city flagged it early": "open, its target lies after the last closing, but the city's "
    "flag says overdue",
    "closed after its target, flagged on time": "the city's own times say late, its flag does not",
    "closed before its target, flagged overdue": "the city's own times say in time, its flag "
    "does not",
    "another limit was applied": "the limit in the incident is not the city's target",
    "another end was applied": "the end in the incident is not the city's closing time",
    "not in an incident": "no verdict, because the case is in no incident",
}
"""Every way to disagree, and what it means."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a case stands in the end: its incident, and what was found about it there."""

    incident_id: str
    first: bool
    due_at: str | None
    ended_at: str | None
    overdue: bool | None
    resolution: str | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One case about which the city and we say different things."""

    case_id: str
    type: str
    city: str
    ours: str
    target: str
    closed: str
    explanation: str


def stands(incidents: Iterable[dict[str, Any]]) -> tuple[dict[str, Stand], int]:
    """Report id to where it stands, and how many reports stand in more than one incident."""
    found: dict[str, Stand] = {}
    doubled = 0
    for incident in incidents:
        for n, case in enumerate(incident["reports"]):
            doubled += case["report_id"] in found
            found[case["report_id"]] = Stand(
                incident["incident_id"],
                n == 0,
                case.get("due_at"),
                case.get("ended_at"),
                case.get("overdue"),
                case.get("resolution"),
            )
    return found, doubled


def listed(rows: Iterable[Row], found: Found) -> bool:
    """Whether every case stands in an incident, or has a dead letter."""
    standing, _ = stands(found.incidents)
    return all(row.report_id in standing or row.report_id in found.dead for row in rows)


def verdict(stand: Stand | None, stops: datetime) -> str | None:
    """Overdue or on time, as the incident says; an open case within its limit is on time."""
    if stand is None:
        return None
    overdue = stand.overdue
    if overdue is None and stand.due_at is not None and stand.ended_at is None:
        overdue = datetime.fromisoformat(stand.due_at) < stops
    return "OVERDUE" if overdue else "ONTIME"


def explain(row: Row, stand: Stand | None, stops: datetime) -> str:
    """Why a verdict differs from the city's; a key of `EXPLANATIONS`."""
    if stand is None:
        return "not in an incident"
    target = datetime.fromisoformat(row.sla_target_at)
    if stand.due_at is None or datetime.fromisoformat(stand.due_at) != target:
        return "another limit was applied"
    if row.closed is None:
        return "the city had not flagged it yet" if target < stops else "the city flagged it early"
    end = max(row.closed, row.opened)
    if stand.ended_at is None or _microseconds(stand.ended_at) != end:
        return "another end was applied"
    late = end > _microseconds(row.sla_target_at)
    return (
        "closed after its target, flagged on time"
        if late
        else "closed before its target, flagged overdue"
    )


def settle(rows: list[Row], areas: Areas, stops: datetime, found: Found, workdir: Path) -> Account:
    """Hold what the stages committed against the recording.

    Args:
        workdir: where the list of disagreements and of unaccounted cases is written.
    """
    standing, doubled = stands(found.incidents)
    placed = {row.report_id: standing.get(row.report_id) for row in rows}
    unlisted = {
        report: found.answered[report]
        for report, stand in placed.items()
        if stand is None and report in found.answered
    }
    dead = {r: found.dead[r] for r, s in placed.items() if s is None and r in found.dead}
    lost = [r for r, s in placed.items() if s is None and r not in unlisted and r not in dead]
    judged, disagreements = _verdicts(rows, placed, stops)
    merged = _merging(rows, placed)
    departments = comparison.side_by_side(_pairs(rows, placed, stops))
    files = _write(workdir, disagreements, lost)
    figures = {
        "rows": {
            "total": len(rows),
            "in_incident": len(rows) - len(unlisted) - len(dead) - len(lost),
            "in_incident_by_reply": len(unlisted),
            "dead_letter": len(dead),
            "unaccounted": len(lost),
            "in_two_incidents": doubled,
            "routed": areas.routed,
            "precincts": len(areas.precincts),
            "precincts_spanning_neighborhoods": areas.spanning,
            "rows_with_another_neighborhood": areas.differing,
            "closed_before_opened": sum(row.closed_before_opened for row in rows),
        },
        "verdicts": {
            "clock_stops": stops.isoformat(),
            "compared": judged,
            "agree": judged - len(disagreements),
            "agreement": round(1 - len(disagreements) / judged, 6) if judged else None,
            "disagreements": dict(Counter(d.explanation for d in disagreements)),
        },
        "merging": merged,
        "departments": departments,
        **flow_figures(found, CITY),
    }
    parts = (
        _rows_part(figures["rows"]),
        _verdict_part(figures["verdicts"], disagreements),
        _merging_part(merged),
        comparison.part(
            "By department: the city's own columns, and ours",
            departments,
            "Duplicates: closed by the city as such, and merged by us.",
        ),
        flow(found, CITY),
        dead_part(found),
        times_part(found),
    )
    return Account("boston311", not lost and not doubled, parts, figures, files)


def _verdicts(
    rows: Iterable[Row], placed: dict[str, Stand | None], stops: datetime
) -> tuple[int, list[Disagreement]]:
    judged = 0
    disagreements = []
    for row in rows:
        if not (row.sla_target_at and row.sla_status):
            continue
        judged += 1
        stand = placed[row.report_id]
        ours = verdict(stand, stops)
        if ours != row.sla_status:
            disagreements.append(
                Disagreement(
                    row.case_id,
                    row.type,
                    row.sla_status,
                    ours or "none",
                    row.sla_target_at,
                    row.closed_at,
                    explain(row, stand, stops),
                )
            )
    return judged, disagreements


def _merging(rows: Iterable[Row], placed: dict[str, Stand | None]) -> dict[str, Any]:
    merged = marked = both = knowable = 0
    for row in rows:
        stand = placed[row.report_id]
        joined = stand is not None and not stand.first
        duplicate = row.resolution == DUPLICATE
        merged += joined
        marked += duplicate
        both += joined and duplicate
        here = (row.lat, row.lon) != (str(CITY_HALL[0]), str(CITY_HALL[1]))
        knowable += duplicate and here and bool(row.precinct)
    return {
        "merged": merged,
        "marked_duplicate": marked,
        "marked_with_a_place": knowable,
        "both": both,
        "precision": round(both / merged, 4) if merged else None,
        "recall": round(both / marked, 4) if marked else None,
        "recall_with_a_place": round(both / knowable, 4) if knowable else None,
    }


def _pairs(
    rows: Iterable[Row], placed: dict[str, Stand | None], stops: datetime
) -> Iterator[comparison.Pair]:
    """Every case as the city wrote it down, and as it stands here."""
    for row in rows:
        judged = bool(row.sla_target_at and row.sla_status)
        ended = None if row.closed is None else max(row.closed, row.opened)
        theirs = comparison.Side(
            _hours(row.opened, ended),
            row.sla_status == "OVERDUE" if judged else None,
            row.resolution == DUPLICATE,
        )
        stand = placed[row.report_id]
        ours = None
        if stand is not None:
            end = None if stand.ended_at is None else _microseconds(stand.ended_at)
            late = verdict(stand, stops) == "OVERDUE" if judged else None
            ours = comparison.Side(_hours(row.opened, end), late, not stand.first)
        yield comparison.Pair(row.department or "–", theirs, ours)


def _hours(opened: int, ended: int | None) -> float | None:
    return None if ended is None else (ended - opened) / 3_600_000_000


def _rows_part(figures: dict[str, Any]) -> Part:
    total = figures["total"]
    lines = [
        ("cases", f"{total:,}"),
        ("in an incident", share(figures["in_incident"], total)),
        ("in an incident, by its reply", f"{figures['in_incident_by_reply']:,}"),
        ("dead letter with its reason", f"{figures['dead_letter']:,}"),
        ("unaccounted", f"{figures['unaccounted']:,}"),
        ("in two incidents", f"{figures['in_two_incidents']:,}"),
        *(
            (f"routed by {how}", f"{n:,}")
            for how, n in sorted(figures["routed"].items(), key=lambda item: -item[1])
        ),
        (
            "precincts in several neighbourhoods",
            share(figures["precincts_spanning_neighborhoods"], figures["precincts"]),
        ),
        (
            "cases of another neighbourhood than their precinct's",
            f"{figures['rows_with_another_neighborhood']:,}",
        ),
        ("closed before opened, held", f"{figures['closed_before_opened']:,}"),
    ]
    return Part("Every case", tuple(lines))


def _verdict_part(figures: dict[str, Any], disagreements: list[Disagreement]) -> Part:
    lines = [
        ("cases with target and flag", f"{figures['compared']:,}"),
        ("verdict as the city's", share(figures["agree"], figures["compared"])),
        ("the clock stops at", figures["clock_stops"]),
    ]
    for explanation, n in sorted(figures["disagreements"].items()):
        lines.append((f"differs: {explanation}", f"{n:,}  ({EXPLANATIONS[explanation]})"))
    return Part("Overdue or on time", tuple(lines))


def _merging_part(figures: dict[str, Any]) -> Part:
    def percent(value: float | None) -> str:
        return "–" if value is None else f"{value:.1%}"

    lines = (
        ("merged into an earlier case's incident", f"{figures['merged']:,}"),
        ("closed by the city as duplicates", f"{figures['marked_duplicate']:,}"),
        ("  of these with a place", f"{figures['marked_with_a_place']:,}"),
        ("both", f"{figures['both']:,}"),
        ("precision", percent(figures["precision"])),
        ("recall", percent(figures["recall"])),
        ("recall among those with a place", percent(figures["recall_with_a_place"])),
    )
    note = (
        "The city marks a duplicate but not of which case, only where somebody noticed, and the "
        "first may lie before the year: a merge without a mark is not an error by itself."
    )
    return Part('Merging, against the city\'s "Duplicate of Existing Case"', lines, note)


def _write(workdir: Path, disagreements: list[Disagreement], lost: list[str]) -> dict[str, str]:
    workdir.mkdir(parents=True, exist_ok=True)
    files = {}
    path = workdir / "boston311-disagreements.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            ["case_id", "type", "city", "ours", "target", "closed", "explanation", "meaning"]
        )
        for d in disagreements:
            meaning = EXPLANATIONS[d.explanation]
            writer.writerow(
                [d.case_id, d.type, d.city, d.ours, d.target, d.closed, d.explanation, meaning]
            )
    files["disagreements"] = str(path)
    if lost:
        path = workdir / "boston311-unaccounted.txt"
        path.write_text("\n".join(lost) + "\n", encoding="utf-8")
        files["unaccounted"] = str(path)
    return files


def _microseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)
