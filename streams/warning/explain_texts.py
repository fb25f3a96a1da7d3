"""What operators read on why a warning was raised, Chinese and English."""

from __future__ import annotations

EXPLAINED: dict[str, tuple[str, str]] = {
    "limit_clears": (
        "回落到 {at:g}{unit} 以内,持续 {span},连续 {readings} 次读数正常后解除",
        "It ends when readings are back within {at:g}{unit} for {span}, {readings} times",
    ),
    "limit_next": (
        "下一档:{at:g}{unit} 升为{colour}(现为 {observed:g}{unit})",
        "Next step: {at:g}{unit} makes it {colour} (now {observed:g}{unit})",
    ),
    "limit_last": ("已到最高一档", "There is no higher step"),
    "rise_clears": (
        "停止上涨 {span} 后解除",
        "It ends after {span} without rising",
    ),
    "rise_next": (
        "触发条件:{span}内上涨 {by:g}{unit}(实测 {observed:g}{unit})",
        "It takes {by:g}{unit} within {span} (measured {observed:g}{unit})",
    ),
    "rain_clears": (
        "气象部门解除信号或到期后解除",
        "It ends when the bureau cancels it or it expires",
    ),
    "witness_clears": ("案件结案后解除", "It ends with its case"),
    "spread_clears": (
        "{span}内不足 {number} 个区域出现同类事项后解除",
        "It ends after {span} with the kind in fewer than {number} areas",
    ),
    "recurrence_clears": (
        "连续 {days:g} 天不再发生后解除;{relapse:g} 天内再发按复发处理",
        "It ends after {days:g} quiet days; again within {relapse:g} days is a relapse",
    ),
    "recurrence_next": (
        "累计 {number} 件时通知上一级(现为 {observed:g} 件)",
        "The tier above is told at {number} cases (now {observed:g})",
    ),
    "complaints_clears": ("案件结案后解除", "It ends with its case"),
    "repeats_clears": (
        "随治理问题销号或案件结案解除",
        "It ends with its problem, or with its case",
    ),
    "forecast_clears": (
        "连续 {readings} 次读数的超限概率低于 {over:g} 后解除;到达限值则按超限处置",
        "It ends after {readings} readings with a chance below {over:g}; past the limit it is that",
    ),
    "forecast_next": (
        "超限概率低于 {at:g} 时不会告警(现为 {p:.2g})",
        "It would not have fired at a chance below {at:g} (now {p:.2g})",
    ),
    "chance_next": (
        "偶然出现的概率高于 {at:g} 时不会告警(现为 {p:.2g})",
        "It would not have fired at a chance above {at:g} (now {p:.2g})",
    ),
    "chain_clears": (
        "规律不再成立、或不再列入最强的几条时解除",
        "It ends when it no longer holds, or is no longer among the strongest",
    ),
    "chain_not": (
        "提升不足 {at:g} 倍的关联不会提示(现为 {lift:.1f} 倍)",
        "A lift below {at:g} is not told (now {lift:.1f})",
    ),
    "hotspot_clears": (
        "聚集消退并平静 {days:g} 天后解除",
        "It ends when the cluster is gone and {days:g} days were quiet",
    ),
    "silent_clears": (
        "诉求恢复到不再少见的数量后解除；在此之前不作为治理成效",
        "ends once so few reports would surprise nobody; until then it is no success",
    ),
    "silent_not": (
        "与往常约 {usual:.0f} 件及周边同期走势相比，如此之少的概率高于 {p:g} 时不会触发",
        (
            "not at a chance above {p:g} of so few, against about {usual:.0f} as usual and the "
            "course of the neighbours"
        ),
    ),
    "risk_clears": (
        "预计超时件数降到一半以下并保持后解除",
        "It ends when half as many are expected to be late, and stays so",
    ),
    "surge_clears": (
        "连续 {number} 个时段恢复常态后解除",
        "It ends after {number} bins as usual",
    ),
    "sites_clears": ("随气象预警一并解除", "It ends with the weather warning"),
    "season_clears": ("进入高发季后解除", "It ends when the season begins"),
    "flood_clears": (
        "{span}内告警少于 {number} 条后解除",
        "It ends when fewer than {number} came within {span}",
    ),
    "finding_clears": (
        "设备恢复正常或案件结案后解除",
        "It ends when the device is itself again, or with its case",
    ),
    "supervision_clears": (
        "签收、办结或交由其他层级后解除",
        "It ends when the case is taken up, done, or given to another tier",
    ),
    # The nearest case that would not have fired.
    "limit_not": (
        "{at:g}{unit} {side}不会触发{held}(实测 {observed:g}{unit})",
        "Nothing fires {side} {at:g}{unit}{held} (measured {observed:g}{unit})",
    ),
    "limit_not_held": (",或未持续 {span}", ", or when not held for {span}"),
    "above": ("以上", "above"),
    "below": ("以下", "below"),
    "rise_not": (
        "{span}内上涨不足 {by:g}{unit} 不会触发(实测 {observed:g}{unit})",
        "Nothing fires below {by:g}{unit} within {span} (measured {observed:g}{unit})",
    ),
    "rain_not": (
        "没有气象信号就没有本预警;{colour}色以下的信号不向街道下发",
        "Without a signal there is none; signals below {colour} are not passed to the streets",
    ),
    "witness_not": (
        "半径 {radius:g} 米内少于 {calls} 个来电、且雨情低于{colour}色时不会触发",
        "Fewer than {calls} callers within {radius:g} m, and rain below {colour}, confirm nothing",
    ),
    "spread_not": (
        "{span}内不足 {number} 个区域时不会触发(现为 {observed:g} 个)",
        "It takes {number} areas within {span}; with fewer nothing fires (now {observed:g})",
    ),
    "recurrence_not": (
        "{days:g} 天内少于 {number} 件时不会触发(现为 {observed:g} 件)",
        "Fewer than {number} cases within {days:g} days do not fire (now {observed:g})",
    ),
    "complaints_not": (
        "{days:g} 天内未办结的诉求少于 {number} 件时不会触发(现为 {observed:g} 件)",
        "Fewer than {number} open complaints within {days:g} days do not fire (now {observed:g})",
    ),
    "surge_not": (
        "本时段不足 {threshold:g} 件时不会触发(实测 {observed:g} 件)",
        "Fewer than {threshold:g} in the bin would not have fired (observed {observed:g})",
    ),
    "usual_not": (
        "不超过 {high:g} 件属平常(90% 区间上端,实测 {observed:g} 件);概率高于 {at:g} 不会触发",
        "Up to {high:g} are usual (90 %, observed {observed:g}); a p above {at:g} does not fire",
    ),
    "risk_not": (
        "预计超时少于 {number:.1f} 件时不会触发(现为 {late:g} 件)",
        "Fewer than {number:.1f} expected to be late do not fire (now {late:g})",
    ),
    "silence_not": (
        "间隔不超过 {span} 不算失联(已 {observed})",
        "A gap of up to {span} is no silence (now {observed})",
    ),
    "check_not": (
        "低于 {threshold:g}{unit} 不会触发(实测 {observed:g}{unit})",
        "Nothing fires below {threshold:g}{unit} (measured {observed:g}{unit})",
    ),
    "beyond_not": (
        "读数回到量程 {least:g} 至 {most:g}{unit} 之内不会触发(实测 {observed:g}{unit})",
        "A reading from {least:g} to {most:g}{unit} does not fire (measured {observed:g}{unit})",
    ),
    "anomaly_not": (
        "各部分稀有程度的几何平均(p)高于 {at:.2g} 的读数不会触发{now}",
        "A reading whose parts are on average (p) no rarer than {at:.2g} does not fire{now}",
    ),
    "now_p": ("(现为 {p:.2g})", " (now {p:.2g})"),
    "sites_not": (
        "气象信号低于{colour}色时,本街道没有需要通知的点位",
        "Below a {colour} signal no site of this street is told",
    ),
    "season_not": (
        "距高发季超过 {days} 天时不会触发",
        "Nothing fires more than {days} days before the season",
    ),
    "flood_not": (
        "{span}内不超过 {number} 条时逐条呼叫,不归组",
        "Up to {number} within {span} call one by one",
    ),
    "supervision_not": (
        "时限前签收、办结或移交的不会触发",
        "Work that is taken up, done or handed on in time does not fire",
    ),
    "finding_not": ("设备读数正常时不会触发", "A device that is itself does not fire"),
    # Why a part of the evidence is not there.
    "no_expected_rule": (
        "按固定规则判定,不作预期",
        "it goes by a fixed rule, not by an expectation",
    ),
    "no_expected_own": (
        "与该设备自身以往规律比较,见各部分贡献",
        "compared with the device's own past; see what each part adds",
    ),
    "no_interval": (
        "只有预期值:异常程度由各部分合成,没有单一的区间",
        "the value alone: what is odd was put together from parts that share no interval",
    ),
    "no_p": (
        "按固定规则判定,不涉及概率",
        "it goes by a fixed rule; chance has no part in it",
    ),
    "no_observed": (
        "由气象部门发布或按日历提醒,没有测量值",
        "announced by the bureau or by the calendar; nothing was measured",
    ),
    "no_window": (
        "以最近一次读数或案件现状判定",
        "judged by the newest reading, or by how the case stands",
    ),
    "no_lead": ("说的是已经发生的事,没有提前量", "it tells what has happened; there is no lead"),
    "no_completeness_one": (
        "只涉及一台设备或一件事,没有完整率",
        "one device, or one matter: nothing that could be incomplete",
    ),
    "no_completeness_calls": (
        "以收到的诉求为准,未上报的无从得知",
        "it goes by what was reported; nobody knows what was not",
    ),
    "no_evidence_counts": (
        "各级只上报数量;可用 chengyun incident list 按类别和时段列出",
        "only counts travel between tiers; `chengyun incident list` shows them by kind and time",
    ),
    "no_evidence": ("没有单独的事件可列", "there are no single events behind it"),
}
