"""The numbers of the scoreboard: what counts as warned, when a figure is told, who is silent."""

from __future__ import annotations

from pydantic import Field, model_validator

from streams.policy.section import Section, Text


class SilentAreaRule(Section):
    """When an area that reports less than before is a matter of data quality, and what is said.

    Attributes:
        p: so improbable must so few reports be, over all areas of a desk in a day.
        weeks: of its own past that it is held against; history: of them, those that must
            be known before anything is said.
    """

    id: str = Field(default="W12-area", min_length=1, max_length=40)
    version: str = "1"
    title: Text = Text(zh="诉求骤减", en="Fewer reports than usual")
    action: Text = Text(
        zh="核实热线、网格和接口是否正常；不作为治理成效。",
        en="Check hotline, grid and interfaces; it is not to be taken for success.",
    )
    p: float = Field(default=0.002, gt=0, le=0.1)
    weeks: int = Field(default=8, ge=2, le=12)
    history: int = Field(default=3, ge=2, le=12)

    @model_validator(mode="after")
    def _in_order(self) -> SilentAreaRule:
        if self.history > self.weeks:
            raise ValueError("wanted history at most as great as weeks")
        return self


class ScoreRules(Section):
    """How a desk's week is scored.

    Attributes:
        before_h: a warning counts for a case that is first reported within so long after it.
        told_from: a share of fewer than that many is unknown.
        kept_days: so long after its end a week is revised by what comes late.
        measure_days: a measure must be so old, and so long a time before it be known,
            before anybody says what it has spared.
        calls_a_day: alerts that a desk should be called for in a day; the budget.
        silent: None says nothing of areas that fall silent.
    """

    before_h: float = Field(default=24.0, gt=0, le=168)
    told_from: int = Field(default=10, ge=1, le=1_000)
    kept_days: int = Field(default=10, ge=1, le=60)
    measure_days: int = Field(default=14, ge=7, le=90)
    calls_a_day: float = Field(default=144.0, gt=0, le=10_000)
    silent: SilentAreaRule | None = SilentAreaRule()
