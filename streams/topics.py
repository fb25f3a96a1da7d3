"""Every topic of the city, named once.

The names are a contract with people outside. An installation's prefix (several
cities, replays or tests on one cluster) is put before them where clients are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Cleanup = Literal["delete", "compact", "compact,delete"]
Width = Literal["intake", "sensing", "street", "district", "city", "outbox"]
StageName = Literal["intake", "sensing", "street", "district", "city"]

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sizing:
    """How many partitions the topics of each width get, and how often each is copied.

    A stage's inbox and its state have the same width, so that one lane owns both. The
    city has one partition: what districts could not settle and one count per bin
    arrives there, and its decisions need the whole picture.

    Partitions may never shrink, and widening moves keys: plan for the final city.
    """

    intake: int = 8
    sensing: int = 8
    street: int = 8
    district: int = 8
    outbox: int = 8
    city: int = 1
    replication: int = 3
    min_in_sync: int = 2

    def partitions(self, width: Width) -> int:
        """The number of partitions of that width."""
        return int(getattr(self, width))


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: what it is called, keyed by and kept for.

    Attributes:
        name: the contract name, without an installation's prefix.
        key: what the record key is, in the city's words.
        width: which partition count of `Sizing` applies.
        writers, readers: stages by name; others (apps, operators, console) in words.
        retention: None keeps for ever (compaction alone bounds it).
        whole_for: how long every revision stays before compaction may take the older ones.
        max_message_bytes: the largest record batch the broker takes.
    """

    name: str
    key: str
    width: Width
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    cleanup: Cleanup
    retention: timedelta | None
    max_message_bytes: int = MIB
    meaning: str = ""
    whole_for: timedelta | None = None


def _inbox(
    name: str, key: str, width: Width, writers: tuple[str, ...], days: int, meaning: str
) -> Topic:
    return Topic(
        name, key, width, writers, (width,), "delete", timedelta(days=days), meaning=meaning
    )


INTAKE_REPORTS = _inbox(
    "chengyun.intake.reports.v1",
    "report id",
    "intake",
    ("apps", "hotline", "inspectors", "gateway"),
    7,
    "what citizens, inspectors and department systems say",
)
SENSING_READINGS = _inbox(
    "chengyun.sensing.readings.v1",
    "device id",
    "sensing",
    ("sensors", "gateway", "street", "district", "city"),
    3,
    "what devices measure, and what operators answered about them",
)
STREET_INBOX = _inbox(
    "chengyun.street.inbox.v1",
    "street code, 9 digits",
    "street",
    ("intake", "sensing", "district", "operators"),
    7,
    "reports, findings, delegations and commands for a street",
)
DISTRICT_INBOX = _inbox(
    "chengyun.district.inbox.v1",
    "district code, 6 digits",
    "district",
    ("intake", "street", "city", "operators"),
    7,
    "escalations, places without a street, counts and commands for a district",
)
CITY_INBOX = _inbox(
    "chengyun.city.inbox.v1",
    "city code, 4 digits",
    "city",
    ("district", "operators", "weather bureau"),
    7,
    "escalations, warnings of the weather bureau, counts and commands for the city",
)
INCIDENTS = Topic(
    "chengyun.incidents.v1",
    "incident id",
    "outbox",
    ("street", "district", "city"),
    ("console", "other systems"),
    "compact",
    None,
    meaning="the present state of each incident",
)


def _alerts(tier: StageName) -> Topic:
    return Topic(
        f"chengyun.{tier}.alerts.v1",
        "alert id (one episode)",
        "outbox",
        (tier,),
        (f"operators of the {tier}",),
        "compact,delete",
        timedelta(days=90),
        meaning=f"what the operators of a {tier} must know now",
        # The load of a desk is judged by a month of what it was told, revision by revision.
        whole_for=timedelta(days=31),
    )


STREET_ALERTS = _alerts("street")
DISTRICT_ALERTS = _alerts("district")
CITY_ALERTS = _alerts("city")
PROBLEMS = Topic(
    "chengyun.problems.v1",
    "problem id",
    "outbox",
    ("street", "district", "city"),
    ("source governance",),
    "compact",
    None,
    meaning="groups of incidents with one cause, to be cured at the source",
)
SUMMARIES = Topic(
    "chengyun.summaries.v1",
    "area + period",
    "outbox",
    ("street", "district", "city"),
    ("console", "reports"),
    "compact",
    None,
    meaning="counts and rates per area and period",
)
SCOREBOARD = Topic(
    "chengyun.scoreboard.v1",
    "area + week",
    "outbox",
    ("street", "district", "city"),
    ("console", "source governance"),
    "compact",
    None,
    meaning="how far an area has come from treating incidents to removing causes",
)
REPLIES = Topic(
    "chengyun.replies.v1",
    "report id or command id",
    "outbox",
    ("intake", "sensing", "street", "district", "city"),
    ("senders", "operators"),
    "delete",
    timedelta(days=30),
    meaning="what became of a report or a command",
)
AUDIT = Topic(
    "chengyun.audit.v1",
    "incident id",
    "outbox",
    ("street", "district", "city"),
    ("auditors",),
    "delete",
    timedelta(days=180),
    meaning="every transition, who, why, chained by hash",
)
DEAD_LETTERS = Topic(
    "chengyun.dead-letters.v1",
    "origin topic/partition",
    "outbox",
    ("intake", "sensing", "street", "district", "city"),
    ("SREs",),
    "delete",
    timedelta(days=30),
    max_message_bytes=4 * MIB,
    meaning="what no stage could use: bytes, origin, reason",
)

INBOXES: dict[str, Topic] = {
    "intake": INTAKE_REPORTS,
    "sensing": SENSING_READINGS,
    "street": STREET_INBOX,
    "district": DISTRICT_INBOX,
    "city": CITY_INBOX,
}
ALERTS: dict[str, Topic] = {
    "street": STREET_ALERTS,
    "district": DISTRICT_ALERTS,
    "city": CITY_ALERTS,
}


def state_topic(stage: StageName) -> Topic:
    """The changelog of a stage: its state, written with each commit, read by it alone."""
    return Topic(
        f"chengyun.{stage}.state.v1",
        "state key",
        stage,
        (stage,),
        (stage,),
        "compact",
        None,
        meaning=f"the state of the {stage} stage",
    )


STATES: dict[str, Topic] = {
    "intake": state_topic("intake"),
    "sensing": state_topic("sensing"),
    "street": state_topic("street"),
    "district": state_topic("district"),
    "city": state_topic("city"),
}

ALL: tuple[Topic, ...] = (
    *INBOXES.values(),
    INCIDENTS,
    *ALERTS.values(),
    PROBLEMS,
    SUMMARIES,
    SCOREBOARD,
    REPLIES,
    AUDIT,
    DEAD_LETTERS,
    *STATES.values(),
)
BY_NAME: dict[str, Topic] = {topic.name: topic for topic in ALL}
