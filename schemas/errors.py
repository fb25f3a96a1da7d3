"""The family of everything that can go wrong, and what becomes of it.

::

    ChengyunError
    ├── ConfigurationError   a setting or the machine is not fit: refuse to start, exit 2
    │   └── PolicyError      a policy file is wrong: refuse to start, name file and path
    ├── SchemaError          a message cannot be read or breaks its contract: dead letter
    ├── TransitionError      a command asks for a move that is not allowed: reply, keep the state
    ├── InputError           a file that a person gave cannot be judged: name line, exit 2
    └── SinkError            an outside system did not take it; ``retriable``: try again

Messages say what, got and wanted; those that an operator meets end with
"Operator action: …".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what was found, what was wanted.

    ``path`` is a JSON pointer into the message or a ``file:path`` of a policy.
    """

    path: str
    got: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: got {self.got}, wanted {self.wanted}"


class ChengyunError(Exception):
    """Base of all errors that the product raises on purpose.

    ``code`` is stable, lower case with underscores, and safe as a metric label.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        if code is not None:
            self.code = code


class ConfigurationError(ChengyunError):
    """The machine, a setting or a cluster is not fit to run: nothing is started."""

    code = "configuration"


class PolicyError(ConfigurationError):
    """A policy file does not say what a city needs to be run: nothing is started.

    ``faults`` lists every problem found, so that one check shows them all.
    """

    code = "policy"

    def __init__(self, message: str, *, faults: tuple[Fault, ...] = (), path: str = "") -> None:
        super().__init__(message, path=path)
        self.faults = faults


class SchemaError(ChengyunError):
    """A message cannot be read or breaks its contract; it becomes a dead letter."""

    code = "schema"


class TransitionError(ChengyunError):
    """A command asks for a move that the incident's state does not allow.

    ``allowed`` names the actions that are possible now, for the reply.
    """

    code = "transition"

    def __init__(
        self, message: str, *, allowed: tuple[str, ...] = (), code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.allowed = allowed


class InputError(ChengyunError):
    """A file that a person gave cannot be judged; nothing is made of any of its rows."""

    code = "input"


class SinkError(ChengyunError):
    """A system outside of Kafka did not take what was sent to it."""

    code = "sink"

    def __init__(self, message: str, *, retriable: bool) -> None:
        super().__init__(message)
        self.retriable = retriable
