"""What operators read on an alert, in the language of the policy."""

from __future__ import annotations

from streams.policy import Language, Limit

_TEXTS: dict[str, tuple[str, str]] = {
    "overdue_soon": ("时限已用 {percent}%：{title}", "{percent} % of the limit used: {title}"),
    "overdue": ("超过时限（{percent}%）：{title}", "Limit passed ({percent} %): {title}"),
    "provisional": ("（节假日安排未公布，时限暂定）", " (holidays not announced, provisional)"),
    "stage_soon": ("{stage}时限将到", "{stage}: its limit is near"),
    "stage_late": ("{stage}超过时限", "{stage}: limit passed"),
    "unacknowledged": ("尚未签收：{title}", "Not acknowledged: {title}"),
    "unaccepted": ("{unit}尚未签收：{title}", "{unit} has not accepted: {title}"),
    "unmoved": ("{reason}：{title}", "{reason}: {title}"),
    "not_moved_on": ("签收后{limit}内无进展", "seen, but nothing moved within {limit}"),
    "not_taken_up": ("交办后下级未接办", "handed down, and nobody took it up"),
    "calm": ("设备告警已解除一段时间", "no device has alarmed for a while"),
    "pause_over": ("挂账期满，恢复办理", "the pause is over"),
    "not_reported": ("{unit}未按时报到", "{unit} has not reported in time"),
    "call_unit": (
        "电话联系承办单位；不能承接的，改派",
        "Call the unit; if it cannot take it, send another",
    ),
    "escalated": ("{rule}：{title}", "{rule}: {title}"),
    "copied": ("{rule} 抄送：{title}", "Copy by {rule}: {title}"),
    "silent_area": (
        "{title}：{area}近{days}天{observed}件，往常约{expected:.0f}件",
        "{title}: {area} {observed} in {days} days, usually about {expected:.0f}",
    ),
    "spread": (
        "{kind}在{count}个{areas}同时出现（{minutes}分钟内）",
        "{kind} in {count} {areas} within {minutes} minutes",
    ),
    "complaints": (
        "{title}：{count} 件诉求，{days:g} 天内未解决：{matter}",
        "{title}: {count} complaints within {days:g} days: {matter}",
    ),
    "deadline_risk": (
        "{title}：{unit}在办 {number} 件中预计 {late:.0f} 件超时",
        "{title}: {late:.0f} of {number} open cases of {unit} will miss their limits",
    ),
    "surge_day": (
        "{title}：{kind}一天{count}件，平时约{expected:.1f}件（{low}–{high}），共判{number}项",
        "{title}: {count} of {kind} in a day, usual {expected:.1f} ({low}–{high}), 1 of {number}",
    ),
    "surge_hour": (
        "{title}：{kind}一小时{count}件，平时约{expected:.1f}件（{low}–{high}），共判{number}项",
        "{title}: {count} of {kind} in an hour, usual {expected:.1f} ({low}–{high}), 1 of {number}",
    ),
    "chain": (
        "{title}：{cause}之后{hours}小时内，同一街道{effect}是平时的{lift:.1f}倍（{low:.1f}–{high:.1f}）",
        "{title}: within {hours} h of {cause} {effect} is {lift:.1f} times as frequent",
    ),
    "chain_through": (
        "{title}：{cause}经{through}间接带来{effect}，{hours}小时内为平时的{lift:.1f}倍",
        "{title}: {cause} brings {effect} through {through}, {lift:.1f} times within {hours} h",
    ),
    "hotspot": (
        "{title}：{group}{days:g}天内{count}件，半径{radius:g}公里，平时约{expected:.1f}件（{low}–{high}）",
        "{title}: {count} {group} in {days:g} d, {radius:g} km ({low}–{high} usual)",
    ),
    "surge_day_early": (
        "{title}：{kind}今天已{count}件，平时全天约{expected:.1f}件（{low}–{high}），共判{number}项",
        "{title}: {count} of {kind} today, usual {expected:.1f} ({low}–{high}), 1 of {number}",
    ),
    "surge_hour_early": (
        "{title}：{kind}本小时已{count}件，平时整小时约{expected:.1f}件（{low}–{high}），共判{number}项",
        "{title}: {count} of {kind} this hour, usual {expected:.1f} ({low}–{high}), 1 of {number}",
    ),
    "sites": ("{title}：{count} 处，{names}", "{title}: {count}, {names}"),
    "season": (
        "{title}：{month}月{day}日进入高发季，还有 {days} 天",
        "{title}: the season begins on {month}-{day}, {days} days from now",
    ),
    "flood": (
        "{title}：{groups} 类 {count} 条，其中红色 {reds} 条",
        "{title}: {count} alerts in {groups} groups, {reds} of them red",
    ),
    "spread_over": ("已不再多点同发", "it is no longer in many places at once"),
    "streets": ("街道", "streets"),
    "districts": ("区县", "districts"),
    "problem": ("{kind}在同一地点重复发生 {count} 次", "{kind} at one place {count} times"),
    "weather": ("{title}（{colour}）{headline}", "{title} ({colour}) {headline}"),
    "severity": ("{severity}级", "severity {severity}"),
    "spans_streets": ("地点跨 {count} 个街道", "the place spans {count} streets"),
    "spans_districts": ("地点跨 {count} 个区县", "the place spans {count} districts"),
    "returned_often": ("已被退回 {count} 次", "returned {count} times"),
    "no_owner": ("权属不明，没有承办单位", "no unit answers for this kind of matter"),
    "sensitive": ("敏感事项：{marks}", "sensitive: {marks}"),
    "group_event": ("群体性事件", "group event"),
    "casualties": ("人员伤亡", "casualties"),
    "minors": ("涉未成年人", "minors"),
    "not_acknowledged": ("{limit}内未签收", "not acknowledged within {limit}"),
    "limit_used": ("时限已用 {percent}%", "{percent} % of the limit used"),
    "uncontradicted": ("期满无异议，自动结案", "nobody contradicted in time"),
    "cleared": ("设备告警已全部解除", "all devices are back to normal"),
    "withdrawn": ("诉求人撤回", "withdrawn"),
    "minute": ("{amount:g} 分钟", "{amount:g} min"),
    "urgent_hour": ("{amount:g} 小时", "{amount:g} h"),
    "work_hour": ("{amount:g} 个工作时", "{amount:g} working hours"),
    "work_day": ("{amount:g} 个工作日", "{amount:g} working days"),
    "natural_day": ("{amount:g} 天", "{amount:g} days"),
    "blue": ("蓝色", "blue"),
    "yellow": ("黄色", "yellow"),
    "orange": ("橙色", "orange"),
    "red": ("红色", "red"),
    "look": ("确认并派遣处置单位", "Acknowledge it and send a unit"),
    "press": ("催办主办单位；无法按期完成的，派遣协办力量", "Press the lead unit; add forces"),
    "take_over": ("接手指挥，确认承办单位", "Take command, confirm the unit"),
    "know": ("知悉，关注进展", "For your information; follow it"),
    "solved": ("已办结", "settled"),
    "received": ("已受理，正在处置", "received, being dealt with"),
    "together": ("已有同一事项，合并办理", "the same matter is already being dealt with"),
    "under_way": ("承办单位已签收", "the unit has accepted it"),
    "done": ("承办单位已处置完毕，待核实", "the unit reports it done, to be checked"),
    "on_the_spot": ("已当场处置", "settled on the spot"),
    "forgotten": (
        "没有与该诉求对应的在办事项（结案满 {days:g} 天后不再保留）",
        "no case is known for this report (closed ones are kept for {days:g} days)",
    ),
    "reopened": ("已重新办理", "taken up again"),
    "sent_to": ("已派遣至{unit}", "sent to {unit}"),
    "reworked": ("核实未通过，退回返工", "checked and found unfinished, being worked on again"),
    "suspended": (
        "暂缓办理（挂账）至 {until}：{reason}",
        "waits until {until}: {reason}",
    ),
    "resumed": ("恢复办理，时限 {due}", "being worked on again, limit {due}"),
    "extended": ("延期至 {due}：{reason}", "extended until {due}: {reason}"),
    "supervised": ("督办（{count}次）：{title}", "Supervised ({count}): {title}"),
    "reminded": ("催办（{count}次）：{title}", "Reminded ({count}): {title}"),
    "answer_press": ("回复进展，明确完成时间", "Answer with progress and a date"),
    "to_verify": ("已收到，正在核实", "received, somebody will look at it"),
    "unverified": ("到期未核实，按现有信息立案", "not verified in time, taken as it stands"),
    "split": ("与其他诉求分开，单独办理", "being dealt with apart from the others"),
    "has_cause": ("起因是{kind}，一并处置", "part of {kind}, being dealt with together"),
    "cause_solved": ("起因已解决：{title}", "its cause has been dealt with: {title}"),
    "cause_gone": ("另行处置，不再随主案办理", "goes its own way, apart from its cause"),
    "time_over": ("期限已到", "its time is over"),
}


def words(language: Language, text: str, **parts: object) -> str:
    """A sentence for operators or citizens, with its parts filled in."""
    template = _TEXTS[text][0 if language == "zh" else 1]
    return template.format(**parts) if parts else template


def limit_words(language: Language, limit: Limit) -> str:
    """A limit as people say it."""
    return words(language, limit.clock, amount=limit.amount)


ROMAN: dict[str, str] = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ", "V": "Ⅴ"}
"""Severities as they are printed."""

_RULES: dict[str, tuple[str, str]] = {
    "officer": ("值班员提级", "Escalated by an officer"),
    "delegation": ("上级交办", "Handed down"),
    "E8": ("上级交回（E8）", "Given back (E8)"),
}


def rule_words(language: Language, rule: str) -> str:
    """How a case came to a desk, by the rule that brought it."""
    known = _RULES.get(rule)
    if known is not None:
        return known[0 if language == "zh" else 1]
    return f"{rule} 提级" if language == "zh" else f"Escalated by {rule}"
