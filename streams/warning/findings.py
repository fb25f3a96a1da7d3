"""What sensing tells the street: a finding with its trigger, evidence and place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from schemas.reading import Finding, FindingEvent, ReadingEvent
from schemas.terms import Category, Colour, Place, Severity, Urgency
from streams.incidents.messages import Maker, event_id
from streams.policy import Policy
from streams.policy.watches import HardLimit
from streams.program import Output
from streams.topics import STREET_INBOX
from streams.warning.crossings import Crossing
from streams.warning.devices import Device
from streams.warning.limits import Signal
from streams.warning.sensors.watch import Sign

SOURCE = "/sensing"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_finding = Maker(Finding)
_finding_event = Maker(FindingEvent)
_place = Maker(Place)


def moment(milliseconds: int) -> datetime:
    """The time that many milliseconds after 1970, in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return round(moment.timestamp() * 1_000)


class Findings:
    """Writes findings under one version of the policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def _unit(self, device: Device) -> str:
        return self.policy.devices[device.kind].properties[device.measured].unit

    def silence(
        self,
        device_id: str,
        device: Device,
        phase: Literal["opened", "cleared"],
        now: datetime,
        silence_s: float | None,
        event: ReadingEvent | None,
    ) -> Output:
        """A device that should speak says nothing (W12), or speaks again."""
        rule = self.policy.triggers.silence
        assert rule is not None, "asked only where the policy has a silence rule"
        return self._send(
            device_id,
            device,
            trigger=rule.id,
            version=rule.version,
            phase=phase,
            step=phase,
            unit="s",
            observed=(milliseconds(now) - device.seen) / 1_000,
            threshold=silence_s,
            colour=rule.colour,
            category=self._category(rule.category),
            severity=rule.severity,
            urgency="normal",
            began=device.silent,
            observed_at=now,
            time=now,
            evidence=[] if event is None else [event.id],
            count=0 if event is None else 1,
            trace=None if event is None else event.traceparent,
        )

    def sign(
        self,
        device_id: str,
        device: Device,
        sign: Sign,
        observed: int,
        now: datetime,
        event: ReadingEvent,
    ) -> Output:
        """A device is unusual (W15) or cannot be believed (W12), or is itself again.

        Args:
            observed: event time of the reading, milliseconds since 1970.
        """
        rule = self.policy.triggers.device_rules[sign.check]
        units = {"stuck": "s", "gaps": "1", "together": "1"}
        return self._send(
            device_id,
            device,
            trigger=rule.id,
            version=rule.version,
            phase=sign.phase,
            step=sign.phase,
            unit=units.get(sign.check) or self._unit(device),
            observed=sign.observed,
            threshold=sign.threshold,
            colour=rule.colour,
            category=self._category(rule.category),
            severity=rule.severity,
            urgency="normal",
            began=sign.began,
            observed_at=moment(observed),
            time=now,
            evidence=[event.id],
            count=sign.readings,
            trace=event.traceparent,
            contributions={reason.part: round(reason.adds, 3) for reason in sign.reasons},
            p=None if sign.surprise is None else min(1.0, 10.0**-sign.surprise),
            fires_at=None if sign.needed is None else min(1.0, 10.0**-sign.needed),
            expected=None if sign.expected is None else round(sign.expected, 3),
        )

    def crossing(
        self,
        device_id: str,
        device: Device,
        crossing: Crossing,
        observed: int,
        value: float,
        now: datetime,
        event: ReadingEvent,
    ) -> Output:
        """A limit will be passed within the horizon (W19), or is not going to be after all.

        The finding is the limit's own: what comes of it raises the same warning.
        """
        rule, forecast, episode = crossing.rule, crossing.forecast, crossing.episode
        phase: Literal["opened", "raised", "cleared"] = "cleared"
        if forecast is not None:
            phase = "opened" if episode.level < 0 else "raised"
        return self._send(
            device_id,
            device,
            trigger=rule.id,
            version=rule.version,
            phase=phase,
            step=f"foretold/{observed}",
            unit=self._unit(device),
            observed=value,
            threshold=rule.at,
            colour=rule.colour,
            category=self._category(rule.category),
            severity=rule.severity,
            urgency=rule.urgency,
            began=episode.began,
            observed_at=moment(observed),
            time=now,
            evidence=list(episode.evidence),
            count=episode.count,
            trace=event.traceparent,
            of=crossing.limit.id,
            expected=None if forecast is None else round(forecast.middle, 2),
            interval=None
            if forecast is None
            else (round(forecast.low, 2), round(forecast.high, 2)),
            chance=None if forecast is None else round(forecast.p, 4),
            fires_at=None if crossing.needed is None else round(crossing.needed, 4),
            lead_time_s=None if forecast is None else round(60 * forecast.eta_minutes, 1),
        )

    def _category(self, code: str) -> Category:
        rule = self.policy.category(None, code)
        assert rule is not None, "a checked policy has no trigger for an unknown code"
        return rule.category

    def signal(
        self,
        device_id: str,
        device: Device,
        signal: Signal,
        observed: int,
        now: datetime,
        trace: str | None,
    ) -> Output:
        """A limit was passed, passed further, or is safe again.

        Args:
            observed: event time of the reading, milliseconds since 1970.
            now: the stage's clock, which stamps the message.
        """
        watch = signal.watch
        step = watch.steps[signal.level] if isinstance(watch, HardLimit) else watch
        return self._send(
            device_id,
            device,
            trigger=watch.id,
            version=watch.version,
            phase=signal.phase,
            step=f"{signal.phase}{signal.level}",
            unit=self._unit(device),
            observed=signal.observed,
            threshold=signal.threshold,
            colour=step.colour,
            category=self._category(watch.category),
            severity=step.severity,
            urgency=step.urgency,
            began=signal.began,
            observed_at=moment(observed),
            time=now,
            evidence=signal.evidence,
            count=signal.readings,
            trace=trace,
        )

    def _send(
        self,
        device_id: str,
        device: Device,
        *,
        trigger: str,
        version: str,
        phase: Literal["opened", "raised", "cleared"],
        step: str,
        unit: str,
        observed: float,
        threshold: float | None,
        colour: Colour,
        category: Category,
        severity: Severity,
        urgency: Urgency,
        began: int,
        observed_at: datetime,
        time: datetime,
        evidence: list[str],
        count: int,
        trace: str | None,
        contributions: dict[str, float] | None = None,
        of: str | None = None,
        expected: float | None = None,
        interval: tuple[float, float] | None = None,
        p: float | None = None,
        chance: float | None = None,
        fires_at: float | None = None,
        lead_time_s: float | None = None,
    ) -> Output:
        began_at = moment(began)
        episode = f"{of or trigger}/{began_at:%Y%m%dT%H%M%S.%fZ}"
        finding_id = f"{device_id}/{device.measured}/{episode}"
        message = _finding_event(
            id=event_id(finding_id, step),
            source=SOURCE,
            subject=finding_id,
            time=time,
            traceparent=trace,
            data=_finding(
                finding_id=finding_id,
                trigger=trigger,
                trigger_version=version,
                phase=phase,
                device_id=device_id,
                device_class=device.kind,
                observed_property=device.measured,
                unit=unit,
                observed=observed,
                threshold=threshold,
                colour=colour,
                category=category,
                severity=severity,
                urgency=urgency,
                place=_place(
                    lat=device.lat,
                    lon=device.lon,
                    street=device.street,
                    district=self.policy.areas.parent(device.street),
                    method="device",
                    confidence=1.0,
                ),
                began_at=began_at,
                observed_at=observed_at,
                evidence=evidence,
                evidence_count=count,
                policy_version=self.policy.version,
                contributions=contributions or {},
                expected=expected,
                interval=interval,
                p=p,
                chance=chance,
                fires_at=fires_at,
                lead_time_s=lead_time_s,
            ),
        )
        return Output(STREET_INBOX, device.street, message)
