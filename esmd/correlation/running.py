"""In which state correlation is, and what it has done since the start of the agent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from esmd.correlation.correlator import Done
from indications.correlation.deciding import Failed, Limited, Succeeded


class Life(StrEnum):
    """The states of the function (R-6); of one that is on."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DISABLED = "disabled"


@dataclass(slots=True)
class Counts:
    """What was done since the start of the agent (R-97).

    Attributes:
        behind_s: how long ago the event arrived that was taken last; 0 where all were.
        commit_s: how long the last batch took, its commit included.
    """

    events: int = 0
    offered: int = 0
    issued: int = 0
    succeeded: int = 0
    failed: int = 0
    discarded: int = 0
    limited: int = 0
    behind_s: float = 0.0
    commit_s: float = 0.0

    def add(self, done: Done, issued: int, took_s: float) -> None:
        self.events += done.events
        self.offered += done.offered
        self.issued += issued
        self.behind_s, self.commit_s = done.behind_s, took_s
        for each in done.decisions:
            if isinstance(each, Succeeded):
                self.succeeded += 1
            elif isinstance(each, Failed):
                self.failed += 1
            elif isinstance(each, Limited):
                self.limited += 1
