"""The history a backtest decides about, and the policies it is decided under."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from agents import policy_files
from agents.replay.api import prepare
from agents.replay.catalogue import DATASETS
from agents.replay.feed import Entry, microseconds
from agents.replay.policy_writer import write_sections
from agents.replay.source import Slice
from agents.simulate.api import DEFAULT_SEED, ORIGIN, Simulation
from schemas.errors import ConfigurationError
from streams.policy import Policy

SIMULATED = "simulated"
_BY_NAME = {"boston311": "boston311", "pge": "pge-outages", "events_": "pge-outages"}


@dataclass(frozen=True, slots=True)
class History:
    """What happened, in the order of its time.

    Attributes:
        name: for people. entries: begins anew at each call.
        inputs: how many there are; None where nobody has counted.
        stops: when the clock stops, microseconds.
        policy_dir: the history's own policy; None for the shipped one.
    """

    name: str
    entries: Callable[[], Iterator[Entry]]
    inputs: int | None
    stops: int
    policy_dir: Path | None


def named(told: str) -> tuple[str, Path | None]:
    """What a person means by ``--data``: ``simulated``, ``NAME=PATH``, or a recording's path.

    Raises:
        ConfigurationError: the path does not say which recording it is.
    """
    if told == SIMULATED:
        return SIMULATED, None
    name, given, path = told.partition("=")
    if given and name in DATASETS:
        return name, Path(path)
    place = Path(told)
    for part in (place.name, place.parent.name):
        for begin, dataset in _BY_NAME.items():
            if part.startswith(begin):
                return dataset, place
    raise ConfigurationError(
        f"--data {told}: cannot tell which recording that is. Operator action: write it as "
        f"NAME=PATH with one of {', '.join(DATASETS)}, or {SIMULATED}."
    )


def recorded(dataset: str, path: Path, workdir: Path, limit: int | None) -> History:
    """A real city's recording, with the policy that it needs."""
    prepared = prepare(dataset, path, workdir, Slice(limit=limit))
    return History(
        dataset,
        prepared.source.entries,
        prepared.events,
        microseconds(prepared.ends),
        prepared.policy_dir,
    )


def simulated(policy: Policy, seed: int | None, hours: float) -> History:
    """The made-up city for so many hours; the same seed gives the same events.

    Args:
        policy: whose areas, kinds and units are used.
    """
    chosen = DEFAULT_SEED if seed is None else seed

    def entries() -> Iterator[Entry]:
        return Simulation(policy, seed=chosen, begins=ORIGIN).entries(hours=hours)

    ends = microseconds(ORIGIN + timedelta(hours=hours))
    return History(f"{SIMULATED} (seed {chosen}, {hours:g} h)", entries, None, ends, None)


def policy_of(path: Path | None, base: Path | None, workdir: Path) -> Policy:
    """The policy at a path; a single file may have just the sections in which it differs.

    Args:
        path: a directory, or a file; None for `base` itself.
        base: where the sections that the file leaves out come from; None: the shipped policy.
        workdir: where the joined policy is written.

    Raises:
        PolicyError: it cannot be used.
        ConfigurationError: no such file or directory.
    """
    if path is None:
        return policy_files.load(base)
    if not path.exists():
        raise ConfigurationError(
            f"{path}: no such policy. Operator action: name a policy directory, or a file with "
            "the sections that differ."
        )
    if path.is_dir():
        return policy_files.load(path)
    changed = _sections(path)
    needed = {name for name, field in Policy.model_fields.items() if field.is_required()}
    if needed - {"version"} <= set(changed):
        return policy_files.load(path)
    joined: dict[str, Any] = {}
    home = policy_files.SHIPPED if base is None else base
    for file in sorted(home.glob("*.yaml")) if home.is_dir() else [home]:
        joined |= _sections(file)
    for name, content in changed.items():
        before = joined.get(name)
        # Of a section that is a table only the rows given differ.
        if isinstance(before, dict) and isinstance(content, dict):
            joined[name] = {**before, **content}
        else:
            joined[name] = content
    home = write_sections(
        workdir / f"joined-{path.stem}", {name: {name: each} for name, each in joined.items()}
    )
    return policy_files.load(home)


def _sections(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"{path}: not readable as YAML: {error}. Operator action: correct it; "
            "`chengyun policy check` names the line."
        ) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ConfigurationError(
            f"{path}: wanted sections such as 'limits:'. Operator action: begin it with one."
        )
    return found
