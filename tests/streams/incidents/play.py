"""Street, district and city of a small example on one stage, driven by a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import yaml

from agents.backtest.city import City
from schemas.alert import Alert
from schemas.codec import read_any
from schemas.command import Command, CommandEvent
from schemas.incident import Incident
from schemas.outcome import Problem, Reply
from schemas.reading import Finding, FindingEvent, Reading, ReadingEvent
from schemas.report import (
    Report,
    ReportEvent,
    ReportUpdate,
    ReportUpdateEvent,
    ServiceRequest,
    ServiceRequestEvent,
)
from schemas.terms import COLOURS, Actor, Place
from schemas.tick import Tick, TickEvent, WeatherSignal, WeatherSignalEvent
from streams import city, district, intake, sensing, street, topics
from streams.incidents import audit
from streams.policy import Policy
from streams.topics import Sizing, Topic

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the city
HERE = (30.0, 104.0)
METRE = 1 / 111_195
SIZING = Sizing(
    intake=1, sensing=1, street=2, district=2, outbox=1, city=1, replication=1, min_in_sync=1
)

RULES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "example_city.yaml").read_text(encoding="utf-8")
)


def policy(**changes: Any) -> Policy:
    """The example policy, with whole sections replaced."""
    return Policy.model_validate({**RULES, **changes})


def minutes(number: float) -> timedelta:
    """A length of time."""
    return timedelta(minutes=number)


class Play:
    """Street, district and city on one stage; whatever they say is kept in order."""

    def __init__(
        self, rules: Policy, mode: str = "wall", sizing: Sizing = SIZING, *, whole: bool = False
    ) -> None:
        self.policy = rules
        self.said: list[tuple[str, str, Any]] = []
        self.raw: dict[str, list[bytes]] = {}
        self.city = City(
            {
                "street": street.program(rules),
                "district": district.program(rules),
                "city": city.program(rules),
                **({"intake": intake.program(rules)} if whole else {}),
                **({"sensing": sensing.program(rules)} if whole else {}),
            },
            mode=mode,
            sizing=sizing,
            listener=self._hear,
        )
        if mode == "wall":
            for lanes in self.city.lanes.values():
                for lane in lanes:
                    # A tick a second would make an example of two days take minutes.
                    lane.partition.program.interval = minutes(720)  # type: ignore[attr-defined]
        self.sizing = sizing
        self.mode = mode
        self.numbers = iter(range(1, 1_000_000))
        if mode == "wall":
            self.at(0)

    def _hear(self, topic: Topic, key: str, value: bytes) -> None:
        self.said.append((topic.name.split(".", 1)[1].rsplit(".", 1)[0], key, read_any(value)))
        if topic is topics.AUDIT:
            data = orjson.loads(value)["data"]
            self.raw.setdefault(data["incident_id"], []).append(orjson.dumps(data))

    # -- time ------------------------------------------------------------------

    def at(self, minute: float) -> Play:
        """Let the time of day pass to that minute after the beginning."""
        self.city.run_until(BEGIN + minutes(minute))
        return self

    @property
    def now(self) -> datetime:
        """The time of day."""
        return self.city.now

    def ticks(self, watermark: datetime, *, final: bool = False) -> None:
        """Intake and sensing have told all before `watermark`."""
        for stage in ("intake", "sensing"):
            for lane in range(self.sizing.partitions(stage)):
                for target in ("street", "district"):
                    if stage == "sensing" and target == "district":
                        continue
                    topic = topics.INBOXES[target]
                    for to in range(self.sizing.partitions(topic.width)):
                        message = TickEvent(
                            id=f"{stage}/{lane}/{watermark.isoformat()}",
                            source=f"/{stage}/{lane}",
                            time=watermark,
                            data=Tick(
                                stage=stage,
                                partition=lane,
                                of=1,
                                watermark=watermark,
                                final=final,
                            ),
                        )
                        self.city._queue(_output(topic, f"{stage}/{lane}", message, to))

    # -- what comes in ---------------------------------------------------------

    def report(
        self,
        kind: str = "cover",
        *,
        area: str | None = "A1",
        name: str | None = None,
        at: datetime | None = None,
        east_m: float = 0.0,
        place: bool = True,
        run: bool = True,
        **fields: Any,
    ) -> str:
        """A report reaches a desk; answers its id."""
        rule = self.policy.category(None, kind)
        assert rule is not None
        report_id = name or f"calls/{next(self.numbers)}"
        moment = at or self.now
        desk = area or "desk"
        on_street = self.policy.areas.tier_of(desk) == "street"
        where = Place(
            lat=HERE[0] if place else None,
            lon=HERE[1] + east_m * METRE / 0.8660254 if place else None,
            street=desk if on_street else None,
            district=self.policy.areas.parent(desk) if on_street else desk,
            method="given" if on_street else "desk",
        )
        data = Report(
            **{
                "report_id": report_id,
                "reported_at": moment,
                "intent": "report",
                "channel": "hotline",
                "category": rule.category,
                "severity": rule.severity,
                "urgency": rule.urgency,
                "place": where,
                "policy_version": self.policy.version,
                **fields,
            }
        )
        event = ReportEvent(
            id=f"{report_id}/report", source="/intake", subject=report_id, time=moment, data=data
        )
        topic = topics.STREET_INBOX if on_street else topics.DISTRICT_INBOX
        self._publish(topic, desk, event, run=run)
        return report_id

    def update(
        self,
        report_id: str,
        kind: str,
        *,
        area: str = "A1",
        at: datetime | None = None,
        run: bool = True,
        **fields: Any,
    ) -> None:
        """Something is said later about a report."""
        moment = at or self.now
        data = ReportUpdate.model_validate(
            {"report_id": report_id, "kind": kind, "updated_at": moment, **fields}
        )
        event = ReportUpdateEvent(
            id=f"{report_id}/{kind}/{next(self.numbers)}",
            source="/intake",
            subject=report_id,
            time=moment,
            data=data,
        )
        tier = self.policy.areas.tier_of(area)
        assert tier is not None
        self._publish(topics.INBOXES[tier], area, event, run=run)

    def finding(
        self,
        trigger: str = "W3",
        phase: str = "opened",
        *,
        area: str = "A1",
        kind: str = "water",
        device: str = "gauge-1",
        colour: str = "yellow",
        severity: str = "IV",
        observed: float = 12.0,
        at: datetime | None = None,
        east_m: float = 0.0,
        run: bool = True,
        **fields: Any,
    ) -> str:
        """A device's readings show something."""
        rule = self.policy.category(None, kind)
        assert rule is not None
        moment = at or self.now
        finding_id = str(fields.pop("finding_id", f"{device}/{trigger}"))
        data = Finding.model_validate(
            {
                "finding_id": finding_id,
                "trigger": trigger,
                "trigger_version": "1",
                "phase": phase,
                "device_id": device,
                "device_class": "road_water",
                "observed_property": "depth",
                "unit": "cm",
                "observed": observed,
                "threshold": 10.0,
                "colour": colour,
                "category": rule.category.model_dump(),
                "severity": severity,
                "urgency": "urgent",
                "place": {
                    "lat": HERE[0],
                    "lon": HERE[1] + east_m * METRE / 0.8660254,
                    "street": area,
                    "district": self.policy.areas.parent(area),
                },
                "began_at": moment,
                "observed_at": moment,
                "evidence": [f"{device}/1"],
                "evidence_count": 1,
                "policy_version": self.policy.version,
                **fields,
            }
        )
        event = FindingEvent(
            id=f"{finding_id}/{phase}/{next(self.numbers)}",
            source="/sensing",
            subject=device,
            time=moment,
            data=data,
        )
        self._publish(topics.STREET_INBOX, area, event, run=run)
        return finding_id

    def call(
        self, code: str, street_code: str, lat: float, lon: float, source: str = "/hotline/12345"
    ) -> str:
        """Somebody calls; the report goes through intake."""
        number = str(next(self.numbers))
        data = ServiceRequest(
            service_request_id=number,
            service_code=code,
            requested_datetime=self.now,
            area_code=street_code,
            lat=lat,
            long=lon,
            channel="hotline",
        )
        event = ServiceRequestEvent(id=f"call-{number}", source=source, time=self.now, data=data)
        report_id = f"{source}/{number}"
        self._publish(topics.INTAKE_REPORTS, report_id, event)
        return report_id

    def reading(
        self,
        device: str,
        device_class: str,
        observed: str,
        unit: str,
        result: float,
        street_code: str,
        lat: float,
        lon: float,
    ) -> None:
        """A device measures; the reading goes through sensing."""
        number = next(self.numbers)
        data = Reading(
            device_id=device,
            device_class=device_class,
            observed_property=observed,
            phenomenon_time=self.now,
            result=result,
            unit=unit,
            street=street_code,
            lat=lat,
            long=lon,
        )
        event = ReadingEvent(id=f"reading-{number}", source="/iot", time=self.now, data=data)
        self._publish(topics.SENSING_READINGS, device, event)

    def rain(
        self,
        colour: str = "orange",
        msg_type: str = "Alert",
        *,
        areas: list[str] | None = None,
        event: str = "rain",
    ) -> None:
        """The weather bureau signals rain."""
        number = next(self.numbers)
        data = WeatherSignal.model_validate(
            {
                "identifier": f"signal-{number}",
                "msg_type": msg_type,
                "event": event,
                "colour": colour,
                "areas": areas or [self.policy.areas.city],
                "onset": self.now,
                "headline": "heavy rain",
            }
        )
        message = WeatherSignalEvent(
            id=f"signal-{number}", source="/weather", time=self.now, data=data
        )
        self._publish(topics.CITY_INBOX, self.policy.areas.city, message)

    def command(
        self,
        incident_id: str,
        action: str,
        *,
        area: str = "A1",
        role: str = "operator",
        version: int | None = None,
        reason: str | None = None,
        name: str | None = None,
        kind: str = "incident",
        **arguments: Any,
    ) -> Reply:
        """An operator orders something; answers the reply."""
        command_id = name or f"command-{next(self.numbers)}"
        tier = self.policy.areas.tier_of(area)
        assert tier is not None
        data = Command.model_validate(
            {
                "command_id": command_id,
                "subject": {"kind": kind, "id": incident_id},
                "action": action,
                "actor": Actor.model_validate(
                    {"id": f"{role}@{area}", "role": role, "tier": tier, "area": area}
                ),
                "expected_version": version,
                "reason": reason,
                "arguments": arguments,
            }
        )
        event = CommandEvent(
            id=command_id, source="/desk", subject=incident_id, time=self.now, data=data
        )
        before = len(self.said)
        self._publish(topics.INBOXES[tier], area, event)
        replies: list[Reply] = [
            message.data for topic, key, message in self.said[before:] if key == command_id
        ]
        assert len(replies) == 1
        return replies[0]

    def _publish(self, topic: Topic, key: str, event: Any, *, run: bool = True) -> None:
        self.city.publish(topic, key, event)
        if run and self.mode == "wall":
            self.city.run(self.now)

    # -- what came out ---------------------------------------------------------

    def heard(self, topic: str) -> list[Any]:
        """The bodies of all messages of a topic (``incidents``, ``replies`` …), in order."""
        return [message.data for name, _, message in self.said if name == topic]

    def incidents(self) -> dict[str, Incident]:
        """The present state of each incident, as published."""
        return {incident.incident_id: incident for incident in self.heard("incidents")}

    def incident(self) -> Incident:
        """The one incident there is."""
        (only,) = self.incidents().values()
        return only

    def versions(self, incident_id: str) -> list[int]:
        """The versions published, in order."""
        return [i.version for i in self.heard("incidents") if i.incident_id == incident_id]

    def alerts(self, tier: str) -> dict[str, Alert]:
        """The last revision of each alert of a tier, by its key's trigger and subject."""
        return {alert.alert_id: alert for alert in self.heard(f"{tier}.alerts")}

    def lit(self, tier: str) -> list[tuple[str, str]]:
        """(trigger, colour) of each alert of a tier that is not closed."""
        return sorted(
            (alert.trigger.id, alert.colour)
            for alert in self.alerts(tier).values()
            if alert.state not in ("closed", "withdrawn")
        )

    def replies(self, key: str) -> list[Reply]:
        """All replies to a report or command."""
        return [m.data for name, k, m in self.said if name == "replies" and k == key]

    def problems(self) -> dict[str, Problem]:
        """The present state of each problem."""
        return {problem.problem_id: problem for problem in self.heard("problems")}

    def audit(self, incident_id: str) -> list[Any]:
        """The audit entries of an incident."""
        return [entry for entry in self.heard("audit") if entry.incident_id == incident_id]

    def actions(self, incident_id: str) -> list[str]:
        """What was done to an incident, in order."""
        return [entry.action for entry in self.audit(incident_id)]

    def dead(self) -> list[str]:
        """Reason codes of all dead letters."""
        return [letter.reason.code for letter in self.heard("dead-letters")]

    def chains_hold(self) -> bool:
        """Whether every audit chain verifies, and no alert's colour or revision ever fell."""
        self.colours_rise()
        return all(audit.verify(entries) == [] for entries in self.raw.values())

    def colours_rise(self) -> None:
        """Within an episode a colour only rises, and each revision follows the one before."""
        shown: dict[tuple[str, str], Alert] = {}
        for kind, _, event in self.said:
            if not kind.endswith(".alerts"):
                continue
            alert: Alert = event.data
            before = shown.get((kind, alert.alert_id))
            if before is not None:
                assert before.state not in ("closed", "withdrawn"), f"{alert.alert_id} goes on"
                assert alert.revision == before.revision + 1, f"{alert.alert_id} skips a revision"
                risen = COLOURS.index(alert.colour) - COLOURS.index(before.colour)
                assert risen >= 0, f"{alert.alert_id} fell to {alert.colour}"
            shown[kind, alert.alert_id] = alert

    def cases(self, stage: str) -> dict[str, Any]:
        """The entries of a stage's cases, decoded as JSON."""
        entries = self.city.entries(stage, "incident")
        return {key: orjson.loads(value) for key, value in entries.items()}


def _output(topic: Topic, key: str, message: Any, partition: int) -> Any:
    from streams.program import Output

    return Output(topic, key, message, partition)
