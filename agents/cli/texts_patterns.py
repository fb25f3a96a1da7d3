"""Sentences about pairs of kinds that may become rules."""

from __future__ import annotations

PATTERN_TEXTS: dict[str, tuple[str, str]] = {
    "pairs_head": (
        "先后关联的候选规则:{count} 对(直接 {direct},间接 {indirect})",
        "Pairs that may become rules: {count} ({direct} direct, {indirect} indirect)",
    ),
    "pairs_none": (
        "尚无候选:城市要先积累若干天案件,且关联须超出偶然",
        "None yet: the city learns from some weeks of cases first, and a pair must beat chance",
    ),
    "pairs_cause": ("起因", "cause"),
    "pairs_effect": ("后果", "consequence"),
    "pairs_lift": ("倍数(90%)", "lift (90 %)"),
    "pairs_lag": ("间隔(时)", "lag (h)"),
    "pairs_window": ("时限(时)", "within (h)"),
    "pairs_counts": ("实测/偶然", "observed/anyhow"),
    "pairs_way": ("方式", "way"),
    "pairs_direct": ("直接", "direct"),
    "pairs_indirect": ("间接", "indirect"),
    "pairs_note": (
        "统计关联不等于因果:核对机理后再写入 causes(--yaml 输出草稿)。",
        "A pair is no proof of a cause: check it, then write it into causes (--yaml drafts it).",
    ),
}
