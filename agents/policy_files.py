"""Reads a policy from its files, or says everything that is wrong with them at once.

A policy is a directory of YAML files. Each top-level key of each file is one section of
the policy (`streams.policy.Policy`); how sections are spread over files is free, but a
section stands in one file only. The version is the policy's name with a hash of all
files, so two workers that name the same version decide alike.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

import deploy
from agents.public_holidays import look_up, merged
from schemas.errors import Fault, PolicyError
from streams.policy import Policy
from streams.policy.calendar import PublicHolidays
from streams.policy.check import mismatches

SHIPPED = Path(deploy.__file__).parent / "policy"
"""The policy that comes with the backbone: a made-up city of Chengdu's size."""

ENDINGS = (".yaml", ".yml", ".json")
HASH_DIGITS = 10
_SHOWN = 60

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PolicyFault(Fault):
    """A fault with the place where a person finds it, and what that person should do."""

    action: str = ""

    def __str__(self) -> str:
        return f"{self.path}: got {self.got}, wanted {self.wanted}. Operator action: {self.action}"


@dataclass(slots=True)
class _Section:
    file: str
    node: yaml.Node
    value: Any


@dataclass(slots=True)
class _Files:
    """What was read: sections with their places, the hash, and the faults so far."""

    sections: dict[str, _Section] = field(default_factory=dict)
    faults: list[PolicyFault] = field(default_factory=list)
    complete: bool = True
    digest: Any = field(default_factory=hashlib.sha256)

    def locate(self, where: Where) -> str:
        """``limits.yaml:12 /limits/100101``: the file and line of a place in the policy."""
        pointer = "/" + "/".join(str(part) for part in where)
        section = self.sections.get(str(where[0])) if where else None
        if section is None:
            return pointer
        node = _descend(section.node, where[1:])
        return f"{section.file}:{node.start_mark.line + 1} {pointer}"


def load(path: Path | None = None) -> Policy:
    """Read a policy directory (or a single file); None is the shipped one.

    Raises:
        PolicyError: with every fault found, each by file, line, path, got, wanted and
            what to do; nothing is started on a policy that is wrong.
    """
    home = SHIPPED if path is None else path
    files = _read(home)
    policy: Policy | None = None
    if files.sections:
        document = {name: section.value for name, section in files.sections.items()}
        _add_public_holidays(document, files)
        name = document.get("name")
        document["version"] = f"{name}@{files.digest.hexdigest()[:HASH_DIGITS]}"
        try:
            policy = Policy.model_validate(document)
        except ValidationError as error:
            files.faults += _translate(error, files)
    if policy is not None:
        for where, got, wanted in mismatches(policy):
            action = "correct the name here, or add what is missing there"
            files.faults.append(PolicyFault(files.locate(where), got, wanted, action))
    if policy is None or files.faults:
        raise PolicyError(explain(home, files.faults), faults=tuple(files.faults), path=str(home))
    return policy


def _add_public_holidays(document: dict[str, Any], files: _Files) -> None:
    """Put a country's holidays into the calendar, and into the version: tables are revised."""
    section = document.get("calendar")
    if not isinstance(section, dict) or section.get("public_holidays") is None:
        return
    try:
        wanted = PublicHolidays.model_validate(section["public_holidays"])
    except ValidationError:
        return  # told with all other faults
    try:
        days = look_up(wanted)
    except ValueError as error:
        where = ("calendar", "public_holidays", "country")
        action = "correct the code, or list the days under holidays and workdays"
        got, fits = f"{wanted.country!r} ({error})", "an ISO code of the table of public holidays"
        files.faults.append(PolicyFault(files.locate(where), got, fits, action))
        return
    document["calendar"] = whole = merged(section, days)
    for kind in ("holidays", "workdays"):
        files.digest.update(f"{kind} {whole[kind]}".encode())


def explain(home: Path, faults: Iterable[Fault]) -> str:
    """All faults of a policy as one text, one line each."""
    lines = [str(fault) for fault in faults]
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    return "\n  ".join([f"The policy in {home} cannot be used, {count}:", *lines])


def _read(home: Path) -> _Files:
    files = _Files()
    if home.is_file():
        paths = [home]
    elif home.is_dir():
        paths = sorted(path for path in home.iterdir() if path.suffix in ENDINGS)
    else:
        paths = []
    if not paths:
        action = "name a directory with policy files, or leave it out for the shipped policy"
        files.faults.append(PolicyFault(str(home), "no files", f"one of *{ENDINGS[0]}", action))
    for path in paths:
        _read_file(path, files)
    return files


def _read_file(path: Path, files: _Files) -> None:
    raw = path.read_bytes()
    files.digest.update(path.name.encode() + b"\0" + len(raw).to_bytes(8, "big") + raw)
    loader = yaml.CSafeLoader(raw)
    try:
        node = loader.get_single_node()
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            got, action = "no mapping", "begin the file with the name of a section and a colon"
            files.faults.append(
                PolicyFault(f"{path.name}:1", got, "sections such as 'limits:'", action)
            )
            return
        repeated = list(_repeated_keys(node))
        for key in repeated:
            where = f"{path.name}:{key.start_mark.line + 1}"
            action = "keep one of the two, the other would be lost without a word"
            got = f"the key {key.value!r} again"
            files.faults.append(PolicyFault(where, got, "each key once", action))
        value = loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        files.faults.append(_unreadable(path, error))
        files.complete = False
        return
    finally:
        loader.dispose()
    known = set(Policy.model_fields) - {"version"}
    for key, child in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        pointer = f"{path.name}:{line} /{name}"
        if name not in known:
            action = _nearest(name, known)
            got = f"the section {name!r}"
            files.faults.append(
                PolicyFault(pointer, got, f"one of {', '.join(sorted(known))}", action)
            )
        elif name in files.sections and files.sections[name].node is not child:
            first = files.sections[name].file
            if first != path.name:
                action = f"join it with the one in {first}"
                got = f"the section {name!r} again"
                files.faults.append(PolicyFault(pointer, got, "each section in one file", action))
        else:
            files.sections[name] = _Section(path.name, child, value[name])


def _unreadable(path: Path, error: yaml.YAMLError | ValueError) -> PolicyFault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    problem = getattr(error, "problem", None) or str(error)
    action = "correct the line; often an indent, a colon or a quote is amiss"
    return PolicyFault(f"{path.name}:{line}", str(problem), "readable YAML in UTF-8", action)


def _repeated_keys(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        seen: set[tuple[str, str]] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    yield key
                seen.add((key.tag, key.value))
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _repeated_keys(child)


def _descend(node: yaml.Node, where: Where) -> yaml.Node:
    """The node of a place, or the nearest one above it that exists."""
    for part in where:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if str(key.value) == str(part):
                    node = value
                    break
            else:
                return node
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                return node
            node = node.value[part]
        else:
            return node
    return node


def _translate(error: ValidationError, files: _Files) -> Iterator[PolicyFault]:
    for detail in error.errors(include_url=False):
        where: Where = tuple(part for part in detail["loc"] if part != "[key]")
        kind, message = detail["type"], detail["msg"].removeprefix("Value error, ")
        if kind == "missing":
            if len(where) == 1 and not files.complete:
                continue  # it may stand in the file that could not be read
            got, wanted = "nothing", f"a value for {where[-1]!r}"
            action = f"add {where[-1]!r}"
        elif kind == "extra_forbidden":
            known = _fields_at(where[:-1])
            got, wanted = f"the key {where[-1]!r}", f"one of {', '.join(sorted(known))}"
            action = _nearest(str(where[-1]), known)
        else:
            got = _shown(detail["input"])
            wanted = (message[:1].lower() + message[1:]).removeprefix("wanted ")
            action = "change the value to what is wanted"
        yield PolicyFault(files.locate(where), got, wanted, action)


def _shown(value: object) -> str:
    if isinstance(value, (Mapping, list, tuple, BaseModel)):
        return "this section" if not isinstance(value, (list, tuple)) else "this list"
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"write {close[0]!r}" if close else "remove it"


def _fields_at(where: Where) -> set[str]:
    """The keys a model at that place of the policy has."""
    kind: Any = Policy
    for part in where:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            info = next(
                (f for n, f in kind.model_fields.items() if part in (n, f.alias)),
                None,
            )
            kind = None if info is None else info.annotation
        else:
            arguments = [a for a in get_args(kind) if a is not Ellipsis]
            kind = arguments[-1] if arguments else None
        while get_origin(kind) in (Union, UnionType):
            kind = next(a for a in get_args(kind) if a is not type(None))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {info.alias or name for name, info in kind.model_fields.items()}
    return set()
