"""From the moment at which a crossing is judged to its arrival at a listener, over HTTPS and durable.

    python -m benchmarks.arrival

Memory, virtual memory and swap of a machine that is moved by hand cross their limits together, again and
again; the agent looks each second. EventTime is when it judged; what comes after it is the agent's own time:
commit, filter, text, TLS. Aim: 20 ms at p99.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import quantiles
from typing import cast

import pywbem

from benchmarks.listeners import ACCEPTED
from benchmarks.report import Limit, report
from esmd.tls import ensure_certificate
from openesm.settings import Tls
from tests.e2e.managers import connected, subscribe
from tests.e2e.movable import Machine
from tests.running import RunningAgent, eventually, running_agent

MOVES = 40
CLASSES = ("ESM_PhysicalMemory", "ESM_VirtualMemory", "ESM_PageFile")
LIMIT_MS = 20.0
_TIME = re.compile(rb'NAME="EventTime"[^>]*><VALUE>(\d{14})\.(\d{6})([+-]\d{3})<')


class Listener(asyncio.Protocol):
    """Accepts everything, and notes by how much it came after its EventTime."""

    def __init__(self, late_ms: list[float]) -> None:
        self._late_ms = late_ms
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._buffer += data
        if self._buffer.endswith(b"</CIM>"):
            match = _TIME.search(self._buffer)
            assert match
            self._late_ms.append((now - _seconds(*(part.decode() for part in match.groups()))) * 1000)
            self._buffer = b""
            self._transport.write(ACCEPTED)


def _seconds(stamp: str, micros: str, offset: str) -> float:
    zone = timezone(timedelta(minutes=int(offset)))
    return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=zone).timestamp() + int(micros) / 1e6


@contextmanager
def listening(folder: Path, late_ms: list[float]) -> Iterator[tuple[str, Path]]:
    """A listener in a thread; its URL and its certificate."""
    pair = Tls(folder / "cert.pem", folder / "key.pem")
    ensure_certificate(pair, ("localhost", "127.0.0.1"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.cert, pair.key)
    loop = asyncio.new_event_loop()
    making = loop.create_server(lambda: Listener(late_ms), "127.0.0.1", 0, ssl=tls)
    server = loop.run_until_complete(making)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/", pair.cert
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def watch(agent: RunningAgent) -> None:
    """Each second, by the shipped limits."""
    with connected(agent) as connection:
        for classname in CLASSES:
            (path,) = [
                path
                for path in connection.EnumerateInstanceNames(classname)
                if path["DeviceID"] in ("_Total", "PhysicalMemory", "VirtualMemory")
            ]
            given = {"MonitoringEnabled": True, "MonitoringInterval": pywbem.Uint32(1)}
            assert connection.InvokeMethod("SetThresholds", path, **given)[0] == 0
            eventually(lambda path=path: connection.GetInstance(path)["MonitorState"] == 1, "it is watched")


def main() -> int:
    late_ms: list[float] = []
    with tempfile.TemporaryDirectory() as top, listening(Path(top), late_ms) as (url, cert):
        machine = Machine(Path(top))
        settings = f'[delivery.trust]\n"{url}" = "ca {cert}"\n'
        with running_agent(Path(top) / "agent", root=machine.root, settings=settings) as agent:
            watch(agent)
            subscribe(
                agent, url, "arrival", "SELECT * FROM ESM_AlertIndication WHERE SourceName = 'ESMMEMORYUSAGE'"
            )
            for move in range(MOVES):
                percent = 20 if move % 2 else 99
                machine.use(memory=percent, swap=percent)
                eventually(lambda move=move: len(late_ms) >= (move + 1) * len(CLASSES), "all have arrived")
    cuts = quantiles(late_ms, n=100)
    rows = [("judged to arrived", len(late_ms), cuts[49], cuts[98], max(late_ms))]
    limits = [Limit("p99 beyond the sampling interval", cuts[98], LIMIT_MS, "ms")]
    return report(("figure", "alerts", "p50 ms", "p99 ms", "most ms"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
