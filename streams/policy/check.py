"""What must agree between the sections of a policy: names used in one stand in another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from schemas.terms import TIERS
from streams.policy.catalogue import DEFAULT, Routing
from streams.policy.policy import Policy
from streams.policy.watches import HardLimit, Rise


class Mismatch(NamedTuple):
    """One name that leads nowhere, or a value its device can never show.

    Attributes:
        where: keys and indices from the top of the policy.
        got, wanted: in words.
    """

    where: tuple[str | int, ...]
    got: str
    wanted: str


class Watches(Protocol):
    """A rule that watches a choice of kinds."""

    @property
    def kinds(self) -> tuple[str, ...]: ...


def mismatches(policy: Policy) -> list[Mismatch]:
    """Everything that does not fit together, in the order of the sections."""
    return [
        *_units(policy),
        *_keys(policy),
        *_stages(policy),
        *_rota(policy),
        *_mappings(policy),
        *_triggers(policy),
        *_sites(policy),
        *_causes(policy),
    ]


def _causes(policy: Policy) -> Iterator[Mismatch]:
    known = set(policy.codes)
    wanted = "a code of the city's own catalogue"
    verification = policy.orders.verification
    groups = {group.code for group in policy.categories.groups}
    for n, kind in enumerate(() if verification is None else verification.kinds):
        if kind not in known | groups:
            yield Mismatch(("orders", "verification", "kinds", n), f"the code {kind!r}", wanted)
    seen: set[str] = set()
    for r, rule in enumerate(policy.causes):
        if rule.id in seen:
            yield Mismatch(("causes", r, "id"), f"{rule.id!r} again", "each rule once")
        seen.add(rule.id)
        for side in ("cause", "consequences"):
            for n, code in enumerate(getattr(rule, side)):
                if code not in known:
                    yield Mismatch(("causes", r, side, n), f"the code {code!r}", wanted)
        for code in set(rule.cause) & set(rule.consequences):
            got = f"{code!r} as its own cause"
            yield Mismatch(("causes", r, "consequences"), got, "another kind than the cause")


def _sites(policy: Policy) -> Iterator[Mismatch]:
    seen: set[str] = set()
    units = {unit.code for unit in policy.units}
    for n, site in enumerate(policy.sites):
        if policy.areas.tier_of(site.street) != "street":
            got = f"the street {site.street!r}"
            yield Mismatch(("sites", n, "street"), got, "the code of a street in areas")
        if site.unit not in units:
            got = f"the unit {site.unit!r}"
            yield Mismatch(("sites", n, "unit"), got, "a code of the section units")
        if site.id in seen:
            yield Mismatch(("sites", n, "id"), f"{site.id!r} a second time", "an id of its own")
        seen.add(site.id)
    codes = {entry.code for group in policy.categories.groups for entry in group.entries}
    codes |= {group.code for group in policy.categories.groups}
    for n, rule in enumerate(policy.triggers.seasons):
        for k, kind in enumerate(rule.kinds):
            if kind not in codes:
                where = ("triggers", "seasons", n, "kinds", k)
                yield Mismatch(where, f"the kind {kind!r}", "a code or group of categories")


def _units(policy: Policy) -> Iterator[Mismatch]:
    known = {unit.code for unit in policy.units}

    def unknown(
        where: tuple[str | int, ...], names: Iterable[tuple[str | int, str]]
    ) -> Iterator[Mismatch]:
        for key, name in names:
            if name not in known:
                yield Mismatch((*where, key), f"the unit {name!r}", "a code of the section units")

    def routing(where: tuple[str | int, ...], rule: Routing) -> Iterator[Mismatch]:
        yield from unknown(where, [("unit", rule.unit)])
        yield from unknown((*where, "assisting"), enumerate(rule.assisting))

    for key, rule in policy.routing.items():
        yield from routing(("routing", key), rule)
    for g, group in enumerate(policy.categories.groups):
        for e, entry in enumerate(group.entries):
            if entry.routing is not None:
                place = ("categories", "groups", g, "entries", e, "routing")
                yield from routing(place, entry.routing)
    for s, source in enumerate(policy.sources):
        yield from unknown(("sources", s, "units"), source.units.items())
    codes = [unit.code for unit in policy.units]
    for n, code in enumerate(codes):
        if code in codes[:n]:
            yield Mismatch(("units", n, "code"), f"{code!r} again", "each unit once")


def _keys(policy: Policy) -> Iterator[Mismatch]:
    known = set(policy.codes) | {group.code for group in policy.categories.groups} | {DEFAULT}
    wanted = "a category code, a group code or 'default'"
    for section in ("routing", "limits", "stages", "merging"):
        for key in getattr(policy, section):
            if key not in known or (section in ("limits", "stages") and key == DEFAULT):
                yield Mismatch((section, key), f"the key {key!r}", wanted)
    triggers = policy.triggers
    rules: list[tuple[tuple[str | int, ...], Watches | None]] = [
        (("spread",), triggers.spread),
        (("repeats",), triggers.repeats),
        (("chains",), triggers.chains),
    ]
    for g, group in enumerate(() if triggers.hotspots is None else triggers.hotspots.groups):
        rules.append((("hotspots", "groups", g), group))
    for place, rule in rules:
        for n, kind in enumerate(() if rule is None else rule.kinds):
            if kind not in known:
                yield Mismatch(("triggers", *place, "kinds", n), f"the kind {kind!r}", wanted)


def _rota(policy: Policy) -> Iterator[Mismatch]:
    """Each desk in one roster, and none that is nowhere."""
    seen: set[str] = set()
    for n, roster in enumerate(policy.rota):
        for a, area in enumerate(roster.areas):
            place = ("rota", n, "areas", a)
            if area not in TIERS and policy.areas.tier_of(area) is None:
                yield Mismatch(place, f"the area {area!r}", "an area's code or a tier's name")
            if area in seen:
                yield Mismatch(place, f"{area!r} again", "each desk in one roster")
            seen.add(area)


def _stages(policy: Policy) -> Iterator[Mismatch]:
    """Each stage once, and none that ends after the whole work."""
    monday = datetime(2024, 1, 8, 1, tzinfo=UTC)
    for code in policy.codes:
        rule = policy.category(None, code)
        key = code if code in policy.stages else None if rule is None else rule.group
        if rule is None or key is None or key not in policy.stages:
            continue
        names = [stage.name for stage in rule.stages]
        for n, stage in enumerate(rule.stages):
            place = ("stages", key, n)
            if stage.name in names[:n]:
                yield Mismatch((*place, "name"), f"{stage.name!r} again", "each stage once")
            if rule.limit is None:
                continue
            whole = policy.calendar.add(monday, rule.limit)
            if policy.calendar.add(monday, stage.limit) > whole:
                wanted = f"no more than the limit of {code}, {rule.limit}"
                yield Mismatch((*place, "limit"), str(stage.limit), wanted)


def _mappings(policy: Policy) -> Iterator[Mismatch]:
    known = set(policy.codes)
    for m, mapping in enumerate(policy.categories.mappings):
        for foreign, ours in mapping.codes.items():
            if ours not in known:
                yield Mismatch(
                    ("categories", "mappings", m, "codes", foreign),
                    f"the code {ours!r}",
                    "a code of the city's own catalogue",
                )


def _triggers(policy: Policy) -> Iterator[Mismatch]:
    known = set(policy.codes)
    watches: list[tuple[str, int, HardLimit | Rise]] = [
        *(("limits", n, rule) for n, rule in enumerate(policy.triggers.limits)),
        *(("rises", n, rule) for n, rule in enumerate(policy.triggers.rises)),
    ]
    seen: set[tuple[str, str, str]] = set()
    for section, n, watch in watches:
        where = ("triggers", section, n)
        if watch.category not in known:
            got = f"the code {watch.category!r}"
            yield Mismatch((*where, "category"), got, "a code of the city's own catalogue")
        key = (watch.id, watch.device_class, watch.observed_property)
        if key in seen:
            yield Mismatch((*where, "id"), f"{watch.id!r} again", "one rule per id and property")
        seen.add(key)
        device = policy.devices.get(watch.device_class)
        if device is None:
            got = f"the class {watch.device_class!r}"
            yield Mismatch((*where, "device_class"), got, "a class of the section devices")
            continue
        measured = device.properties.get(watch.observed_property)
        if measured is None:
            got = f"the property {watch.observed_property!r}"
            wanted = f"one of {', '.join(device.properties)}"
            yield Mismatch((*where, "observed_property"), got, wanted)
            continue
        least = float("-inf") if measured.least is None else measured.least
        most = float("inf") if measured.most is None else measured.most
        for s, step in enumerate(watch.steps if isinstance(watch, HardLimit) else ()):
            if not least <= step.at <= most:
                got = f"{step.at:g}"
                wanted = f"a value the device can show, {least:g} to {most:g} {measured.unit}"
                yield Mismatch((*where, "steps", s, "at"), got, wanted)
    for n, forecast in enumerate(policy.triggers.forecasts):
        if not any(forecast.foretells(limit) for limit in policy.triggers.limits):
            got = f"the step {forecast.at:g} of {forecast.limit!r}"
            wanted = "a step of a limit above, on the same readings"
            yield Mismatch(("triggers", "forecasts", n, "at"), got, wanted)
        if forecast.category not in known:
            got = f"the code {forecast.category!r}"
            wanted = "a code of the city's own catalogue"
            yield Mismatch(("triggers", "forecasts", n, "category"), got, wanted)
        same = (forecast.device_class, forecast.observed_property)
        if any(
            (f.device_class, f.observed_property) == same for f in policy.triggers.forecasts[:n]
        ):
            yield Mismatch(("triggers", "forecasts", n), "a second one", "one for each property")
    yield from _devices(policy, known)
    silence = policy.triggers.silence
    if silence is not None and silence.category not in known:
        got = f"the code {silence.category!r}"
        wanted = "a code of the city's own catalogue"
        yield Mismatch(("triggers", "silence", "category"), got, wanted)


def _devices(policy: Policy, known: set[str]) -> Iterator[Mismatch]:
    """Checks that a device asks for, and what is told when one speaks."""
    rules = policy.triggers.device_rules
    for name, rule in rules.items():
        if rule.category not in known:
            got = f"the code {rule.category!r}"
            wanted = "a code of the city's own catalogue"
            yield Mismatch(("triggers", name, "category"), got, wanted)
    for kind, device in policy.devices.items():
        if device.station is not None:
            where = ("devices", kind, "station")
            if "together" not in rules:
                yield Mismatch(where, "a check 'together'", "a rule triggers.together for it")
            for n, name in enumerate(device.station.properties):
                if name not in device.properties:
                    wanted = f"one of {', '.join(device.properties)}"
                    yield Mismatch((*where, "properties", n), f"the property {name!r}", wanted)
        for prop, measured in device.properties.items():
            asked = {
                "anomaly": measured.profile != "limits",
                "stuck": measured.stuck is not None,
                "gaps": measured.gaps is not None,
                "beyond": measured.beyond is not None,
            }
            for name, wants in asked.items():
                if wants and name not in rules:
                    key = "profile" if name == "anomaly" else name
                    at = ("devices", kind, "properties", prop, key)
                    yield Mismatch(at, f"a check {name!r}", f"a rule triggers.{name} for it")
            if measured.beyond is not None and measured.least is None and measured.most is None:
                at = ("devices", kind, "properties", prop, "beyond")
                yield Mismatch(at, "no least and no most", "what the device can show")
