"""What a tier remembers: its cases, who belongs to them, and what lies where.

Every namespace says when an entry dies; nothing here is kept for ever.
"""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

import orjson
from pydantic import AwareDatetime, BaseModel, Field

from schemas.alert import Alert, Answer
from schemas.handoff import Clock
from schemas.incident import Incident
from schemas.outcome import Problem
from schemas.terms import Colour, Severity
from streams.incidents.audit import FIRST_HASH
from streams.incidents.messages import body
from streams.state import Namespace

LISTED_REPORTS = 100
"""A case takes at most that many reports; the next one at the place opens a new case."""

KEPT_ESCALATIONS = 20


Supervised = Literal["blue", "yellow", "red", "red2"]
"""A colour of supervision."""


class Draft(Incident):
    """An incident as its desk works on it: fields are set without pydantic's ceremony."""

    __setattr__ = object.__setattr__


class Lamp(BaseModel):
    """An alert of a case that is lit at this tier: enough to raise and to close the episode.

    ``also`` are the ids of other rules that say the same, ``answer`` what the desk said to it.
    """

    alert_id: str
    trigger: str
    version: str
    scale: str
    colour: Colour
    revision: int
    opened_at: AwareDatetime
    title: str
    also: list[str] = Field(default_factory=list)
    answer: Answer | None = None


class _Stored(BaseModel):
    data: Draft
    clocks: list[Clock] = Field(default_factory=list)
    audit_n: int = 0
    audit_hash: str
    given_to: str | None = None
    received_from: str | None = None
    copied_to: str | None = None
    standard_due: AwareDatetime | None = None
    standard_from: AwareDatetime | None = None
    standard_limit: str | None = None
    lifted: list[int] = Field(default_factory=list)
    lamps: dict[str, Lamp] = Field(default_factory=dict)
    findings: dict[str, Severity] = Field(default_factory=dict)
    unanswered: list[str] = Field(default_factory=list)
    calls: int = 0
    witnessed: bool = False
    held: bool = False
    plain: Severity | None = None
    waived: list[str] = Field(default_factory=list)
    colour: Supervised | None = None


class Case:
    """An incident as one tier holds it: owned, or the shadow of one that was given away.

    Attributes:
        incident: the present state; published by the owner alone.
        clocks: what runs for it here; a shadow has none.
        audit_n, audit_hash: the end of its audit chain.
        given_to: the area that was given it, up or down; None while this area owns it.
        received_from: the area that gave it to this one first, and holds a shadow.
        copied_to: the area that got a copy for information and must learn of the end.
        standard_due: the category's or the pace's own limit, where no report brings one;
            standard_from: when it began; standard_limit: its words, if it runs by office hours.
        lifted: percent steps of the limit that have already lifted it one tier.
        lamps: alerts that are lit here, by what they are about.
        findings: open findings of devices, finding id → severity as found.
        unanswered: reports that have ended, but whose senders have had no final answer.
        calls: reports of people so near that they can confirm a device's finding (W6).
        witnessed: whether a second witness has raised it already (W6), which happens once.
        held: its cause is open: no clock lifts it while that lasts.
        plain: the severity it would have without devices, once one has raised it.
        waived: rules that wanted it at the tier that delegated it all the same.
        colour: of supervision as it is now; the incident has it as last published, so that
            a colour alone leaves what was written of the incident as it is.
        written: the incident's bytes as last settled; a step sets it before it stores.
        followed: the unit and limit with which its unit's work was last brought up to date,
            as long as this lies in memory.
    """

    __slots__ = (
        "audit_hash",
        "audit_n",
        "calls",
        "clocks",
        "colour",
        "copied_to",
        "findings",
        "followed",
        "given_to",
        "held",
        "incident",
        "lamps",
        "lifted",
        "plain",
        "received_from",
        "standard_due",
        "standard_from",
        "standard_limit",
        "unanswered",
        "waived",
        "witnessed",
        "written",
    )

    def __init__(self, incident: Draft, audit_n: int = 0, audit_hash: str = FIRST_HASH) -> None:
        self.incident = incident
        self.clocks: list[Clock] = []
        self.audit_n = audit_n
        self.audit_hash = audit_hash
        self.given_to: str | None = None
        self.received_from: str | None = None
        self.copied_to: str | None = None
        self.standard_due: datetime | None = None
        self.standard_from: datetime | None = None
        self.standard_limit: str | None = None
        self.lifted: list[int] = []
        self.lamps: dict[str, Lamp] = {}
        self.findings: dict[str, Severity] = {}
        self.unanswered: list[str] = []
        self.calls = 0
        self.witnessed = False
        self.held = False
        self.plain: Severity | None = None
        self.waived: list[str] = []
        self.colour: Supervised | None = incident.colour
        self.written: bytes | None = None
        self.followed: tuple[str | None, datetime | None] | None = None

    @property
    def owned(self) -> bool:
        """Whether this area decides about it."""
        return self.given_to is None


_CARRIED = tuple(name for name in _Stored.model_fields if name not in ("data", "colour"))
_read = _Stored.__pydantic_validator__.validate_json


def present(model: BaseModel) -> dict[str, Any]:
    """The fields of a model that say something, for JSON without the absent options."""
    return {name: value for name, value in model.__dict__.items() if value is not None}


_IN_ORDER = attrgetter(*_CARRIED)


def _encode_case(case: Case) -> bytes:
    rest = {name: value for name, value in zip(_CARRIED, _IN_ORDER(case), strict=True) if value}
    if case.colour != case.incident.colour:
        rest["colour"] = case.colour
    written = case.written if case.written is not None else body(case.incident)
    tail = orjson.dumps(rest, default=present)
    return b'{"data":%b,%b' % (written, tail[1:])


def _decode_case(stored: bytes) -> Case:
    read = _read(stored)
    case = Case(read.data)
    for name in _CARRIED:
        setattr(case, name, getattr(read, name))
    if "colour" in read.model_fields_set:
        case.colour = read.colour
    return case


CASES: Namespace[Case] = Namespace(
    name="incident",
    encode=_encode_case,
    decode=_decode_case,
    lifetime="a case until the policy's days after it was closed (for recurrence and not fixed)",
    rank=4,
    decoded=20_000,
)
"""Key ``<area>/<incident id>``: two areas of one lane may both know an incident."""


class Belongs:
    """Which case a report or finding belongs to, and the area whose case it is."""

    __slots__ = ("area", "incident_id")

    def __init__(self, area: str, incident_id: str) -> None:
        self.area = area
        self.incident_id = incident_id


def _decode_belongs(stored: bytes) -> Belongs:
    area, incident_id = stored.decode().split("\n", 1)
    return Belongs(area, incident_id)


MEMBERS: Namespace[Belongs] = Namespace(
    name="member",
    encode=lambda belongs: f"{belongs.area}\n{belongs.incident_id}".encode(),
    decode=_decode_belongs,
    lifetime="as long as its case is remembered here",
    rank=8,
)
"""Key: the report id, or the finding id."""


Spot = list[Any]
"""[incident id, lat, lon, opened, last report]; times in microseconds since 1970."""

PLACES: Namespace[list[Spot]] = Namespace(
    name="place",
    encode=orjson.dumps,
    decode=orjson.loads,
    lifetime="until the newest case in the cell is older than the recurrence and merge windows",
    rank=8,
    on_due="expire",
    decoded=20_000,
)
"""Key ``<area>/<category>/<cell>``: the cases of one kind in a cell of the size of its radius."""

ANSWERS: Namespace[dict[str, Any]] = Namespace(
    name="command",
    encode=orjson.dumps,
    decode=orjson.loads,
    lifetime="seven days after the command",
    rank=8,
    on_due="expire",
)
"""Key ``<area>/<command id>``: the reply that was given, or the area it was passed on to."""


class Copy(BaseModel):
    """A case of the tier below that this tier was told of and does not own."""

    from_area: str
    lamp: Lamp | None = None


COPIES: Namespace[Copy] = Namespace(
    name="copy",
    encode=body,
    decode=Copy.__pydantic_validator__.validate_json,
    lifetime="until the owner says that it ended, at most 90 days",
)
"""Key ``<area>/<incident id>``."""

PROBLEMS: Namespace[Problem] = Namespace(
    name="problem",
    encode=body,
    decode=Problem.__pydantic_validator__.validate_json,
    lifetime="the recurrence window after the last incident that joined it",
    on_due="fire",
)
"""Key ``<area>/<category>/<cell>``."""


class Episode(BaseModel):
    """An alert of this tier that came from no case: rain (W4), spread (W7).

    ``incident_id`` is the case by which this tier has taken command of what has spread.
    """

    alert: Alert
    incident_id: str | None = None
    passed_to: list[str] = Field(default_factory=list)


WARNINGS: Namespace[Episode] = Namespace(
    name="warning",
    encode=body,
    decode=Episode.__pydantic_validator__.validate_json,
    lifetime="until it is cancelled or its expiry",
)
"""Key ``<area>/<trigger>/<subject>``, judged by the time of day (rain)."""

SPREADS: Namespace[Episode] = Namespace(
    name="spread",
    encode=body,
    decode=Episode.__pydantic_validator__.validate_json,
    lifetime="until its kind is seen in too few areas for a whole window",
    rank=7,
    clock="watermark",
)
"""Key ``<area>/W7/<category>``, judged when the input of a bin is complete."""


class Bin:
    """Ten minutes of one desk.

    Attributes:
        own: what the desk saw itself, per kind; below: per area below, the revision it
            last said and its numbers.
        places: cases opened near the border, per kind, as the tier above hears of them.
        opened: cases of kinds whose patterns are looked for above, not told yet.
        fresh: ids of what was counted and not told yet, the first per kind; named: those
            that were told with the last revision, until the desk's own series have them.
        sources: where the desk's own came from.
        said: the revision last sent up; unsaid: something has changed since.
    """

    __slots__ = (
        "below", "fresh", "named", "opened", "own", "places", "said", "sources", "unsaid",
    )  # fmt: skip

    def __init__(self) -> None:
        self.own: dict[str, int] = {}
        self.below: dict[str, tuple[int, dict[str, int]]] = {}
        self.places: dict[str, list[str]] = {}
        self.opened: dict[str, list[str]] = {}
        self.fresh: dict[str, list[str]] = {}
        self.named: dict[str, list[str]] = {}
        self.sources: list[str] = []
        self.said = 0
        self.unsaid = False


Bins = dict[int, Bin]


def _encode_bins(bins: Bins) -> bytes:
    rows = [
        [
            start,
            each.said,
            each.unsaid,
            each.own,
            each.below,
            each.places,
            each.opened,
            each.fresh,
            each.named,
            each.sources,
        ]
        for start, each in bins.items()
    ]
    return orjson.dumps(rows)


def _decode_bins(stored: bytes) -> Bins:
    bins: Bins = {}
    for start, said, unsaid, own, below, places, *more in orjson.loads(stored):
        each = bins[start] = Bin()
        each.said, each.unsaid, each.own, each.places = said, unsaid, own, places
        if more:
            each.opened = more[0]
        if len(more) > 1:
            each.fresh, each.named, each.sources = more[1:]
        each.below = {area: (revision, counts) for area, (revision, counts) in below.items()}
    return bins


BINS: Namespace[Bins] = Namespace(
    name="bin",
    encode=_encode_bins,
    decode=_decode_bins,
    lifetime="one entry a desk, as long as there is the desk; it holds two hours of bins",
    clock="watermark",
    rank=6,
    decoded=2_000,
)
"""Key: the area. Value: bins by their start, microseconds; see ``counting``."""

CAUSES: Namespace[dict[str, list[Spot]]] = Namespace(
    name="cause",
    encode=orjson.dumps,
    decode=orjson.loads,
    lifetime="until the newest cause or consequence is too old for its rule",
    rank=8,
    on_due="expire",
)
"""Key ``<area>/<rule of causes>``: its open causes, and cases that wait for one."""

NAMESPACES: tuple[Namespace[Any], ...] = (
    CASES,
    MEMBERS,
    PLACES,
    ANSWERS,
    COPIES,
    PROBLEMS,
    WARNINGS,
    SPREADS,
    BINS,
    CAUSES,
)
"""Every tier has them all; a street's copies, say, stay empty."""
