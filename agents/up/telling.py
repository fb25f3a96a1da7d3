"""Telling what happens to a run, in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass

from agents.cli.wording import Wording
from agents.up.board import View
from agents.up.plan import Plan, stage_of
from agents.up.supervisor import GaveUp, last_lines


@dataclass(frozen=True, slots=True)
class Teller:
    """Speaks for a run: what is shown, and in which words."""

    plan: Plan
    words: Wording
    view: View

    def note(self, text: str, /, **values: object) -> None:
        """A sentence of the catalogue."""
        self.view.note(self.words.say(text, **values))

    def crashed(self, stage: str, how: tuple[str, str | int], restart: int) -> None:
        """A worker has ended unexpectedly and is started again."""
        self.note(
            "up_crashed",
            stage=self.words.word(stage),
            how=self._how(how),
            n=restart,
            of=self.plan.settings.restart_limit,
        )

    def gave_up(self, gone: GaveUp) -> None:
        """A worker cannot be kept alive: the run ends, and says `why` then."""

    def why(self, gone: GaveUp) -> str:
        """Why a worker could not be kept alive, with the end of its log."""
        log = self.plan.log_of(gone.worker)
        told = self.words.say(
            "up_refused" if gone.refused else "up_gave_up",
            stage=self.words.word(stage_of(gone.worker)),
            how=self._how(gone.how),
            window=self.plan.settings.restart_window_s,
            of=self.plan.settings.restart_limit,
            log=log,
        )
        return "\n".join([told, *(f"  {line}" for line in last_lines(log))])

    def _how(self, how: tuple[str, str | int]) -> str:
        text, value = how
        return self.words.say(text, name=value, code=value)
