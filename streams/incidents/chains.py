"""Kinds that bring others after them, learned by the city from its own cases (W18).

Each asserted pair is a proposal to people, as a blue warning of the city's desk with the
figures behind it, and knowledge for all desks: a warning of the consequence names the
precursor that was there before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from math import sqrt
from typing import Protocol

import orjson

from schemas.handoff import KnownChain
from streams.incidents import episodes, precursors, verdicts
from streams.incidents.routing import birth_area
from streams.incidents.sealed import Sealed
from streams.incidents.turn import Turn
from streams.incidents.words import words
from streams.policy.patterns import ChainRule
from streams.state import Namespace, from_microseconds, to_microseconds
from streams.warning.chains import Chain, ChainRules, Chains

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
KEPT_CASES = 50
"""Cases of a kind that are remembered one by one, the newest: what a pair's warning names."""
SAYS_AGAIN = 1.2
"""A pair is told again when its lift has changed by this factor …"""
HOLDS = timedelta(days=30)
"""… or its warning would expire."""
DOUBTED = timedelta(days=180)
"""A pair that people found wrong is not told so long, unless it has grown as much."""


class Case(Protocol):
    """What the counters need of an opened case."""

    @property
    def start(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def incident_id(self) -> str: ...


class _Learned:
    """The pair counters of a city.

    Attributes:
        codes: the kinds, by their number in the counters.
        began: first case, microseconds since 1970; hour: of the newest, whole.
        judged: number of the day on which pairs were last asserted.
        cases: the newest of each kind: moment in microseconds, area of birth, case.
    """

    def __init__(self, rules: ChainRules, stored: bytes = b"") -> None:
        self.codes: list[str] = []
        self.began = self.hour = self.judged = 0
        self.cases: dict[str, list[tuple[int, str, str]]] = {}
        if not stored:
            self.chains = Chains(rules)
            return
        head, _, chains = stored.partition(b"\n")
        self.codes, self.began, self.hour, self.judged, *cases = orjson.loads(head)
        if cases:
            self.cases = {kind: [(*each,) for each in known] for kind, known in cases[0].items()}
        self.chains = Chains.decode(chains, rules)

    def encode(self) -> bytes:
        """All of it, exactly."""
        head = orjson.dumps([self.codes, self.began, self.hour, self.judged, self.cases])
        return head + b"\n" + self.chains.encode()

    def pairs(self, chain: KnownChain) -> list[str]:
        """The newest cases of a consequence and of its cause before it, at most 50, in order."""
        window = chain.window_h * _HOUR_US
        causes = self.cases.get(chain.cause, ())
        found: dict[str, int] = {}
        for at, area, case in reversed(self.cases.get(chain.effect, ())):
            before = [one for one in causes if one[1] == area and 0 <= at - one[0] <= window]
            if before and len(found) <= 48:
                found[case] = at
                found[before[-1][2]] = before[-1][0]
        return sorted(found, key=lambda name: (found[name], name))


LEARNED: Namespace[Sealed[_Learned]] = Namespace(
    name="learned",
    encode=Sealed.encode,
    decode=Sealed,
    lifetime="ever: one for the city, some 100 kB for 250 streets and 20 kinds",
    rank=8,
    decoded=10,
)
"""Key: the city."""

DISMISSED: Namespace[dict[str, tuple[float, int]]] = Namespace(
    name="dismissed",
    encode=orjson.dumps,
    decode=lambda stored: {pair: (lift, at) for pair, (lift, at) in orjson.loads(stored).items()},
    lifetime="half a year for each pair: at most those that were told",
    rank=8,
)
"""Key: the city. Per pair that its desk found wrong: its lift then, and when, microseconds."""


def look(turn: Turn, cases: Sequence[Case]) -> None:
    """A stretch is over: learn from its cases, and once a day say what they have shown.

    Args:
        cases: in the order of their time.
    """
    rule = turn.policy.triggers.chains
    if rule is None or turn.tier != "city" or not cases:
        return
    most_areas = max(2_000, len(turn.policy.areas.tiers))
    rules = ChainRules(windows_h=rule.windows_h, most_areas=most_areas)
    stored = turn.state.get(LEARNED, turn.area) or Sealed()
    learned = stored.opened(partial(_Learned, rules))
    for case in cases:
        _learn(turn, rule, rules, learned, case)
    today = cases[-1].start // _DAY_US
    if today > learned.judged:
        learned.judged = today
        if cases[-1].start - learned.began >= rule.learn_days * _DAY_US:
            _assert(turn, rule, learned)
    turn.state.put(LEARNED, turn.area, stored)


def _learn(turn: Turn, rule: ChainRule, rules: ChainRules, learned: _Learned, case: Case) -> None:
    kind = turn.policy.category(None, case.kind)
    area = birth_area(case.incident_id)
    if kind is None or not rule.watches(kind.code, kind.group):
        return
    if turn.policy.areas.tier_of(area) is None:
        return
    hour = case.start / _HOUR_US
    if hour < learned.hour:
        return  # told too late to say what came first
    if kind.code not in learned.codes:
        if len(learned.codes) >= rules.most_kinds:
            return
        learned.codes.append(kind.code)
    learned.began = learned.began or case.start
    learned.hour = int(hour)
    learned.chains.observe(hour, area, learned.codes.index(kind.code))
    known = learned.cases.setdefault(kind.code, [])
    known.append((case.start, area, case.incident_id))
    del known[:-KEPT_CASES]


def _assert(turn: Turn, rule: ChainRule, learned: _Learned) -> None:
    """Tell the pairs that are beyond chance by now, and take back those that are not."""
    asserted = [_known(learned.codes, chain) for chain in learned.chains.asserted()]
    wrong = _still_wrong(turn)
    found = [
        chain
        for chain in asserted
        if chain.lift >= max(needed_lift(turn, rule, chain.effect), wrong.get(_subject(chain), 0.0))
    ]
    found.sort(key=lambda chain: (chain.indirect, -chain.lift))
    known = found[: rule.most]
    before = turn.state.get(precursors.CHAINS, turn.area) or []
    tests = len(learned.codes) * (len(learned.codes) - 1) * len(rule.windows_h)
    told = {_subject(chain) for chain in known}
    for chain in before:
        if _subject(chain) not in told:
            episodes.end(turn, rule.id, _subject(chain))
    for chain in known:
        _propose(turn, rule, chain, learned, max(tests, 1))
    if _differ(before, known):
        precursors.adopt(turn, known)


def needed_lift(turn: Turn, rule: ChainRule, effect: str) -> float:
    """The lift from which on a pair is told, after what the desk answered to others of the kind.

    What is beyond 1 moves by the factor of the answers, and never below what can be asserted.
    """
    least = ChainRules().least_lift
    return max(least, 1.0 + (rule.lift - 1.0) / verdicts.factor(turn, rule.id, effect))


def _still_wrong(turn: Turn) -> dict[str, float]:
    """Pairs that the desk found wrong, and the lift from which on each is told all the same."""
    dismissed = turn.state.get(DISMISSED, turn.area)
    if not dismissed:
        return {}
    since = to_microseconds(turn.now - DOUBTED)
    kept = {pair: each for pair, each in dismissed.items() if each[1] >= since}
    if len(kept) < len(dismissed):
        turn.state.put(DISMISSED, turn.area, kept)
    return {pair: SAYS_AGAIN * lift for pair, (lift, _) in kept.items()}


def on_wrong(turn: Turn, trigger: str, pair: str) -> None:
    """The city's desk has found that a pair is none: no desk names it as a cause any more."""
    rule = turn.policy.triggers.chains
    if rule is None or trigger != rule.id or turn.tier != "city":
        return
    known = turn.state.get(precursors.CHAINS, turn.area) or []
    wrong = next((chain for chain in known if _subject(chain) == pair), None)
    if wrong is None:
        return
    dismissed = turn.state.get(DISMISSED, turn.area) or {}
    dismissed[pair] = (wrong.lift, to_microseconds(turn.now))
    turn.state.put(DISMISSED, turn.area, dismissed)
    precursors.adopt(turn, [chain for chain in known if chain is not wrong])


def _known(codes: list[str], chain: Chain) -> KnownChain:
    return KnownChain(
        cause=codes[chain.cause],
        effect=codes[chain.effect],
        lift=round(chain.lift, 2),
        low=round(chain.low, 2),
        high=round(chain.high, 2),
        lag_h=round(chain.lag_h, 1),
        window_h=chain.window_h,
        observed=round(chain.observed, 1),
        expected=round(chain.expected, 1),
        p=chain.p,
        indirect=chain.indirect,
        through=None if chain.through is None else codes[chain.through],
    )


def _subject(chain: KnownChain) -> str:
    return f"{chain.cause}>{chain.effect}"


def _differ(before: list[KnownChain], now: list[KnownChain]) -> bool:
    """Whether desks below would name other causes, or name them plainly otherwise."""
    known = {_subject(chain): chain for chain in before}
    if len(known) != len(now):
        return True
    return any(_has_changed(known.get(_subject(chain)), chain) for chain in now)


def _has_changed(before: KnownChain | None, now: KnownChain) -> bool:
    if before is None or before.indirect != now.indirect or before.window_h != now.window_h:
        return True
    return not 1 / SAYS_AGAIN < now.lift / before.lift < SAYS_AGAIN


def _propose(turn: Turn, rule: ChainRule, chain: KnownChain, learned: _Learned, tests: int) -> None:
    """Tell people of a pair, if that is new or has changed."""
    subject = _subject(chain)
    lit = episodes.lit(turn, rule.id, subject)
    if lit is not None and lit.expires_at is not None:
        changed = lit.contributions.get("lift", chain.lift) / chain.lift
        held = lit.expires_at - turn.now > HOLDS / 2
        if held and 1 / SAYS_AGAIN < changed < SAYS_AGAIN:
            return
    language = turn.policy.language
    spread = 1.645 * sqrt(max(chain.expected, 0.5))
    text = "chain_through" if chain.through is not None else "chain"
    episodes.tell(
        turn,
        rule,
        subject,
        begun=turn.now.date().isoformat(),
        colour=rule.colour,
        title=words(
            language,
            text,
            title=rule.title.of(language),
            cause=_name(turn, chain.cause),
            effect=_name(turn, chain.effect),
            through="" if chain.through is None else _name(turn, chain.through),
            hours=chain.window_h,
            lift=chain.lift,
            low=chain.low,
            high=chain.high,
        ),
        kind=chain.effect,
        observed=chain.observed,
        expected=chain.expected,
        interval=(round(max(0.0, chain.expected - spread), 1), round(chain.expected + spread, 1)),
        p=chain.p,
        fires_at=round(needed_lift(turn, rule, chain.effect), 3),
        tests=tests,
        window=episodes.window_of(start=from_microseconds(learned.began), end=turn.now),
        evidence=learned.pairs(chain),
        evidence_count=round(chain.observed),
        contributions={
            "lift": chain.lift,
            "lift_low": chain.low,
            "lift_high": chain.high,
            "lag_h": chain.lag_h,
            "window_h": float(chain.window_h),
            "indirect": float(chain.indirect),
        },
        expires_at=turn.now + HOLDS,
    )


def _name(turn: Turn, code: str) -> str:
    return turn.policy.kind_name(code, turn.policy.language)
