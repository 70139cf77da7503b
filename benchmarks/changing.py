"""The agent's server with a provider of our own, for figures that need to know how much changes.

    python -m benchmarks.changing --config esmd.toml --rows 1000 [--still]

It reads ESM_Processor anew for every request, and all values but the keys differ from the reading before;
with `--still` they never do, and a reading is kept for a second, as in the agent.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import uvloop

from benchmarks.question import CLASS
from esmd import journal
from esmd.audit import Audit
from esmd.auth.authenticator import Authenticator
from esmd.main import tell_manager
from esmd.service import Service
from esmd.wbem.cimxml.service import CimXmlService
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.server import Endpoint, Server
from openesm.cim import mofc
from openesm.cim.provider import Provider, Row
from openesm.host import Host
from openesm.settings import Settings, load

READINGS = 5000  # values made before the run: what a provider costs is not what the server costs
_EPOCH = datetime(2025, 11, 24, tzinfo=UTC)


def provider(rows: int, *, still: bool) -> Provider[Row]:
    """`rows` instances with 24 values each."""
    made = [
        [_instance(number, reading) for number in range(rows)]
        for reading in range(1 if still else max(2, READINGS // rows))
    ]
    readings = cycle(made)
    return Provider(classname=CLASS, read=lambda _host: next(readings), instance=dict)


def _instance(number: int, reading: int) -> Row:
    name, value = f"cpu{number}", number + reading
    small = value % 100
    return {
        "DeviceID": name,
        "Name": f"{name} of {value}",
        "ElementName": f"{name} ({value})",
        "Caption": f"Test CPU {value} @ 2.40GHz",
        "OperationalStatus": [small % 18],
        "HealthState": small,
        "EnabledState": small,
        "TimeOfLastStateChange": _EPOCH + timedelta(seconds=reading),
        "Role": f"Central Processor {value}",
        "Family": small,
        "MaxClockSpeed": 3600 + value,
        "CurrentClockSpeed": 2000 + value,
        "DataWidth": value,
        "AddressWidth": value,
        "LoadPercentage": small,
        "Stepping": f"{value}",
        "UniqueID": f"{value:016X}",
        "CPUStatus": small,
        "ExternalBusClockSpeed": value,
        "NumberOfEnabledCores": small,
        "IsTotal": value % 2 == 1,
        "UserPercentage": small / 4,
        "SystemPercentage": small / 8,
        "LoadAverage1": small / 50,
    }


def server(settings: Settings, rows: int, *, still: bool) -> Server:
    """The same layers as in the agent, around one provider."""
    settings.state.dir.mkdir(exist_ok=True)
    schema = mofc.schema(settings.state.dir / "schema.json")
    host = Host(settings.host.root)
    serving: list[Service] = []
    now = time.monotonic if still else lambda: float(serving[0].requests)
    repository = Repository(schema, [provider(rows, still=still)], host, 1.0 if still else 0.5, now)
    audit = Audit(journal.AuditFile(settings.log.audit).write)
    operations = Operations(repository, Enumerations(settings.limits), audit)
    cimxml = CimXmlService(operations, repository)
    serving.append(Service(Authenticator(settings.auth, audit), cimxml, audit, {}))
    return Server(serving[0], settings.limits)


async def _serve(settings: Settings, make: Callable[[], Server]) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    serving = make()
    await serving.listen([Endpoint("127.0.0.1", settings.listen.http_port)])
    gc.collect()
    gc.freeze()
    tell_manager("READY=1")
    await stopping.wait()
    await serving.close(1.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.changing")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--still", action="store_true")
    args = parser.parse_args()
    settings = load(args.config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, lambda: server(settings, args.rows, still=args.still)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
