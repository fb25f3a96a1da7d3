"""What the people and units of the made-up city are like, as figures.

Shares and times follow one real month of a prefecture (Yuncheng, August 2026: 16,475
cases, median 1.4 hours to handle one, 29.29 % of cases at places that return, 10.31 %
without an address, 2.31 % through government channels with a median of 48.53 hours,
0.11 % done again). What that month does not say is our own and marked D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.report import Channel

CASES_PER_1000_A_MONTH: Final = 3.5
"""16,475 cases among about 4.7 million people."""

RECURRENT_SHARE: Final = 0.2929
RECURRENT_GROUP: Final = 4_778 / 862
"""Cases of one returning place in a month, on average."""

RECURRENT_KINDS: Final = (("200501", 311), ("200504", 138), ("200102", 129), ("200505", 120))
"""Which matters return most: vendors, trade outside the shop; the last two are D."""

NO_ADDRESS_SHARE: Final = 0.1031
SUPERIOR_SHARE: Final = 0.0231
SUPERIOR_MEDIAN_H: Final = 48.53
HANDLING_MEDIAN_H: Final = 1.4
SLOWEST_H: Final = 367.0
SPREAD: Final = 1.0
"""Sigma of the logarithm of handling times (D)."""

AGAIN_PER_H: Final = 0.03
"""Further reports of the same matter in an hour while it is open (D)."""

READINESS_SPREAD: Final = 0.5
"""Sigma of the logarithm of how readily a street's people report (D): threefold between
streets is usual (Liu et al. 2022)."""

SILENT_SHARE: Final = 0.0118
"""Cases in which the unit never answers: the month's share of overdue cases."""

REDONE_SHARE: Final = 18 / 16_475
SATISFIED_SHARE: Final = 0.97
SOLVED_SHARE: Final = 0.97
"""Share of callbacks; Beijing 2024."""

# Share of a day's reports in each hour, and of a week's on each day (D): offices and
# shops by day, neighbours and barbecues in the evening.
HOURS: Final = (
    *(0.9, 0.6, 0.4, 0.4, 0.5, 0.9, 1.9, 3.6, 5.8, 7.4, 7.6, 6.4),
    *(4.4, 4.8, 6.6, 7.0, 6.8, 6.4, 5.8, 5.6, 5.4, 4.6, 3.4, 1.9),
)
DAYS: Final = (1.12, 1.08, 1.05, 1.04, 1.05, 0.88, 0.78)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of matter as people report it.

    Attributes:
        code: in the city's catalogue.
        share: of all reports, relative.
        words: what callers say; ``{place}`` is where.
        median_h: hours until the unit is done; None for the month's median.
        night: how much likelier at night (22 to 6) than by day.
        rain: how much likelier while it rains hard.
    """

    code: str
    share: float
    words: tuple[str, ...]
    median_h: float | None = None
    night: float = 1.0
    rain: float = 1.0


KINDS: Final = (
    Kind("200501", 15.0, ("{place}有流动摊贩占道经营", "{place}水果摊占了人行道"), 0.9),
    Kind("200504", 10.0, ("{place}店铺出店经营", "{place}餐馆把桌子摆到路上"), 1.0),
    Kind("200102", 11.0, ("{place}垃圾成堆无人清运", "{place}垃圾桶旁散落垃圾"), 0.9),
    Kind("200104", 7.0, ("{place}路面脏乱", "{place}落叶泥沙未清扫"), 0.8),
    Kind("200505", 8.0, ("{place}机动车违停堵住通道",), 0.7),
    Kind("200506", 6.0, ("{place}共享单车乱停放",), 1.1),
    Kind("200201", 5.0, ("{place}墙面贴满小广告",), 1.6),
    Kind("200103", 2.5, ("{place}装修垃圾堆放多日",), 6.0),
    Kind("200123", 1.2, ("{place}夜间有车偷倒渣土",), 8.0, 2.5),
    Kind("200101", 0.8, ("{place}楼顶正在搭建",), 30.0),
    Kind("200510", 2.0, ("{place}露天烧烤油烟大",), 1.0, 2.0),
    Kind("200508", 1.8, ("{place}商铺高音喇叭",), 1.4),
    Kind("200141", 1.4, ("{place}餐饮油烟直排",), 6.0),
    Kind("200301", 2.2, ("{place}工地夜间施工噪声",), 2.0, 3.0),
    Kind("200302", 1.2, ("{place}工地扬尘",), 2.5, 0.3, 0.1),
    Kind("200304", 0.9, ("{place}渣土车沿路遗撒",), 0.8),
    Kind("200111", 0.5, ("{place}积水，车辆难行",), 1.2, 1.0, 30.0),
    Kind("200192", 1.2, ("{place}污水井冒水",), 3.0, 1.0, 8.0),
    Kind("200404", 0.5, ("{place}下水道堵塞返水",), 1.2, 1.0, 8.0),
    Kind("200402", 0.3, ("{place}水管爆裂",), 1.3),
    Kind("200406", 0.2, ("{place}线缆掉落低垂",), 0.9, 1.0, 4.0),
    Kind("200401", 0.04, ("{place}路面塌陷",), 1.6, 1.0, 4.0),
    Kind("100102", 0.5, ("{place}污水井盖破损",), 0.8),
    Kind("100103", 0.4, ("{place}雨水井盖松动异响",), 0.8),
    Kind("100114", 0.15, ("{place}不知谁家的井盖缺失",), 1.2),
    Kind("100118", 2.4, ("{place}路灯不亮",), 5.0, 1.6),
    Kind("100214", 0.9, ("{place}红绿灯不亮",), 1.5),
    Kind("100402", 1.4, ("{place}行道树枝折断",), 3.0, 1.0, 5.0),
    Kind("100305", 1.0, ("{place}果皮箱损坏",), 3.0),
    Kind("900101", 3.0, ("{place}楼上夜间吵闹",), 2.0, 3.0),
    Kind("900103", 1.8, ("{place}广场舞音响扰民",), 1.6),
    Kind("900600", 0.5, ("{place}停水半天了",), 5.0),
    Kind("901300", 0.4, ("{place}自来水发黄",), 8.0),
    Kind("901500", 0.7, ("{place}电梯停运",), 5.0),
    Kind("901701", 3.0, ("{place}物业不作为",), 24.0),
    Kind("900200", 1.0, ("{place}乱收费",), 40.0),
    Kind("900300", 1.2, ("{place}拖欠工资",), 90.0),
    Kind("990101", 0.3, ("{place}群租扰民",), 48.0),
    Kind("990201", 4.0, ("咨询居住证怎么办理", "咨询医保报销流程")),
    Kind("990202", 0.6, ("表扬{place}环卫工人",)),
)


SMELT: Final = Kind("200403", 0.0, ("{place}闻到浓烈的燃气味",), 1.0)
"""What people report where gas leaks; nobody does where none leaks."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: who sends, through which channel, and its share of all reports (D)."""

    source: str
    channel: Channel
    share: float


WAYS: Final = (
    Way("/hotline/12345", "hotline", 46.0),
    Way("/grid/{street}", "grid", 28.0),
    Way("/apps/yunchuan", "app", 18.0),
    Way("/video/{district}", "video", 5.69),
    Way("/superior/province", "superior", 100 * SUPERIOR_SHARE),
)

ACCEPT_MEDIAN_MIN: Final = 4.0
ACCEPT_SPREAD: Final = 0.5
"""Minutes until a unit has signed for a case, and how they spread (D)."""

CALLBACK_MEDIAN_H: Final = 3.0
CHECK_MEDIAN_H: Final = 0.4
"""Hours after the unit is done until the caller is called back, or, where nobody called, an
inspector has checked it (D); then the case is closed."""
