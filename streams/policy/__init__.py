"""What a city has decided beforehand: areas, kinds of matter, limits, units, triggers.

All of it is reference data in files, never a constant in code. Here are the frozen
models with their lookups; the files are read elsewhere.
"""

from streams.policy.areas import Areas
from streams.policy.calendar import Calendar
from streams.policy.catalogue import CategoryRule
from streams.policy.escalation import EscalationRules
from streams.policy.limits import Limit, Pace, SupervisionStep
from streams.policy.policy import Policy
from streams.policy.routing import DeskRule, SourceRule
from streams.policy.section import Language, Text
from streams.policy.triggers import Triggers
from streams.policy.watches import HardLimit, Rise

__all__ = [
    "Areas",
    "Calendar",
    "CategoryRule",
    "DeskRule",
    "EscalationRules",
    "HardLimit",
    "Language",
    "Limit",
    "Pace",
    "Policy",
    "Rise",
    "SourceRule",
    "SupervisionStep",
    "Text",
    "Triggers",
]
