"""A stage's memory as objects: what a `State` shows, kept for a whole backtest.

Nothing is written out and nothing can be undone, so a step that raises ends the backtest.
"""

from __future__ import annotations

from typing import Any, TypeVar

from streams.state import Namespace, Slot, State, Table

T = TypeVar("T")

Armed = tuple[int, bytes]  # due, microseconds; stored key: the order in which entries fire


class Entries(Table[T]):
    """The entries of one namespace, decoded once for all."""

    __slots__ = ()

    def get(self, key: str) -> T | None:
        """The value under `key`, or None."""
        slot = self._slots.get(key)
        return None if slot is None else slot.value

    def delete(self, key: str) -> None:
        """Forget the entry and its due time."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            # Whoever holds the slot still sees that there is nothing.
            slot.value, slot.due = None, 0

    def standing(self, key: str, due: int) -> Slot | None:
        """The entry, if it is still due at that time."""
        slot = self._slots.get(key)
        return slot if slot is not None and slot.due == due else None


class Memory(State):
    """All that one lane remembers. Entries of both clocks lie on one heap of armings."""

    __slots__ = ("heap", "live")

    def __init__(self, namespaces: tuple[Namespace[Any], ...]) -> None:
        super().__init__({})
        self.heap: list[Armed] = []
        self.fresh = (self.heap, self.heap)
        self.live: dict[bytes, Entries[Any]] = {}
        for namespace in namespaces:
            table: Entries[Any] = Entries(namespace, {}, self.fresh)
            self.live[namespace.prefix] = table
            self._tables[namespace.name] = table
