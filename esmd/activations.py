"""Tells providers of others whether somebody wants their indications, and for what."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from openesm.cim.errors import CIMError
from openesm.cim.provider import NAMESPACE
from openesm.cim.schema import Class

log = logging.getLogger("openesm.provider")


class Source(Protocol):
    """A provider of indications (`providers.others.old_style.OldModule`)."""

    def hook(self, name: str, *args: object) -> Any:
        """Calls one of its functions where it has it; CIMError where that refuses."""


@dataclass(frozen=True, slots=True)
class Indicating:
    """A provider of indications with their classes."""

    source: Source
    classes: Sequence[Class]

    def serves(self, classname: str) -> list[str]:
        """Names of its classes that a query for a class is about."""
        return [cls.name for cls in self.classes if cls.isa(classname)]


class Activations:
    """Follows the filters that are subscribed to.

    Each provider is told in a thread of its own, in order, so that one that hangs holds up nobody else.

    Args:
        wanted: the queries that are subscribed to now, each with the class that it is about.
    """

    def __init__(
        self, indicating: Iterable[Indicating], wanted: Callable[[], Iterable[tuple[str, str]]]
    ) -> None:
        self._wanted = wanted
        self._lock = threading.Lock()
        self._tellers = [_Teller(each) for each in indicating]

    def permit(self, query: str, classname: str, owner: str) -> None:
        """Asks the providers whether a query may be subscribed to.

        Raises:
            CIMError: one refuses.
        """
        for teller in self._tellers:
            classes = teller.indicating.serves(classname)
            if classes:
                teller.indicating.source.hook("authorize_filter", query, NAMESPACE, classes, owner)

    def follow(self) -> None:
        """The subscriptions may be others now; called from any thread."""
        with self._lock:
            wanted = list(self._wanted())
            for teller in self._tellers:
                teller.follow(wanted)

    def close(self) -> None:
        """Nobody wants anything any more; returns at once."""
        with self._lock:
            for teller in self._tellers:
                teller.follow(())
                teller.end()


class _Teller:
    """Tells one provider."""

    def __init__(self, indicating: Indicating) -> None:
        self.indicating = indicating
        self._active: set[tuple[str, str]] = set()  # query, class
        self._calls: queue.SimpleQueue[tuple[object, ...] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="openesm activations", daemon=True).start()

    def follow(self, queries: Iterable[tuple[str, str]]) -> None:
        wanted = {(text, cls) for text, classname in queries for cls in self.indicating.serves(classname)}
        had_any = bool(self._active)
        for text, classes in _by_query(wanted - self._active):
            self._tell("activate_filter", text, NAMESPACE, classes, not self._active)
            self._active |= {(text, cls) for cls in classes}
        if self._active and not had_any:
            self._tell("enable_indications")
        for text, classes in _by_query(self._active - wanted):
            self._active -= {(text, cls) for cls in classes}
            if not self._active:
                self._tell("disable_indications")
            self._tell("deactivate_filter", text, NAMESPACE, classes, not self._active)

    def _tell(self, *call: object) -> None:
        self._calls.put(call)

    def end(self) -> None:
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            name, *args = call
            try:
                self.indicating.source.hook(str(name), *args)
            except CIMError as failed:
                log.error("%s: %s", name, failed)
            except Exception:  # it is told of the next one all the same
                log.exception("%s", name)


def _by_query(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for text, cls in sorted(pairs):
        found.setdefault(text, []).append(cls)
    return list(found.items())
