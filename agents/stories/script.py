"""How a scripted day is told: what happens, who orders what, and how it must then stand.

All at minutes after its beginning. What happens becomes events for the entry topics and
commands for the desks, so that the same script feeds the made-up city and the proof that
the city answers it as it should.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from agents.replay.feed import Entry, microseconds
from agents.simulate.acts import (
    Device,
    Spot,
    called_back,
    complained_again,
    reading,
    report,
    said,
    weather,
)
from agents.simulate.city import SimulatedCity
from agents.simulate.devices import Window
from agents.stories.expected import (
    Answered,
    Case,
    Expectation,
    Lit,
    Pattern,
    Stands,
    Unlit,
    Unsaid,
)
from schemas.codec import encode
from schemas.command import Action, Command, CommandEvent, Subject
from schemas.report import UpdateKind
from schemas.terms import Actor, Colour, Tier
from streams.incidents.messages import short_hash
from streams.policy import Language, Policy
from streams.topics import INBOXES

HOTLINE = "/hotline/12345"


class Line(NamedTuple):
    """One line of the script as a person reads it: who does what, Chinese and English."""

    minutes: float
    who: tuple[str, str]
    what: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order given in the script, and the answer that it must get.

    ``answer`` is an outcome (applied), or the code of the reason for which it is refused.
    """

    minutes: float
    command_id: str
    entry: Entry
    answer: str


@dataclass(slots=True)
class Story:
    """A scripted day.

    Every act takes the minutes after `begins` at which it happens.

    Attributes:
        name: of the day; its reports and devices are called after it.
        acts: events for the entry topics; ordered: commands; expected: how things must
            stand at a minute; devices: for which it speaks, and when.
    """

    name: str
    begins: datetime
    policy: Policy
    acts: list[Entry] = field(default_factory=list)
    ordered: list[Ordered] = field(default_factory=list)
    expected: list[tuple[float, Expectation]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    devices: list[tuple[Device, Window]] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, begins: datetime, city: SimulatedCity) -> Story:
        """An empty day in that city."""
        return cls(name, begins, city.policy)

    def at(self, minutes: float) -> datetime:
        """The moment so many minutes after the beginning."""
        return self.begins + timedelta(minutes=minutes)

    @property
    def secrets(self) -> frozenset[str]:
        """Words that the script expects nobody to say."""
        return frozenset(each.words for _, each in self.expected if isinstance(each, Unsaid))

    @property
    def entries(self) -> list[Entry]:
        """All that happens and is ordered, in the order of time."""
        everything = [*self.acts, *(each.entry for each in self.ordered)]
        return sorted(everything, key=lambda entry: entry.at)

    # --- what happens

    def device(self, name: str, kind: str, observed: str, unit: str, spot: Spot) -> Device:
        """A device of this story: in the fleet's routine until the story first speaks for it."""
        return Device(f"{kind}-{self.name}-{name}", kind, observed, unit, spot)

    def measures(self, device: Device, values: Iterable[tuple[float, float]]) -> None:
        """The device shows these values at these minutes; its routine is silent meanwhile."""
        values = list(values)
        self.acts += [reading(self.at(minutes), device, value) for minutes, value in values]
        for minutes, value in values:
            told = f"{device.observed_property} {value:g} {device.unit}"
            self._line(minutes, (device.device_id, device.device_id), (told, told))
        margin = timedelta(minutes=1)
        window = (self.at(values[0][0]) - margin, self.at(values[-1][0]) + margin)
        self.devices.append((device, window))

    def calls(
        self, minutes: float, number: str, code: str, spot: Spot, words: str, **more: Any
    ) -> str:
        """A person calls the hotline; gives the report id."""
        more = {"channel": "hotline", "description": words, **more}
        return self.reports(minutes, HOTLINE, number, code, spot, **more)

    def reports(
        self, minutes: float, source: str, number: str, code: str, spot: Spot, **more: Any
    ) -> str:
        """Somebody reports something; gives the report id."""
        name = f"{self.name}-{number}"
        self.acts.append(report(self.at(minutes), source, name, code, spot, **more))
        told = f"{name}: {more.get('description', '')}"
        who = {"hotline": ("来电人", "a caller"), "grid": ("网格员", "a grid member")}
        self._line(minutes, who.get(str(more.get("channel")), (source, source)), (told, told))
        return f"{source}/{name}"

    def unit_says(
        self,
        minutes: float,
        report_id: str,
        kind: UpdateKind,
        unit: str,
        note: str | None = None,
        nth: int = 1,
    ) -> None:
        """A unit's system says something about a report."""
        self.acts.append(said(self.at(minutes), report_id, kind, unit=unit, note=note, nth=nth))
        about = report_id.rpartition("/")[2]
        told = f"{about}: {note}" if note else about
        self._line(minutes, (unit, unit), (f"{kind} {told}", f"{kind} {told}"))

    def called_back(self, minutes: float, number: str, *, solved: bool, nth: int = 1) -> None:
        """The hotline calls the person back."""
        name = f"{self.name}-{number}"
        self.acts.append(
            called_back(self.at(minutes), HOTLINE, name, solved=solved, satisfied=solved, nth=nth)
        )
        what = (
            f"回访 {name}:{'已解决' if solved else '未解决'}",
            f"calls {name} back: {'solved' if solved else 'not solved'}",
        )
        self._line(minutes, ("12345热线", "the hotline"), what)

    def not_fixed(self, minutes: float, number: str, words: str, nth: int = 1) -> None:
        """The person says that nothing has changed."""
        name = f"{self.name}-{number}"
        self.acts.append(complained_again(self.at(minutes), HOTLINE, name, words, nth))
        self._line(minutes, ("来电人", "the caller"), (f"{name}: {words}", f"{name}: {words}"))

    def signal(
        self,
        minutes: float,
        name: str,
        kind: Literal["Alert", "Update", "Cancel"],
        colour: Colour,
        areas: Iterable[str],
        refers: Iterable[str] = (),
    ) -> None:
        """The weather bureau warns of rain, changes its warning or takes it back."""
        self.acts.append(
            weather(
                self.at(minutes),
                self.policy.areas.city,
                f"{self.name}/{name}",
                kind,
                colour,
                areas,
                references=[f"{self.name}/{each}" for each in refers],
            )
        )
        words = {"Alert": "发布", "Update": "变更为", "Cancel": "解除"}[kind]
        zh = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}[colour]
        what = (f"{words}暴雨{zh}预警", f"{kind} of the rain signal, {colour}")
        self._line(minutes, ("气象局", "the weather bureau"), what)

    def orders(
        self,
        minutes: float,
        action: Action,
        case: Case,
        area: str,
        *,
        role: str = "operator",
        unit: str | None = None,
        reason: str | None = None,
        answer: str = "applied",
        **arguments: Any,
    ) -> None:
        """A person of a desk or a unit orders something about a case.

        Args:
            area: of the desk; role and unit: who speaks.
            answer: the outcome it must get, or the code of the refusal.
            arguments: of the action; a ``unit_`` that it takes is told from the speaker's.
        """
        arguments = {name.rstrip("_"): value for name, value in arguments.items()}
        nth = len(self.ordered) + 1
        tier = self.policy.areas.tier_of(area)
        assert tier is not None
        who = unit or f"{role}-{area}"
        command_id = f"{self.name}/{nth}/{action}/{microseconds(self.begins)}"
        event = CommandEvent(
            id=command_id,
            source=f"/operators/{who}",
            subject=case.incident_id,
            time=self.at(minutes),
            data=Command(
                command_id=command_id,
                subject=Subject(kind="incident", id=case.incident_id),
                action=action,
                actor=Actor.model_validate(
                    {"id": who, "role": role, "tier": tier, "area": area, "unit": unit}
                ),
                reason=reason,
                arguments=arguments,
            ),
        )
        at = microseconds(self.at(minutes))
        entry = Entry(INBOXES[tier], area.encode(), encode(event), at)
        self.ordered.append(Ordered(minutes, command_id, entry, answer))
        self.lines.append(_order_line(self.policy, minutes, event.data, answer))

    # --- which case it is

    def case_of_report(self, report_id: str, area: str, minutes: float) -> Case:
        """The case that a report opens at a desk."""
        return self._case(area, report_id, minutes)

    def case_of_finding(
        self, device: Device, trigger: str, began: float, opened: float | None = None
    ) -> Case:
        """The case that a device's finding opens in its street.

        Args:
            began: when the device first showed it; opened: when that had lasted long enough.
        """
        moment = self.at(began).astimezone(UTC)
        finding = (
            f"{device.device_id}/{device.observed_property}/{trigger}/{moment:%Y%m%dT%H%M%S.%fZ}"
        )
        return self._case(device.spot.street, finding, began if opened is None else opened)

    def _case(self, area: str, cause: str, minutes: float) -> Case:
        day = self.at(minutes).astimezone(self.policy.tz)
        return Case(f"{area}-{day:%y%m%d}-{short_hash(cause)}", area)

    # --- how it must stand

    def stands(self, minutes: float, case: Case, **wanted: Any) -> None:
        """The case must stand so at that minute; names are those of an incident's fields."""
        moments = {"opened", "due", "acknowledged", "accepted", "started", "resolved", "closed"}
        wanted = {
            (f"{name}_at" if name in moments else name): (
                self.at(value) if name in moments and value is not None else value
            )
            for name, value in wanted.items()
        }
        self.expected.append((minutes, Stands(case, wanted, self.begins)))

    def lit(
        self,
        minutes: float,
        tier: Tier,
        trigger: str,
        colour: Colour,
        about: Case | str,
        *,
        since: float | None = None,
    ) -> None:
        """An alert must be lit at a tier, about a case or an area, since just that minute."""
        moment = None if since is None else self.at(since)
        self.expected.append((minutes, Lit(tier, trigger, colour, about, moment)))

    def unlit(
        self, minutes: float, tier: Tier, trigger: str, about: Case | str, colour: str | None = None
    ) -> None:
        """No such alert may be lit."""
        self.expected.append((minutes, Unlit(tier, trigger, about, colour)))

    def answered(self, minutes: float, report_id: str, outcome: str) -> None:
        """The last thing that the sender of a report has heard."""
        self.expected.append((minutes, Answered(report_id, outcome)))

    def pattern(self, minutes: float, code: str, place: Spot, tier: Tier, count: int) -> None:
        """A problem must be on record for what recurs at a place."""
        self.expected.append((minutes, Pattern(code, place, tier, count)))

    def expects(self, minutes: float, expectation: Expectation) -> None:
        """Anything else that must hold at that minute."""
        self.expected.append((minutes, expectation))

    def _line(self, minutes: float, who: tuple[str, str], what: tuple[str, str]) -> None:
        self.lines.append(Line(minutes, who, what))


def _order_line(policy: Policy, minutes: float, command: Command, answer: str) -> Line:
    from agents.cli.words import WORDS

    actor = command.actor
    word = WORDS.get(command.action, (command.action, command.action))
    text = policy.areas.text(actor.area or "")

    def who(lang: int) -> str:
        language: Language = "en" if lang else "zh"
        if actor.unit is not None:
            return policy.unit_name(actor.unit, language)
        place = (actor.area or "") if text is None else text.of(language)
        return f"{place} {WORDS[actor.role][lang]}"

    said = " ".join(f"{name}={value}" for name, value in command.arguments.items())
    rest = f" {said}" if said else ""
    if command.reason:
        rest += f" “{command.reason}”"
    refused = "" if answer == "applied" else f" → {answer}"
    return Line(
        minutes,
        (who(0), who(1)),
        (f"{word[0]}{rest}{refused}", f"{word[1]}{rest}{refused}"),
    )
