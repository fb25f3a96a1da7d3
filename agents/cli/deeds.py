"""What each action of the life cycle means, in one sentence for the person who does it.

The words of an action alone are in ``wording``; a test keeps both complete.
"""

from __future__ import annotations

from agents.cli.words import WORDS

DEEDS: dict[str, tuple[str, str]] = {
    # a report becomes a case, or not
    "receive": ("收到上报,待受理", "A report has come in and waits for a decision."),
    "verify": ("派人到现场核实后再立案", "Have somebody look before it becomes a case."),
    "register": ("立案,开始计时", "Make it a case: its limits begin."),
    "reject": ("作废,并告知诉求人原因", "Turn it down; the caller hears why."),
    "open": ("立案并派遣责任单位", "It becomes a case and goes to its unit at once."),
    "self_handle": ("网格员当场处置并办结", "Settled on the spot by the grid member."),
    # the work
    "acknowledge": ("接单:值班席已看到", "Say that the desk has seen it."),
    "dispatch": ("派遣责任单位", "Give it to a unit."),
    "redispatch": ("改派其他单位", "Give it to another unit."),
    "accept": ("签收:本单位承办,先签收者牵头", "Take it on; who takes it first leads."),
    "start": ("到场开始处置", "Say that somebody is there and work has begun."),
    "return": ("退回:不属本单位职责", "Give it back: it is not this unit's."),
    "resolve": ("办结反馈:处置完成,停止计时", "Say that the work is done; the clock stops."),
    "check": ("开始核查", "Begin the check of what was done."),
    "check_failed": ("核查不合格,原单位返工", "The check has failed: the same unit works on."),
    "close": ("结案", "End it after the check; every caller is answered."),
    "external_close": ("外部系统结案", "A department's own system has ended it."),
    "withdraw": ("诉求人撤销", "The caller takes it back."),
    "close_with_parent": ("随主案结案", "It ends with its cause."),
    "come_back": ("短时反复,按原时限继续", "It came back at once: the same work goes on."),
    "reopen": ("诉求人反映未解决,重新办理", "A caller says that it is not fixed: it goes on."),
    # time
    "request": ("责任单位申请挂账或延期", "The unit asks for a suspension or more time."),
    "refuse": ("驳回挂账或延期申请", "Refuse what the unit asked for; it does not count."),
    "suspend": ("同意挂账:暂停计时至约定日期", "Let it wait until a date; the limit stands still."),
    "resume": ("提前或到期恢复办理", "Go on with what was suspended."),
    "extend": ("同意延期:再给一个原时限", "Grant one more original limit."),
    "appeal": ("责任单位对超时提出申诉", "The unit objects to having been overdue."),
    "decide_appeal": ("裁定申诉", "Decide on the unit's objection."),
    "overdue": ("超过时限", "Its limit has passed."),
    "stage": ("完成一个分阶段时限", "One stage of a staged limit is done."),
    # the tiers
    "escalate": ("上报上一级", "Lift it to the tier above."),
    "take_over": ("接收交来的事项", "The desk has what was given to it."),
    "delegate": ("交办下一级,本级继续督办", "Hand it down, under this tier's supervision."),
    "hand_back": ("退还原办理层级", "Give it back to the area that it came from."),
    "supervise": ("督办", "Watch over it from above: the owner's desk is told."),
    "remind": ("催办", "Urge the owner's desk."),
    # several units
    "assist": ("加派协办单位", "Add units that assist, until they expire."),
    "whistle": ("吹哨:召集部门到场", "Call departments to the place."),
    "report": ("部门报到", "A department that was called is there."),
    "feedback": ("部门反馈阶段性进展", "Tell what a unit has done so far."),
    "release": ("撤哨或撤回协办单位", "Let a department or an added unit go."),
    "consult": ("发起会商", "Bring units together to decide."),
    "conclude": ("会商形成结论", "Write down what the meeting came to."),
    # what it is
    "regrade": ("调整等级", "Set another severity."),
    "mark": ("标记敏感事项", "Mark it as sensitive."),
    "correct_category": ("更正类别", "Correct its kind."),
    "correct_place": ("更正地点", "Correct its place."),
    "inform": ("补充信息", "Add what has become known."),
    # what it is part of
    "merge": ("并案", "One more report of the same matter."),
    "finding": ("设备发现", "A device found something, or no longer does."),
    "end_report": ("单件诉求办结", "One caller's part of it has ended."),
    "split": ("拆案:其中一件诉求单独立案", "One report becomes a case of its own."),
    "link": ("并入主案", "Put it under its cause."),
    "adopt": ("接收子案", "A case was put under this one."),
    # an answer to an alert
    "confirm": ("属实:预警正确", "Say that the warning was right."),
    "dismiss": ("误报、未发现或重复", "Say that there was nothing, or that it is a duplicate."),
    # curing at the source
    "measure": ("确定治理措施和复查时间", "Say what is done against the cause, and when to look."),
    "review": ("复查治理成效", "Say whether the measure has helped."),
    "problem_close": ("治理问题销号", "End it: the cause is cured."),
    "unlink": ("脱离主案", "Take it out from under its cause."),
}


def deed(action: str, lang: str) -> str:
    """The sentence of an action; an action that has none stands for itself."""
    pair = DEEDS.get(action)
    if pair is None:
        return action
    return pair[0] if lang == "zh" else pair[1]


def about_order(kind: str, action: str) -> str:
    """What an order does, in one line of a command's help: the sentence, and the city's word.

    Args:
        kind: of what it is given about: incident, problem or alert.
    """
    deed = DEEDS.get(f"{kind}_{action}") or DEEDS.get(action, ("", action))
    return f"{deed[1]} ({WORDS.get(action, (action, action))[0]})"
