"""Frozen values that all rooms pass to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ServiceState(IntEnum):
    """State of one of the agent's services or threads (ESM_Alive.ServiceState)."""

    UNKNOWN = 0
    RUNNING = 2
    DISABLED = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    state: ServiceState
    last_run: float | None  # wall clock, seconds since the epoch


@dataclass(frozen=True, slots=True)
class AgentState:
    """What the agent says of itself; times in seconds."""

    version: str
    service_mode: bool
    uptime_s: float
    beats: int
    services: tuple[Service, ...] = ()
    pending_reports: int = 0
    expired_reports: int = 0


class State(IntEnum):
    """Judged state of a monitored element (MonitorState)."""

    UNKNOWN = 0
    NORMAL = 1
    WARNING = 2
    CRITICAL = 3
