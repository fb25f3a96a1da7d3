"""What operators read on an alert, in the language of the policy."""

from __future__ import annotations

from streams.policy import Language

_TEXTS: dict[str, tuple[str, str]] = {
    "incident": ("{area}{kind}{address}", "{kind}, {area}{address}"),
    "overdue_soon": ("时限已用 {percent}%：{title}", "{percent} % of the limit used: {title}"),
    "overdue": ("超过时限（{percent}%）：{title}", "Limit passed ({percent} %): {title}"),
    "unacknowledged": ("尚未签收：{title}", "Not acknowledged: {title}"),
    "escalated": ("{rule} 提级：{title}", "Escalated by {rule}: {title}"),
    "copied": ("{rule} 抄送：{title}", "Copy by {rule}: {title}"),
    "spread": (
        "{kind}在{count}个{areas}同时出现（{minutes}分钟内）",
        "{kind} in {count} {areas} within {minutes} minutes",
    ),
    "streets": ("街道", "streets"),
    "districts": ("区县", "districts"),
    "problem": ("{kind}在同一地点重复发生 {count} 次", "{kind} at one place {count} times"),
    "weather": ("{event}{colour}信号：{headline}", "{event} {colour} signal: {headline}"),
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
    "reopened": ("已重新办理", "taken up again"),
}


def words(language: Language, text: str, **parts: object) -> str:
    """A sentence for operators or citizens, with its parts filled in."""
    return _TEXTS[text][0 if language == "zh" else 1].format(**parts)
