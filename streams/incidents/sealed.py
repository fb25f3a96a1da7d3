"""A large memory as it is stored, opened only when somebody needs it.

What a desk has learned can only be read under the policy of the day, and a step that
brings nothing new must not pay for reading it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Memory(Protocol):
    """What can be sealed: something that can be written down exactly."""

    def encode(self) -> bytes: ...


M = TypeVar("M", bound=Memory)


class Sealed(Generic[M]):
    """The stored bytes of a memory, or the memory itself once it was opened."""

    __slots__ = ("_memory", "_stored")

    def __init__(self, stored: bytes = b"") -> None:
        self._stored = stored
        self._memory: M | None = None

    def opened(self, read: Callable[[bytes], M]) -> M:
        """The memory itself, read the first time; later readers get the same one.

        Args:
            read: makes it of what is stored; no bytes: a new one.
        """
        if self._memory is None:
            self._memory = read(self._stored)
        return self._memory

    def encode(self) -> bytes:
        """What it is made from."""
        return self._stored if self._memory is None else self._memory.encode()
