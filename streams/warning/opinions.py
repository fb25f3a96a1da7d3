"""What desks answered to warnings of devices, as far as the stage that watches them hears of it.

A street passes its operators' answers on to the device they are about. They count for the
device and for its kind: a gauge that was right is believed a little sooner, one that was
wrong a little later, never beyond bounds, and few answers move little. Hard limits, rises
and silence are the city's numbers: nobody's opinion moves them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log10

from schemas.alert import Answer
from streams.state import Namespace, State
from streams.warning.feedback import Verdicts

EASE = 0.3
"""Surprise (-log10 of a rarity) by which ten times the tolerated rarity moves the threshold of a
device: as much as one alert of the near past does. The rarity of a reading is a mean of several
parts, so the full factor would let every other reading through."""
_LEAN = 0.5
"""Exponent of the factor on the odds of a forecast: at most about three times as much or little."""

OPINIONS: Namespace[Verdicts] = Namespace(
    name="opinion",
    encode=Verdicts.encode,
    decode=Verdicts.decode,
    lifetime="ever for a kind; of a device until it is forgotten",
    rank=6,
    decoded=200,
)
"""Key ``<trigger>/<class>/<property>`` for all devices of a kind in the partition, ``<trigger>/
<device>/<property>`` for one."""


def note(state: State, trigger: str, kind: str, key: str, answer: Answer) -> None:
    """Count an answer to a warning of a device.

    Args:
        kind: ``<class>/<property>``; key: ``<device>/<property>``.
    """
    for name in dict.fromkeys((f"{trigger}/{kind}", f"{trigger}/{key}")):
        verdicts = state.get(OPINIONS, name) or Verdicts()
        verdicts.count(answer)
        state.put(OPINIONS, name, verdicts)


def factor(state: State, trigger: str, kind: str, key: str) -> float:
    """What the tolerated improbability of a trigger is multiplied with for a device, 0.1 to 10."""
    general = state.get(OPINIONS, f"{trigger}/{kind}")
    if general is None:
        return 1.0  # whatever is known of a device is known of its kind
    own = state.get(OPINIONS, f"{trigger}/{key}")
    return general.factor if own is None else own.factor_beside(general.without(own).factor)


def eased(factor: float) -> float:
    """By how much surprise a threshold is lowered; below 0 it is raised."""
    return 0.0 if factor == 1.0 else EASE * log10(factor)


def needed_chance(p: float, factor: float) -> float:
    """The chance from which on a crossing is told, where the policy says `p`."""
    if factor == 1.0:
        return p
    odds: float = p / (1.0 - p) / factor**_LEAN
    return odds / (1.0 + odds)


def forget(state: State, triggers: Iterable[str], key: str) -> None:
    """Forget what was answered of a device."""
    for trigger in triggers:
        name = f"{trigger}/{key}"
        if state.get(OPINIONS, name) is not None:
            state.delete(OPINIONS, name)
