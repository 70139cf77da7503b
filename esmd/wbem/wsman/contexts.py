"""Open enumerations: unguessable, bound to their user, few, gone when nobody asks for long (wsman.md 7)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from esmd.wbem.source import Group
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.resources import Resource

MOST = 1024
MOST_PER_USER = 256
IDLE_S = 100.0
LONGEST_S = 600.0


@dataclass(slots=True)
class Cursor:
    """Where an enumeration stands.

    Attributes:
        groups: what it goes through; the rows belong to the server and are not copied.
        position: rows handed out so far.
        mode: EnumerationMode, "" for objects.
        shape: PolymorphismMode.
        names: of the properties shown, lower-cased; None for all.
    """

    owner: str
    resource: Resource
    groups: Sequence[Group]
    mode: str
    shape: str
    names: frozenset[str] | None
    total: int
    idle_s: float
    position: int = 0
    deadline: float = 0.0
    busy: bool = False


class Contexts:
    """All of them."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._open: dict[str, Cursor] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, cursor: Cursor) -> str:
        """A name for it; QuotaLimit when there are too many."""
        self.expire()
        owned = sum(other.owner == cursor.owner for other in self._open.values())
        if len(self._open) >= MOST or owned >= MOST_PER_USER:
            raise Fault("wsman:QuotaLimit")
        name = f"uuid:{uuid.uuid4()}"
        cursor.deadline = self._now() + cursor.idle_s
        self._open[name] = cursor
        return name

    def find(self, name: str, owner: str) -> Cursor:
        """The cursor of a user's context (SEC-08); InvalidEnumerationContext for any other."""
        self.expire()
        cursor = self._open.get(name.strip())
        if cursor is None or cursor.owner != owner:
            raise Fault("wsen:InvalidEnumerationContext")
        cursor.deadline = self._now() + cursor.idle_s
        return cursor

    def close(self, name: str) -> None:
        self._open.pop(name.strip(), None)

    def expire(self) -> None:
        now = self._now()
        for name in [name for name, cursor in self._open.items() if cursor.deadline <= now]:
            del self._open[name]
