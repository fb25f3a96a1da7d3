"""The outage log as a replay. It is read anew for each pass: whole it would fill the memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from agents.replay import comparison
from agents.replay.accounting import (
    Account,
    Part,
    dead_part,
    flow,
    flow_figures,
    gather,
    share,
    times_part,
)
from agents.replay.feed import Entry, moment_of
from agents.replay.outages import comparing, mapping
from agents.replay.outages.policy import cell_of, write_policy
from agents.replay.outages.rows import CITY, SOURCE, ZONE, files_at, read
from agents.replay.source import Slice, digest_of
from agents.settings import Settings
from schemas.errors import ConfigurationError


class Outages:
    """A log of power outages, ready to be replayed."""

    name = "pge-outages"
    time_mode: Literal["event", "wall"] = "event"
    zone = ZONE

    def __init__(self, path: Path, part: Slice) -> None:
        self.files = files_at(path)
        self.part = part
        self.cells: dict[str, Counter[str]] = defaultdict(Counter)
        self.kinds: Counter[str] = Counter()
        self.causes: set[str] = set()
        first = last = None
        for row in read(self.files, part):
            first = row.at if first is None else first
            last = row.at
            self.kinds[row.event] += 1
            if row.event == "reported":
                self.causes.add(row.cause)
                if row.region:
                    self.cells[row.region][cell_of(row.lat, row.lon)] += 1
        if first is None or last is None:
            raise ConfigurationError(f"{path} has no rows in the part that was asked for.")
        self.rows = self.events = sum(self.kinds.values())
        self.begins: datetime = moment_of(first).astimezone(ZoneInfo(ZONE))
        self.stops: datetime = moment_of(last).astimezone(ZoneInfo(ZONE))

    def entries(self) -> Iterator[Entry]:
        """Reports and updates in the order in which they were observed."""
        return mapping.entries(read(self.files, self.part))

    def fingerprint(self) -> str:
        """A short name for exactly this part of this log."""
        return digest_of(self.files, self.name, self.part.words())

    def write_policy(self, directory: Path) -> Path:
        """Write regions, cells, causes and limits as policy files."""
        return write_policy(directory, self.cells, self.causes)

    async def account(self, settings: Settings, bootstrap: str, workdir: Path) -> Account:
        """Say where every outage is, and whether its state is what the log ends with."""
        found = await gather(settings, bootstrap)
        stands = {
            case["report_id"]: (incident["state"], case)
            for incident in found.incidents
            for case in incident["reports"]
        }
        states = {report: state for report, (state, _) in stands.items()}
        ends: dict[str, bool] = {}
        reported: set[str] = set()
        log = comparing.Log()
        for row in read(self.files, self.part):
            ends[row.report_id] = row.event == "cleared"
            log.note(row)
            if row.event == "reported":
                reported.add(row.report_id)
        causes = comparison.side_by_side(
            log.pairs({report: case for report, (_, case) in stands.items()})
        )
        lost = [r for r in reported if r not in states and r not in found.dead]
        agree = sum(
            (states[report] in ("resolved", "closed")) == cleared
            for report, cleared in ends.items()
            if report in states
        )
        figures: dict[str, Any] = {
            "outages": {
                "total": len(reported),
                "in_incident": sum(report in states for report in reported),
                "dead_letter": sum(r in found.dead and r not in states for r in reported),
                "unaccounted": len(lost),
                "observations": dict(self.kinds),
                "cleared_as_the_log_says": agree,
                "with_a_state": sum(report in states for report in ends),
            },
            "causes": causes,
            **flow_figures(found, CITY),
        }
        outages = figures["outages"]
        lines = (
            ("outages", f"{len(reported):,}"),
            ("in an incident", share(outages["in_incident"], len(reported))),
            ("dead letter with its reason", f"{outages['dead_letter']:,}"),
            ("unaccounted", f"{len(lost):,}"),
            *((kind, f"{n:,}") for kind, n in sorted(self.kinds.items())),
            ("open or cleared as the log ends", share(agree, outages["with_a_state"])),
        )
        parts = (
            Part(f"Every outage ({SOURCE})", lines),
            comparison.part(
                "By cause: the utility's own log, and ours",
                causes,
                "Late: cleared after the utility's first estimate of the restoration.",
            ),
            flow(found, CITY),
            dead_part(found),
            times_part(found),
        )
        return Account(self.name, not lost, parts, figures)
