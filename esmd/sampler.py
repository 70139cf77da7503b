"""Keeps what is sampled fresh: the CPU ring, and every provider that measures something."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from esmd.wbem.repository import Repository
from esmd.wbem.source import Source
from openesm.cim.errors import CIMError
from openesm.host import Host

CPU_INTERVAL_S = 5.0

log = logging.getLogger("openesm.sampler")


class Sampler:
    """Samples each `interval_s` seconds on the event loop; what may block is left to those who ask for it.

    Args:
        sources: the providers to keep fresh (none in non-service mode, where only the CPU ring is fed).
    """

    def __init__(
        self,
        host: Host,
        repository: Repository,
        sources: Iterable[Source],
        interval_s: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._repository = repository
        self._sources = [source for source in sources if not source.provider.may_block]
        self._interval_s = interval_s
        self._now = now
        self._cpu_due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.beats = 0
        self.last_run: float | None = None

    def start(self) -> None:
        self._tick()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        now = self._now()
        if now >= self._cpu_due:
            self._cpu_due = now + CPU_INTERVAL_S
            self._host.sample_cpu()
        try:
            self._repository.stale(self._sources)
        except CIMError as failed:
            log.debug("sampling: %s", failed)
        self.beats += 1
        self.last_run = self._host.wall()
        self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._tick)
