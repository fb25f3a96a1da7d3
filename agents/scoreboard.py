"""Finding what the desks have scored: the newest word about each area and week."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.ledger import Ledger, Progress
from schemas.score import Score, ScoreEvent, Voice
from streams.topics import SCOREBOARD


@dataclass(slots=True)
class Scores:
    """The newest weeks of every area.

    Attributes:
        weeks: week → area → its score; the oldest weeks are forgotten while reading.
        unreadable: records that are no score.
    """

    weeks: dict[str, dict[str, Score]] = field(default_factory=dict)
    unreadable: int = 0

    def take(self, score: Score, last: int) -> None:
        """One revision; a lower one than known changes nothing."""
        areas = self.weeks.setdefault(score.week, {})
        known = areas.get(score.area)
        if known is None or known.revision <= score.revision:
            areas[score.area] = score
        if len(self.weeks) > last:
            del self.weeks[min(self.weeks)]

    def of(self, area: str) -> list[Score]:
        """The weeks of one area, oldest first."""
        return [areas[area] for _, areas in sorted(self.weeks.items()) if area in areas]

    def newest(self, week: str | None = None) -> dict[str, Score]:
        """All areas in that week, or in the newest one."""
        if not self.weeks:
            return {}
        return self.weeks.get(week or max(self.weeks), {})

    def voices(self, week: str | None = None) -> dict[str, Voice]:
        """What the area above says of how readily the people of each area report."""
        return {
            area: voice
            for score in self.newest(week).values()
            for area, voice in score.below.items()
        }


async def read_scores(ledger: Ledger, last: int, progress: Progress) -> Scores:
    """Read the topic and keep the newest revision of the newest weeks.

    Args:
        last: how many weeks.
    """
    found = Scores()
    async for batch in ledger.scan([SCOREBOARD], progress=progress):
        for record in batch:
            if record.value is None:
                continue
            try:
                score = ScoreEvent.model_validate_json(record.value).data
            except ValueError:
                found.unreadable += 1
                continue
            found.take(score, last)
    return found
