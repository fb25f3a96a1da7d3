"""Sentences about warnings: why, answers, load of the desks, problems, the scoreboard."""

from __future__ import annotations

WARNING_TEXTS: dict[str, tuple[str, str]] = {
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
    "load_cut": ("记录过多,只读取了较早的部分。", "Too many records: only the earlier were read."),
    # problem
    "no_problem": ("没有这个治理问题:{id}", "There is no problem {id}."),
    "col_problem": ("问题号", "problem"),
    "col_cases": ("案件", "cases"),
    "col_review": ("复查", "review"),
    "col_kind": ("类别", "kind"),
    "problem_cause": ("原因", "cause"),
    "problem_measure": ("措施", "measure"),
    "problem_review": ("复查日期", "review"),
    "problem_verdict": ("复查结论", "verdict"),
    "problem_effective": ("有效", "it helped"),
    "problem_ineffective": ("无效,重新治理", "it did not help, opened again"),
    "problem_relapses": ("复发", "relapses"),
    "problem_by": ("最近处理人", "last order by"),
    "problem_reason": ("理由", "reason"),
    "problem_cases": ("案件 {count} 件,最近的:", "{count} cases, the latest:"),
    "candidates_head": (
        "每月一题候选  {begin} 至 {end},立案 {cases} 件",
        "Candidates for the month's theme  {begin} to {end}, {cases} cases",
    ),
    "burden_weight": ("负担", "burden"),
    "burden_cases": ("件数", "cases"),
    "burden_hours": ("时长(时)", "hours"),
    "burden_areas": ("街道", "streets"),
    "burden_recurrent": ("复发", "recurrent"),
    "burden_dissatisfied": ("不满意", "dissatisfied"),
    "burden_why": ("理由(占全市比重)", "why (share of the city's)"),
    # alert, why
    "col_time": ("时间", "time"),
    "col_alert": ("预警", "alert"),
    "col_alert_id": ("预警号", "alert id"),
    "why_none": ("没有这条预警:{id}", "There is no alert {id}."),
    "why_trigger": ("规则", "rule"),
    "why_desk": ("坐席", "desk"),
    "why_measured": ("依据", "measured"),
    "why_observed": ("实测 {value}", "observed {value}"),
    "why_threshold": ("阈值 {value}", "threshold {value}"),
    "why_expected": ("预期 {value}", "expected {value}"),
    "why_window": ("时段", "window"),
    "why_course": ("变化", "course"),
    "why_revisions": ("{count} 次更新", "{count} revisions"),
    "why_since": ("发布时间", "since"),
    "why_lead": ("提前量", "lead time"),
    "why_data": ("数据完整率", "data completeness"),
    "why_nearest": ("临近条件", "nearest step"),
    "why_clears": ("解除条件", "ends when"),
    "why_owner": ("责任方", "owner"),
    "why_action": ("建议措施", "do"),
    "why_answer": ("坐席答复", "answer"),
    "why_case": ("案件", "case"),
    "why_grouped": ("归入", "put into"),
    "why_evidence": ("证据 {count} 条", "{count} events as evidence"),
    "why_other_policy": (
        "解除与临近条件按现行策略 {version} 说明",
        "What ends it and what is near is told by today's policy {version}",
    ),
    "reason_alert_not_lit": ("坐席上没有这条预警,或已解除", "no such warning is lit at this desk"),
    "reason_not_a_warning": ("督办提醒不能这样答复", "a reminder of late work is not answered"),
    "reason_not_for_alerts": ("预警只能答复属实、误报、未发现、重复", "not an answer to an alert"),
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
