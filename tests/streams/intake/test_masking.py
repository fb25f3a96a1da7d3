"""What handlers may read of what citizens write."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reports.masking import is_identity_number, masked


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("电话13800138000", "电话138****8000"),
        ("电话 138-0013-8000。", "电话 138****8000。"),
        ("电话138 0013 8000", "电话138****8000"),
        ("+86 13800138000", "138****8000"),
        ("电话１３８００１３８０００", "电话138****8000"),
        ("座机028-85551234", "座机028-****1234"),
        ("座机02885551234", "座机028-****1234"),
        ("座机0830 2551234", "座机0830-****1234"),
        ("身份证11010519491231002X", "身份证1****************X"),
        ("身份证 11010519491231002x", "身份证 1****************x"),
        ("身份证110105 19491231 002X", "身份证1****************X"),
        ("身份证110105194912310021", "身份证1****************1"),  # one digit mistyped
        ("卡号6222 0212 3456 7890 123", "卡号6222 0212 3456 7890 123"),  # no card: check fails
        ("卡号4111111111111111", "卡号************1111"),
        ("写信到zhang.san@example.com吧", "写信到z***@example.com吧"),
        ("川A12345堵住出口", "川A****5堵住出口"),
        ("川AD12345新能源", "川A****5新能源"),
        ("我叫王小明，住在三楼", "我叫王**，住在三楼"),
        ("联系人：欧阳 电话见上", "联系人：欧* 电话见上"),
        ("", ""),
    ],
)
def test_personal_data_is_masked(text: str, seen: str) -> None:
    assert masked(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "污水井盖不见了，很危险",
        "青溪路123号4栋5单元602",
        "2026年3月5日10时30分，水深25厘米",
        "事件编号20260305100012",
        "部件编码9901010101012345",
        "一共110105个，编号110105194913990021",  # no such birthday, wrong check digit
        "热线12345，报警110，火警119",
        "Water on the road near Pump 7, 25 cm deep",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert masked(text) == text


def test_the_contact_card_is_masked_wherever_it_is_quoted() -> None:
    card = {"name": "诸葛孔明", "phone": "5551234", "wechat": "kongming_1900", "x": "在"}
    text = "诸葛孔明在家，打5551234或加kongming_1900"
    assert masked(text, card) == "诸***在家，打****1234或加kon****1900"


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        ("440524188001010014", True),
        ("110105194912310020", False),
    ],
)
def test_identity_numbers_have_a_check_digit(digits: str, valid: bool) -> None:
    assert is_identity_number(digits) is valid


@given(
    st.text(alphabet="，。在路口 abc号", max_size=30),
    st.text("0123456789", min_size=8, max_size=8),
    st.text(alphabet="，。在路口 abc号", max_size=30),
)
def test_a_phone_number_never_survives(before: str, digits: str, after: str) -> None:
    phone = "139" + digits
    seen = masked(f"{before}{phone}{after}")
    assert seen is not None
    assert phone not in seen


@given(st.text(max_size=300))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "1" * 20_000,
        "a" * 19_999 + "@",
        "1 " * 10_000,
        "叫" * 20_000,
        "川A" * 10_000,
        "我叫" * 10_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.perf_counter()
    masked(text)
    assert time.perf_counter() - started < 0.5
