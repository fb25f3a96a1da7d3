"""The scoreboard for Prometheus: the newest figures of the districts and the city.

A street's week has too few cases for most shares, and there are hundreds of streets: theirs
are on the scoreboard's topic. A figure that is unknown is not shown, rather than shown as 0.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from schemas.score import Score, ScoreEvent, Share
from streams.program import Output
from streams.warning.scoreboard import ALL

SHARES = ("preceded", "precision", "recurrent", "settled_low")
_BOUNDS = ("value", "low", "high")
_SHOWN = frozenset({"district", "city"})


class ScoreGauges:
    """Gauges of one worker; areas are told apart, which a city has some dozens of.

    Args:
        known: gives a label for an area, ``other`` once there are too many.
    """

    def __init__(self, registry: CollectorRegistry, known: Callable[[str], str]) -> None:
        self._known = known

        def gauge(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(
                f"chengyun_scoreboard_{name}", about, ("tier", "area", *labels), registry=registry
            )

        self.share = gauge(
            "share",
            "Share of the running week by figure, with its 90 % interval; absent while unknown.",
            "figure",
            "bound",
        )
        self.number = gauge("number", "Of how many the share is.", "figure")
        self.chance = gauge(
            "preceded_by_chance", "The share if reports came at random after the first warning."
        )
        self.lead = gauge("lead_seconds", "From the warning to the first report.", "quantile")
        self.unanswered = gauge("warnings_unanswered", "Warnings that no desk answered.")
        self.budget = gauge("calls_of_budget", "Calls of the desks as a share of the budget.")
        self.spared = gauge(
            "cases_spared", "Cases that measures have spared, with a 90 % interval.", "bound"
        )
        self.silent = gauge("silent_areas", "Areas directly below that have fallen silent.")

    def show(self, output: Output) -> None:
        """Show the score that a message is."""
        message = output.message
        if isinstance(message, bytes):
            message = ScoreEvent.model_validate_json(message)
        assert isinstance(message, ScoreEvent)
        score = message.data
        if score.tier not in _SHOWN or ALL not in score.lines:
            return
        here = (score.tier, self._known(score.area))
        line = score.lines[ALL]
        for name in SHARES:
            share: Share = getattr(line, name)
            self.number.labels(*here, name).set(share.n)
            for bound in _BOUNDS:
                _show(self.share, getattr(share, bound), *here, name, bound)
        _show(self.chance, line.preceded_by_chance, *here)
        for quantile, minutes in (("0.5", line.lead_p50_min), ("0.9", line.lead_p90_min)):
            _show(self.lead, None if minutes is None else 60 * minutes, *here, quantile)
        self.unanswered.labels(*here).set(line.unanswered)
        _show(self.budget, _of_budget(score), *here)
        for bound in _BOUNDS:
            _show(self.spared, getattr(score.spared, bound), *here, bound)
        self.silent.labels(*here).set(sum(voice.silent for voice in score.below.values()))


def _of_budget(score: Score) -> float | None:
    return score.lines[ALL].calls / score.calls_budget if score.calls_budget else None


def _show(gauge: Gauge, value: float | None, *labels: str) -> None:
    """Show a figure, or take it away while it is unknown."""
    if value is not None:
        gauge.labels(*labels).set(value)
        return
    # Shown and removed: a gauge that was never shown cannot be removed.
    gauge.labels(*labels)
    gauge.remove(*labels)
