"""Agent time: seconds that only go forward, over restarts and reboots too (faults.md F06 to F08).

Every lifetime (a subscription's, an undelivered indication's) is a point in agent time. While the machine is
up it follows CLOCK_BOOTTIME, which suspend does not stop and `date -s` does not move. Over a reboot it goes
on by what the wall clock says passed since the last checkpoint: nothing when that went back, and no more than
`LONGEST_DOWN_S`, because a clock that was set wrong while the machine was off must not end everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LONGEST_DOWN_S = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A moment by all clocks: agent time, boot clock of which boot, wall clock."""

    agent: float
    boottime: float
    boot_id: str
    wall: float


def resumed(last: Checkpoint | None, boottime: float, boot_id: str, wall: float) -> Checkpoint:
    """The moment of a start, given the last checkpoint of the run before; agent time starts at 0."""
    if last is None:
        return Checkpoint(0.0, boottime, boot_id, wall)
    if boot_id and boot_id == last.boot_id and boottime >= last.boottime:
        passed = boottime - last.boottime
    else:
        passed = min(max(0.0, wall - last.wall), LONGEST_DOWN_S)
    return Checkpoint(last.agent + passed, boottime, boot_id, wall)


class AgentClock:
    """Agent time of a running agent, going on from `start`."""

    def __init__(
        self,
        start: Checkpoint,
        boottime: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._start = start
        self._boottime = boottime
        self._wall = wall

    def now(self) -> float:
        return self._start.agent + self._boottime() - self._start.boottime

    def wall_lead(self) -> float:
        """By how much the wall clock is before agent time; another number when somebody has set it."""
        return self._wall() - self.now()

    def checkpoint(self) -> Checkpoint:
        """What to keep, at least each minute and at a clean stop."""
        return Checkpoint(self.now(), self._boottime(), self._start.boot_id, self._wall())


def boot_id(proc: Path = Path("/proc")) -> str:
    """Names this boot of the machine; "" where the kernel does not say (then every start is a new boot)."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
