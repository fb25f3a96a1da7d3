"""What each rule is called that lifts a case or lights an alert, in Chinese and in English."""

from __future__ import annotations

RULES: dict[str, tuple[str, str]] = {
    # why a case changes hands
    "E1": ("达到等级", "its severity"),
    "E2": ("未按时接单、签收或办结", "not seen, accepted or done in time"),
    "E3": ("吹哨无人报到", "whistle unanswered"),
    "E4": ("跨区域", "spans areas"),
    "E5": ("两次退回或权属不明", "returned twice, or no owner"),
    "E6": ("反复发生", "recurs"),
    "E7": ("敏感事项", "sensitive"),
    "E8": ("降级交还", "given back"),
    "E9": ("下级不得低于上级定级", "not below the tier above"),
    "E10": ("案号不变", "the id stays"),
    "E11": ("接单后无进展", "seen, but nothing done"),
    "officer": ("值班员提级", "by an officer"),
    "delegation": ("上级交办", "handed down"),
    # early warning
    "W1": ("井盖倾斜", "manhole tilt"),
    "W2": ("燃气浓度", "gas"),
    "W3": ("道路积水", "water on the road"),
    "W4": ("暴雨信号", "rain signal"),
    "W5": ("积水上涨", "water rising"),
    "W6": ("多源印证", "second witness"),
    "W7": ("多地同发", "spread"),
    "W8": ("同地反复", "same place again"),
    "W9": ("多人反复投诉", "complained of again"),
    "W10": ("数量激增", "surge"),
    "W11": ("超时风险", "risk of being late"),
    "W12": ("设备失联", "silent device"),
    "W12-area": ("诉求骤减", "fewer reports than usual"),
    "W13": ("通知风险点位", "sites told"),
    "W14": ("季节提前治理", "season to come"),
    "W15": ("设备读数异常", "unlike its own past"),
    "W16": ("空间聚集", "hotspot"),
    "W17": ("反常重复", "beyond the place's past"),
    "W18": ("先后关联", "one kind brings another"),
    "W19": ("水位预测", "forecast to pass a limit"),
    "deadline": ("时限", "limit"),
    "flood": ("洪泛归并", "flood"),
}


def rule_name(rule: str, lang: str) -> str:
    """A rule's code and its words; its code alone where it has none of ours."""
    pair = RULES.get(rule)
    if pair is None:
        return rule
    word = pair[0 if lang == "zh" else 1]
    return f"{rule} {word}" if rule[:1] in "EW" and rule[1:].isdigit() else word
