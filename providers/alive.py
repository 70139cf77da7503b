"""The life sign of the agent and of each of its services (CIM-4)."""

from dataclasses import dataclass
from datetime import datetime

from openesm.cim.provider import Provider, Row
from openesm.host import Host
from openesm.model import AgentState

INSTANCE_ID = "ESM:Alive"


@dataclass(frozen=True, slots=True)
class Alive:
    """`last_runs` go with `agent.services`; when the agent started where a service has not run yet."""

    now: datetime
    uptime_s: int | None
    agent: AgentState
    last_runs: tuple[datetime, ...]


def read(host: Host) -> list[Alive]:
    agent = host.agent()
    started = host.wall() - agent.uptime_s
    last_runs = tuple(
        host.local_time(started if service.last_run is None else service.last_run)
        for service in agent.services
    )
    return [Alive(host.local_time(), host.uptime_s(), agent, last_runs)]


def instance(alive: Alive) -> Row:
    agent = alive.agent
    return {
        "InstanceID": INSTANCE_ID,
        "ElementName": "ESM_Alive",
        "Caption": "ESM_Alive",
        "AliveTime": alive.now,
        "SystemUpTime": alive.uptime_s,
        "AgentUpTime": int(agent.uptime_s),
        "BeatCount": agent.beats,
        "ServiceName": [service.name for service in agent.services],
        "ServiceState": [int(service.state) for service in agent.services],
        "ServiceLastRun": list(alive.last_runs),
        "PendingReports": agent.pending_reports,
        "ExpiredReports": agent.expired_reports,
    }


PROVIDER = Provider(
    classname="ESM_Alive",
    read=read,
    instance=instance,
    element=lambda _: INSTANCE_ID,
)
