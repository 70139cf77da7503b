"""Pulled enumerations: contexts that outlive connections, within bounds (DSP0200 5.4.2.24, E01 to E08).

A context is an unguessable name, bound to its user, namespace and kind; it lives on the monotonic clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from esmd.wbem.results import Instances, Paths, Pulled
from esmd.wbem.source import Group
from openesm.cim.errors import CIMError, Status
from openesm.settings import Limits

Kind = Literal["instances", "paths", "query"]
IDLE_PULLS = 100  # pulls of no object in a row that a client may use to keep a context alive


@dataclass(slots=True)
class _Context:
    owner: str
    namespace: str
    kind: Kind
    content: Instances | Paths
    position: int
    total: int
    timeout_s: float
    deadline: float
    idle_pulls: int = 0


class Enumerations:
    """The open enumerations of all users."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._now = now
        self._open: dict[str, _Context] = {}

    def __len__(self) -> int:
        return len(self._open)

    def timeout(self, asked: int | None) -> float:
        """The seconds that a context is kept between two operations; 0 (for ever) is not granted."""
        if asked is None:
            return self._limits.operation_timeout_s
        if not 0 < asked <= self._limits.operation_timeout_max_s:
            raise CIMError.of(
                Status.INVALID_OPERATION_TIMEOUT,
                "cim.operation-timeout",
                longest=round(self._limits.operation_timeout_max_s),
            )
        return float(asked)

    def count(self, asked: int | None) -> int:
        """A MaxObjectCount within the server's limit."""
        if asked is None:
            return 0
        if asked > self._limits.pull_objects:
            raise CIMError.of(Status.SERVER_LIMITS_EXCEEDED, "cim.pull-count", most=self._limits.pull_objects)
        return asked

    def begin(
        self, owner: str, namespace: str, kind: Kind, content: Instances | Paths, most: int, timeout_s: float
    ) -> Pulled:
        """The first part of a result; a context is opened only when something is left."""
        self.expire()
        total = sum(len(group.rows) for group in content.groups)
        if total <= most:
            return Pulled(content, "")
        if len(self._open) >= self._limits.contexts or self._owned(owner) >= self._limits.contexts_per_user:
            raise CIMError.of(Status.SERVER_LIMITS_EXCEEDED, "cim.too-many-contexts")
        name = os.urandom(24).hex()
        deadline = self._now() + timeout_s
        self._open[name] = _Context(owner, namespace, kind, content, most, total, timeout_s, deadline)
        return Pulled(_part(content, 0, most), name)

    def pull(self, owner: str, namespace: str, kind: Kind, name: str, most: int) -> Pulled:
        """The next part; the context ends with the last one."""
        context = self._find(owner, namespace, name)
        if context.kind != kind:
            raise CIMError.of(Status.INVALID_ENUMERATION_CONTEXT, "cim.no-context")
        context.idle_pulls = 0 if most else context.idle_pulls + 1
        if context.idle_pulls > IDLE_PULLS:
            del self._open[name]
            raise CIMError.of(Status.SERVER_LIMITS_EXCEEDED, "cim.idle-pulls", most=IDLE_PULLS)
        part = _part(context.content, context.position, most)
        context.position += most
        context.deadline = self._now() + context.timeout_s
        if context.position < context.total:
            return Pulled(part, name)
        del self._open[name]
        return Pulled(part, "")

    def close(self, owner: str, namespace: str, name: str) -> None:
        self._find(owner, namespace, name)
        del self._open[name]

    def remaining(self, owner: str, namespace: str, name: str) -> int:
        context = self._find(owner, namespace, name)
        return context.total - context.position

    def expire(self) -> None:
        """Forgets contexts whose time is over."""
        now = self._now()
        for name in [name for name, context in self._open.items() if context.deadline <= now]:
            del self._open[name]

    def _owned(self, owner: str) -> int:
        return sum(context.owner == owner for context in self._open.values())

    def _find(self, owner: str, namespace: str, name: str) -> _Context:
        self.expire()
        context = self._open.get(name)
        if context is None or context.owner != owner or context.namespace != namespace:
            raise CIMError.of(Status.INVALID_ENUMERATION_CONTEXT, "cim.no-context")
        return context


def _part(content: Instances | Paths, start: int, most: int) -> Instances | Paths:
    return replace(content, groups=list(_slices(content.groups, start, start + most)))


def _slices(groups: Iterable[Group], start: int, end: int) -> Iterator[Group]:
    """The groups cut to the rows from `start` up to `end`, counted over all of them."""
    for group in groups:
        size = len(group.rows)
        if start < size and end > 0:
            yield group.only(range(max(0, start), min(size, end)))
        start, end = start - size, end - size
