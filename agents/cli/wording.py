"""The city's words for people at a terminal: times, spans, states, colours.

A colour is never shown by colour alone: each has a shape and a character too
(蓝● 黄▲ 橙◆ 红■), so that it survives print, a grey screen and colour blindness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from agents.cli.texts import TEXTS
from streams.policy import Policy

Lang = Literal["zh", "en"]

SHAPES: dict[str, str] = {
    "blue": "●",
    "yellow": "▲",
    "orange": "◆",
    "red": "■",
    "red2": "■",
}
STYLES: dict[str, str] = {
    "blue": "bold blue",
    "yellow": "bold yellow",
    "orange": "bold dark_orange",
    "red": "bold red",
    "red2": "bold white on red",
}

WORDS: dict[str, tuple[str, str]] = {
    # colours
    "blue": ("蓝", "blue"),
    "yellow": ("黄", "yellow"),
    "orange": ("橙", "orange"),
    "red": ("红", "red"),
    "red2": ("红", "red"),
    # stages
    "city": ("市", "city"),
    "district": ("区", "district"),
    "street": ("街道", "street"),
    "intake": ("受理", "intake"),
    "sensing": ("感知", "sensing"),
    "feed": ("来源", "feed"),
    # severities
    "I": ("Ⅰ级 特别重大", "I, extremely grave"),
    "II": ("Ⅱ级 重大", "II, grave"),
    "III": ("Ⅲ级 较大", "III, serious"),
    "IV": ("Ⅳ级 一般", "IV, ordinary"),
    "V": ("Ⅴ级 日常", "V, routine"),
    # urgencies
    "normal": ("日常", "normal"),
    "utility": ("水电气热", "utility"),
    "urgent": ("紧急", "urgent"),
    # states of work
    "reported": ("已上报", "reported"),
    "verifying": ("待核查", "being verified"),
    "registered": ("已立案", "registered"),
    "dispatched": ("已派遣", "dispatched"),
    "accepted": ("已签收", "accepted"),
    "in_progress": ("处置中", "in progress"),
    "returned": ("已退回", "returned"),
    "suspended": ("挂账", "suspended"),
    "resolved": ("已处置", "resolved"),
    "checking": ("核查中", "checking"),
    "closed": ("已结案", "closed"),
    "rejected": ("作废", "rejected"),
    # states of an alert
    "opened": ("发布", "opened"),
    "raised": ("升级", "raised"),
    "revised": ("更新", "revised"),
    "withdrawn": ("撤回", "withdrawn"),
    "lifted": ("解除", "lifted"),
    # scales
    "warning": ("预警", "warning"),
    "supervision": ("督办", "supervision"),
    # actions
    "acknowledge": ("接单", "acknowledge"),
    "accept": ("签收", "accept"),
    "return": ("退回", "return"),
    "resolve": ("办结", "resolve"),
    "close": ("结案", "close"),
    "reopen": ("重开", "reopen"),
    "suspend": ("挂账", "suspend"),
    "resume": ("恢复", "resume"),
    "extend": ("延期", "extend"),
    "escalate": ("上报", "escalate"),
    "delegate": ("下派", "delegate"),
    "redispatch": ("改派", "redispatch"),
    "whistle": ("吹哨", "whistle"),
    "report": ("报到", "report"),
    "release": ("撤哨", "release"),
    "withdraw": ("撤销", "withdraw"),
    "regrade": ("调整等级", "regrade"),
    "confirm": ("确认", "confirm"),
    "dismiss": ("驳回", "dismiss"),
    "open": ("立案", "open"),
    "register": ("立案", "register"),
    "dispatch": ("派遣", "dispatch"),
    "merge": ("并案", "merge"),
    "remind": ("催办", "remind"),
    "external_close": ("外部结案", "closed from outside"),
    "self_handle": ("自行处置", "self-handled"),
    "verify": ("核查", "verify"),
    "reject": ("作废", "reject"),
    "start": ("开工", "start"),
    "check": ("核实", "check"),
    "check_failed": ("返工", "send back to work"),
    "close_with_parent": ("随主案结案", "closed with its cause"),
    "request": ("申请", "ask for time"),
    "refuse": ("不予批准", "refuse"),
    "stage": ("阶段完成", "stage done"),
    "appeal": ("申诉", "appeal"),
    "decide_appeal": ("申诉裁定", "decide the appeal"),
    "hand_back": ("交回", "hand back"),
    "supervise": ("督办", "supervise"),
    "assist": ("加派", "add units"),
    "feedback": ("反馈进展", "report progress"),
    "consult": ("会商", "consult"),
    "conclude": ("会商结论", "conclude"),
    "mark": ("标注敏感", "mark as sensitive"),
    "correct_category": ("更正类别", "correct the kind"),
    "correct_place": ("更正地点", "correct the place"),
    "split": ("拆分", "split"),
    "link": ("挂接主案", "put under its cause"),
    "unlink": ("解除挂接", "take from its cause"),
    "adopt": ("纳入从案", "take in a consequence"),
    "overdue": ("超时", "limit passed"),
    "receive": ("接收", "receive"),
    "finding": ("设备发现", "device finding"),
    "inform": ("补充信息", "information"),
    "end_report": ("诉求办结", "report ended"),
    "cleared": ("已恢复", "cleared"),
    "information": ("补充信息", "information"),
    "not_fixed": ("未解决", "not fixed"),
    "callback": ("回访", "called back"),
    # what an audit finds
    "edited": ("被改动", "edited"),
    "gap": ("缺失", "missing"),
    "no_beginning": ("缺开头", "no beginning"),
    "reordered": ("次序颠倒", "out of order"),
    "doubled": ("重复记录", "doubled"),
    "broken_link": ("链断裂", "broken link"),
    "unnamed_policy": ("未注明策略", "no policy named"),
    "unreadable": ("无法读取", "unreadable"),
    "misfiled": ("归档错误", "misfiled"),
    "end": ("与案件现状不符", "differs from the incident"),
    # outcomes of a command or report
    "applied": ("已执行", "applied"),
    "taken_in": ("已受理", "taken in"),
    "refused": ("未受理", "refused"),
    "conflict": ("版本冲突", "conflict"),
    "forbidden": ("无权操作", "forbidden"),
    "not_found": ("查无此案", "not found"),
    "duplicate": ("重复", "duplicate"),
    "merged": ("已并案", "merged"),
    "progress": ("进展", "progress"),
    "answered": ("已答复", "answered"),
    # roles
    "operator": ("值班员", "operator"),
    "unit": ("责任单位", "unit"),
    "supervisor": ("督办", "supervisor"),
    "system": ("系统", "system"),
    "citizen": ("市民", "citizen"),
    "department": ("部门", "department"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """How one reader is spoken to: language and the city's zone."""

    lang: Lang
    zone: ZoneInfo
    policy: Policy | None = None

    def naming(self, policy: Policy) -> Wording:
        """The same words, calling areas and units by the names that the policy gives them."""
        return replace(self, policy=policy)

    def area(self, code: str | None) -> str:
        """What people call an area; its code where no name is known."""
        if code is None:
            return "–"
        text = None if self.policy is None else self.policy.areas.text(code)
        return code if text is None else text.of(self.lang)

    def unit(self, code: str | None) -> str:
        """What people call a unit; its code where no name is known."""
        if code is None:
            return "–"
        return code if self.policy is None else self.policy.unit_name(code, self.lang)

    def say(self, text: str, /, **values: object) -> str:
        """A sentence of the catalogue with its blanks filled in."""
        pair = TEXTS[text]
        return (pair[0] if self.lang == "zh" else pair[1]).format(**values)

    def word(self, term: str | None) -> str:
        """The city's word for a fixed term; a term that has none stands for itself."""
        if term is None:
            return "–"
        pair = WORDS.get(term)
        if pair is None:
            return term
        return pair[0] if self.lang == "zh" else pair[1]

    def outcome(self, outcome: str) -> str:
        """What became of a report or an order, in the word for just that."""
        return self.word({"accepted": "taken_in", "rejected": "refused"}.get(outcome, outcome))

    def reason(self, code: str, otherwise: str) -> str:
        """Why something was refused, by its stable code; `otherwise` where we have no words."""
        text = f"reason_{code}"
        return self.say(text) if text in TEXTS else otherwise

    def grade(self, severity: str | None) -> str:
        """A severity as one sign, Ⅰ to Ⅴ; the long words are `word`'s."""
        return {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ", "V": "Ⅴ"}.get(severity or "", "–")

    def colour(self, colour: str | None) -> str:
        """Shape and character of a colour: ■红."""
        if colour is None:
            return "–"
        return f"{SHAPES.get(colour, '')}{self.word(colour)}"

    def time(self, moment: datetime | None) -> str:
        """A moment in the city's zone: 9月21日 14:05, or 21 Sep 14:05."""
        if moment is None:
            return "–"
        local = moment.astimezone(self.zone)
        if self.lang == "zh":
            return f"{local.month}月{local.day}日 {local:%H:%M}"
        return f"{local.day} {local:%b %H:%M}"

    def time_with_year(self, moment: datetime | None) -> str:
        """The same with the year, for what may be long ago."""
        if moment is None:
            return "–"
        local = moment.astimezone(self.zone)
        return (
            f"{local.year}年{self.time(moment)}"
            if self.lang == "zh"
            else (f"{local.day} {local:%b %Y %H:%M}")
        )

    def date(self, moment: datetime | None) -> str:
        """A day in the city's zone, for a narrow column: 2015-09-21."""
        return "–" if moment is None else f"{moment.astimezone(self.zone):%Y-%m-%d}"

    def span(self, length: timedelta | float) -> str:
        """A length of time in two units at most: 1小时20分, 3天4小时, 45秒."""
        seconds = length.total_seconds() if isinstance(length, timedelta) else length
        whole = round(abs(seconds))
        zh = self.lang == "zh"
        if whole < 60:
            return f"{whole}{'秒' if zh else ' s'}"
        parts = (
            (whole // 86_400, "天" if zh else " d"),
            (whole % 86_400 // 3_600, "小时" if zh else " h"),
            (whole % 3_600 // 60, "分" if zh else " min"),
        )
        first = next(i for i, (count, _) in enumerate(parts) if count)
        shown = [f"{count}{unit}" for count, unit in parts[first : first + 2] if count]
        return ("" if zh else " ").join(shown)

    def due(self, due_at: datetime | None, now: datetime) -> str:
        """How a limit stands: 还剩 2小时, or 超时 1小时20分."""
        if due_at is None:
            return "–"
        late = now >= due_at
        if self.lang == "zh":
            return f"{'超时' if late else '还剩'} {self.span(now - due_at)}"
        return f"{'overdue' if late else 'left'} {self.span(now - due_at)}"


def sparkline(values: list[float], width: int) -> str:
    """The last `width` values as bars ▁▂▃▄▅▆▇█, scaled to the largest shown."""
    bars = "▁▂▃▄▅▆▇█"
    shown = values[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return bars[0] * len(shown)
    return "".join(bars[min(7, int(value / top * 7.999))] for value in shown)
