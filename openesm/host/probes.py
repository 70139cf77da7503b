"""Calls that may never come back, asked from threads that nobody waits for (faults.md F20)."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
LIMIT_S = 2.0


@dataclass(slots=True)
class _Probe(Generic[T]):
    started: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    answer: T | None = None


class Probes(Generic[T]):
    """Asks `call` for each key at once; at most one call per key is outstanding, however long it hangs.

    The threads are daemon threads and never joined, so a dead mount stops neither the others nor the end
    of the process.
    """

    def __init__(self, call: Callable[[str], T], limit_s: float = LIMIT_S) -> None:
        self._call = call
        self._limit_s = limit_s
        self._outstanding: dict[str, _Probe[T]] = {}
        self._lock = threading.Lock()

    @property
    def outstanding(self) -> frozenset[str]:
        """The keys whose call has not come back."""
        with self._lock:
            return frozenset(self._outstanding)

    def ask(self, keys: Iterable[str]) -> dict[str, T | None]:
        """The answer for each key; None where the call failed, or has not come back within the limit.

        The limit counts from the start of the call: one that hangs already is not waited for again.
        """
        asked = {key: self._start(key) for key in keys}
        return {key: probe.answer if self._is_done(probe) else None for key, probe in asked.items()}

    def _is_done(self, probe: _Probe[T]) -> bool:
        return probe.done.wait(max(0.0, probe.started + self._limit_s - time.monotonic()))

    def _start(self, key: str) -> _Probe[T]:
        with self._lock:
            if key in self._outstanding:
                return self._outstanding[key]
            probe = self._outstanding[key] = _Probe[T]()
        try:
            threading.Thread(target=self._run, args=(key, probe), name="probe", daemon=True).start()
        except RuntimeError:  # no more threads to be had
            self._finish(key, probe)
        return probe

    def _run(self, key: str, probe: _Probe[T]) -> None:
        try:
            probe.answer = self._call(key)
        except (OSError, ValueError):
            probe.answer = None
        finally:
            self._finish(key, probe)

    def _finish(self, key: str, probe: _Probe[T]) -> None:
        with self._lock:
            self._outstanding.pop(key, None)
        probe.done.set()
