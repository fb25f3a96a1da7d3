"""Personal data in what citizens write: masked before anything leaves intake.

A handler of a case sees ``138****1234``, never the number; who must call back asks the
system that took the report. Masking is lossy on purpose, so it needs no key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

CONTACT_VALUES = 10
"""A contact card has few lines; a sender with more is not worth more of a step's time."""

# Only a text with one of these can hold what is looked for below. Most texts have none.
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SUSPECT = re.compile(rf"\d[\d\s－-]{{4}}|[@＠]|[{_PROVINCES}][A-Z]|叫|姓名|联系人")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９Ｘ－＠", "0123456789X-@")

_IDENTITY = re.compile(r"(?<!\d)(\d{6})[-\s]?(\d{8})[-\s]?(\d{3})([\dXx])(?![\dXx])")
_CARD = re.compile(r"(?<!\d)\d{4}(?:[-\s]?\d{4}){3}(?:[-\s]?\d{1,3})?(?!\d)")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[-\s]?|0086[-\s]?)?(1[3-9]\d)[-\s]?\d{4}[-\s]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(010|02\d|0[3-9]\d{2})[-\s]?\d{3,4}(\d{4})(?!\d)")
_MAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]{0,63}@([A-Za-z0-9-]{1,63}\.[A-Za-z0-9.-]{1,63})")
_PLATE = re.compile(
    rf"([{_PROVINCES}][A-Z])[·\s]?[A-Z0-9]{{4,5}}([A-Z0-9挂学警港澳])(?![A-Za-z0-9])"
)
_NAME = re.compile(
    r"((?:我叫|名叫|本人叫|姓名|联系人)[:：\s]{0,3})([\u4e00-\u9fff])([\u4e00-\u9fff]{1,2})"
    r"(?=[，,。.；;、\s\d（(]|电话|手机|先生|女士|$)"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def masked(text: str | None, contact: Mapping[str, str] | None = None) -> str | None:
    """The text as a handler may read it.

    Phones become ``138****1234``, identity numbers ``1****************8``, bank cards keep
    their last four digits, plates province and last sign, mail addresses their first
    letter, names their surname. What stands on the caller's contact card is masked
    wherever it appears in the text.

    Args:
        contact: the caller's card, dropped by the caller of this after use.
    """
    if not text:
        return text
    if contact:
        for value in islice(contact.values(), CONTACT_VALUES):
            if 2 <= len(value) <= 50 and value in text:
                text = text.replace(value, _starred(value))
    if _SUSPECT.search(text) is None:
        return text
    text = text.translate(_FULL_WIDTH)
    text = _IDENTITY.sub(_identity, text)
    text = _CARD.sub(_card, text)
    text = _MOBILE.sub(r"\1****\2", text)
    text = _LANDLINE.sub(r"\1-****\2", text)
    if "@" in text:
        text = _MAIL.sub(r"\1***@\2", text)
    text = _PLATE.sub(r"\1****\2", text)
    return _NAME.sub(lambda found: found[1] + found[2] + "*" * len(found[3]), text)


def is_identity_number(digits: str) -> bool:
    """Whether 18 characters are a Chinese identity number, by their check digit.

    Source: GB 11643, ISO 7064 MOD 11-2.
    """
    total = sum(int(d) * w for d, w in zip(digits[:17], _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11] == digits[17].upper()


def _identity(found: re.Match[str]) -> str:
    digits = "".join(found.groups())
    born = found[2]
    plausible = "1900" <= born[:4] <= "2099" and "01" <= born[4:6] <= "12" and born[6:] <= "31"
    # One digit mistyped still points at one person, so a plausible birthday is enough.
    if plausible or is_identity_number(digits):
        return digits[0] + "*" * 16 + digits[-1]
    return found[0]


def _card(found: re.Match[str]) -> str:
    digits = [int(sign) for sign in found[0] if sign.isdigit()]
    doubled = [d if at % 2 == 0 else d * 2 - 9 * (d > 4) for at, d in enumerate(reversed(digits))]
    if sum(doubled) % 10:
        return found[0]
    return "*" * (len(digits) - 4) + "".join(map(str, digits[-4:]))


def _starred(value: str) -> str:
    """A line of a contact card: a number keeps its ends, a name its surname."""
    if len(value) >= 7:
        return value[:3] + "****" + value[-4:] if len(value) >= 11 else "****" + value[-4:]
    return value[0] + "*" * (len(value) - 1)
