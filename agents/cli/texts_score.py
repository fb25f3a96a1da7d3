"""Sentences about how well it goes: the load of the desks, the scoreboard, fairness."""

from __future__ import annotations

SCORE_TEXTS: dict[str, tuple[str, str]] = {
    # desk-load
    "load_head": (
        "坐席负荷  {begin} 至 {end},每席 {operators} 人",
        "Load of the desks  {begin} to {end}, {operators} signed in at each",
    ),
    "load_desk": ("坐席", "desk"),
    "load_verdict": ("状态", "verdict"),
    "load_calm": ("正常", "calm"),
    "load_busy": ("偏高", "busy"),
    "load_flooded": ("告警洪泛", "flooded"),
    "load_rate": ("次/时", "per hour"),
    "load_busiest": ("10分钟最多", "most in 10 min"),
    "load_floods": ("洪泛次数", "floods"),
    "load_flooded_share": ("洪泛时长", "time in flood"),
    "load_worst": ("前十来源", "worst ten"),
    "load_colours": ("蓝/黄/橙/红", "blue/yellow/orange/red"),
    "load_answer": ("红橙应答 中位/九成", "red, orange answered p50/p90"),
    "load_useful": ("有效率", "acted on"),
    "load_standing": ("未消(逾日)", "standing (over a day)"),
    "load_trend": ("近24小时", "last 24 h"),
    "load_fills": ("{desk}:告警主要来自", "What fills {desk}"),
    "load_chatter": (
        "{count} 个来源一小时内反复告警三次以上",
        "{count} sources called three times or more within an hour",
    ),
    "load_goals": (
        "目标:平日每席每小时不超过 {calls} 次,任何时候十分钟不超过 {most} 次",
        "Goals: {calls} an hour for each desk on ordinary days, never over {most} in ten minutes",
    ),
    "load_called": ("被呼叫坐席", "desks called"),
    "load_total": ("合计次数", "calls in all"),
    "load_worst_rate": ("最忙坐席 次/时", "worst desk, per hour"),
    "load_worst_hour": ("最忙一小时", "worst hour"),
    "load_reached": ("达标", "goals reached"),
    "load_drill": ("推演中,已处理 {events} 条", "{events} events applied"),
    "load_cut": ("记录过多,只读取了较早的部分。", "Too many records: only the earlier were read."),
    "problem_effect": ("成效", "effect"),
    "effect_told": (
        (
            "措施前{before_days}天{before}件,措施后{after_days}天{after}件;发生率为原来的 {ratio}"
            "(90% 区间 {low} 至 {high});措施前含发现问题的高发期,真实成效可能较小"
        ),
        (
            "{before} cases in the {before_days} days before, {after} in the {after_days} days "
            "since; the rate is {ratio} of what it was (90 % {low} to {high}); the days before "
            "include those for which it was found, so the true effect may be smaller"
        ),
    ),
    "effect_only_after": (
        "措施前{before_days}天无记录,措施后{after_days}天{after}件,无从比较",
        "none known in the {before_days} days before, {after} in the {after_days} days since",
    ),
    "effect_too_soon": ("措施刚定,尚无法比较", "too soon to compare"),
    # scoreboard
    "score_head": (
        "源头治理计分板  {area}  {week}({begin} 至 {end})",
        "Scoreboard of source governance  {area}  {week} ({begin} to {end})",
    ),
    "score_off": (
        "策略 {version} 未启用计分板(scoreboard 为空),没有可显示的内容。",
        "The policy {version} keeps no scoreboard (its section scoreboard is null).",
    ),
    "score_none": (
        "尚无计分:街道在每日零点、区和市随后公布(--area、--week 可查其他区域和周)。",
        "Nothing yet: streets tell theirs at midnight, districts and the city right after.",
    ),
    "score_complete": ("已结束", "complete"),
    "score_running": ("进行中", "still running"),
    "score_unknown": ("不详({n})", "unknown ({n})"),
    "score_unanswered": ("·未答复{n}", "· {n} open"),
    "score_silent": ("诉求骤减", "fallen silent"),
    "score_quiet": ("上报偏少", "reports little"),
    "board_area": ("区域", "area"),
    "board_week": ("周", "week"),
    "board_kind": ("类别", "kind"),
    "board_incidents": ("案件", "incidents"),
    "board_preceded": ("先于诉求的预警", "warned before"),
    "board_chance": ("其中偶合", "by chance"),
    "board_lead": ("提前量 中位/九成", "lead p50/p90"),
    "board_warnings": ("预警", "warnings"),
    "board_precision": ("准确率", "precision"),
    "board_recurrent": ("重复率", "recurrence"),
    "board_low": ("街道内办结", "at street"),
    "board_calls": ("呼叫(占预算)", "calls (budget)"),
    "board_course": ("每周案件", "by week"),
    "board_cure": (
        "治理问题:待治理 {open},治理中 {measured},近60天销号 {closed},销号后60天内复发 {relapsed}",
        (
            "Problems: {open} open, {measured} being treated, {closed} closed in 60 days, "
            "{relapsed} came back within 60 days of being closed"
        ),
    ),
    "board_avoided": (
        (
            "治理减少案件:{saved}(90% 区间 {low} 至 {high});{problems} 个问题,"
            "按同期发现、未采取措施的问题(不足时按同类在其他地点)的走势"
            "应有 {expected},实有 {observed}"
        ),
        (
            "Cases spared by measures: {saved} (90 % between {low} and {high}); {problems} "
            "problems, {expected} to be expected by the course of problems found at the same "
            "time that have no measure (where these are few, of the kind elsewhere), "
            "{observed} came"
        ),
    ),
    "board_avoided_early": (
        (
            "其中 {early} 个发现不久即治理,只能按其他问题推算;"
            "若专挑最差的先治理,实际减少的可能更多。"
        ),
        (
            "{early} of them were treated soon after they were found, so that only other problems "
            "tell what was to be expected; if the worst are treated first, more was spared."
        ),
    ),
    "board_avoided_unknown": (
        "治理减少案件:尚无治理后满14天、且有足够未治理问题可比的措施,无法估计",
        (
            "Cases spared: no measure is two weeks old with enough problems beside it that have "
            "none, to tell"
        ),
    ),
    "score_honest": (
        "括号内为90%区间或样本数;样本太少记为不详。准确率只按坐席答复计,未答复的不作推测。",
        (
            "In brackets the 90 % interval or the number; of too few it is unknown. Precision "
            "goes by the desks' answers alone; of open warnings, which nobody answered, nothing "
            "is supposed. At street: settled there, of those settled or lifted."
        ),
    ),
    "score_lead": (
        (
            "先于诉求:首个诉求前24小时内已有预警(重复、聚集类预警只对该地点的诉求计);"
            "偶合为首次预警之后的诉求若随机到来也会达到的比例。"
        ),
        (
            "Warned before reported: a warning within the day before the first report, for the "
            "kind in the area, or for a place that complains again at that place alone; by "
            "chance: the share if reports after the week's first warning came at random times."
        ),
    ),
    "score_reporting": (
        "未上报的事项、因预警而没有发生的事项不在任何数字里;标▲的区域少报,数字低不等于治理好。",
        (
            "What nobody reported, and what a warning prevented, is in no figure; areas marked ▲ "
            "report little, and low figures there are no success."
        ),
    ),
    "board_reporting": ("区域", "area"),
    "voice_reports": ("诉求", "reports"),
    "voice_per_1000": ("每千人", "per 1,000"),
    "voice_no_people": ("人口不详", "residents unknown"),
    "voice_expected": ("往常", "as usual"),
    "voice_rate": ("上报意愿(1为平均)", "readiness (1 is usual)"),
    "voice_unreported": ("一天内无人上报(估计)", "unreported after a day (estimate)"),
    "voice_finding": ("数据质量", "data quality"),
    "voice_how": (
        "上报意愿:同一事项的后续诉求,与其他区域同类事项同样时长内的相比(Liu 等,arXiv 2204.08620)。",
        (
            "Readiness: further reports of a known case against those of the same kinds elsewhere "
            "in the same time (Liu et al., arXiv 2204.08620)."
        ),
    ),
    "voice_limits": (
        "一天内无人上报:按后续诉求的速率估计,不易察觉的事项真实比例更高;诉求骤减先核实渠道,不作为成效。",
        (
            "Unreported after a day: by the rate of further reports; of what is hard to see the "
            "true share is higher. Where reports drop, check the channels first."
        ),
    ),
}
