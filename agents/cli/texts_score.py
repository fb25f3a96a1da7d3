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
        "目标:每席每小时不超过 {calls} 次,任意十分钟不超过 {most} 次",
        "Goals: at most {calls} an hour for each desk, never over {most} in ten minutes",
    ),
    "load_called": ("被呼叫坐席", "desks called"),
    "load_total": ("合计次数", "calls in all"),
    "load_worst_rate": ("最忙坐席 次/时", "worst desk, per hour"),
    "load_worst_hour": ("最忙一小时", "worst hour"),
    "load_reached": ("达标", "goals reached"),
    "load_drill": ("推演中,已处理 {events} 条", "{events} events applied"),
    "load_cut": ("记录过多,只读取了较早的部分。", "Too many records: only the earlier were read."),
    # scoreboard
    "board_area": ("区域", "area"),
    "board_week": ("周", "week"),
    "board_kind": ("类别", "kind"),
    "board_incidents": ("案件", "incidents"),
    "board_preceded": ("先于诉求的预警", "warned before reported"),
    "board_lead": ("提前量(中位)", "lead (median)"),
    "board_warnings": ("预警", "warnings"),
    "board_precision": ("准确率", "precision"),
    "board_recurrent": ("重复率", "recurrence"),
    "board_low": ("街道内办结", "settled at street"),
    "board_calls": ("呼叫/日", "calls a day"),
    "board_cure": (
        (
            "治理问题:待治理 {open},治理中 {measured},已销号 {closed},复发 {relapsed};"
            "复查 {reviewed},有效 {effective}"
        ),
        (
            "Problems: {open} open, {measured} being treated, {closed} closed, {relapsed} "
            "relapsed; {reviewed} reviewed, {effective} found effective"
        ),
    ),
    "board_avoided": (
        "减少案件(估计上限):{saved},90% 区间 {low} 至 {high}",
        "Cases avoided (an upper estimate): {saved}, 90 % between {low} and {high}",
    ),
    "board_avoided_unknown": (
        "减少案件:尚无满 14 天的治理措施,无法估计",
        "Cases avoided: no measure is 14 days old, so nobody can tell",
    ),
    "board_honest": (
        "准确率以坐席答复为准,无答复时以是否实际处置为准;括号内为 90% 区间;未上报的事项无从得知。",
        (
            "Precision goes by the desks' answers, without any by whether work was done; in "
            "brackets 90 % intervals; what nobody reported and no device saw is not in it."
        ),
    ),
}
