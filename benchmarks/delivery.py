"""Delivering a queue of indications to 1, 10 and 100 HTTPS listeners, durably.

    python -m benchmarks.delivery

The queue is filled while no agent runs; then the agent starts and delivers it, one kept connection a
listener, in order. Its peer is the bare client: it sends the same bytes to the same listeners and remembers
nothing. Aim: 0.6 of the peer's deliveries for the same CPU time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.report import Limit, report
from benchmarks.servers import cpu_s
from esmd.alerts import Alerts
from esmd.tls import ensure_certificate
from indications.alert import Occasion, alert_of
from indications.delivery.export import encode
from indications.instance import indication
from openesm.cim import mofc
from openesm.host import Host
from openesm.model import Alert, Sample, State, StateChange
from openesm.settings import Tls, load
from subscription.model import Destination, Subscription
from tests.running import running_agent

ROUNDS = 3
DELIVERIES = {1: 15_000, 10: 20_000, 100: 20_000}  # in all, by number of listeners
LEAST_RATIO = 0.6


@dataclass(frozen=True)
class Peer:
    """A process with listeners, and where it listens."""

    process: subprocess.Popen[str]
    port: int
    cert: Path

    def ask(self, deliveries: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{deliveries}\n")
        self.process.stdin.flush()

    def answer(self) -> float:
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())


@contextmanager
def listening(folder: Path) -> Iterator[Peer]:
    pair = Tls(folder / "cert.pem", folder / "key.pem")
    ensure_certificate(pair, ("localhost", "127.0.0.1"))
    command = (sys.executable, "-m", "benchmarks.listeners", "listen")
    with subprocess.Popen(
        [*command, "--cert", str(pair.cert), "--key", str(pair.key)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield Peer(process, int(process.stdout.readline()), pair.cert)
        process.kill()


def alert(number: int) -> Alert:
    """What a file system tells that fills up."""
    sample = Sample("ESM_FileSystemThread", f"/srv/data{number % 50}", "file_system.free_percent", 9.25)
    occasion = Occasion(f"{number:032x}", time.time(), 0, sample.element, f"root/ESMPRO/AS:X.Name={number}")
    return alert_of(StateChange(sample, State.NORMAL, State.WARNING, 10.0), occasion)


def fill(config: Path, urls: list[str], each: int) -> bytes:
    """Writes `each` indications into the queue of every URL; what is sent for one of them."""
    settings = load(config)
    settings.state.dir.mkdir(parents=True, exist_ok=True)
    host = Host(settings.host.root)
    schema = mofc.schema(settings.state.dir / "schema.json")
    alerts = Alerts(settings, host, schema.namespaces["root/esmpro/as"])
    for number, url in enumerate(urls):
        destination = Destination(f"L{number}", url)
        alerts.registry.add_destination(destination)
        alerts.registry.subscribe(
            Subscription(("cim_indicationfilter", "ESM:AlertIndications"), destination.key, time.time())
        )
    for done in [alerts.publish(alert(number)) for number in range(each)]:
        done.result(60)
    alerts.store.close()
    sent = indication(
        alert(1), system_name=host.system_name, language="en", sent_at=time.time(), sequence=("context", 1)
    )
    return encode(sent, "1")


@dataclass(frozen=True)
class Figures:
    """CPU µs of a delivery, and deliveries a second."""

    cpu_us: float
    rate: float


def by_agent(folder: Path, peer: Peer, listeners: int, total: int) -> tuple[Figures, bytes]:
    urls = [f"https://localhost:{peer.port}/{number}" for number in range(listeners)]
    trust = "\n".join(f'"{url}" = "ca {peer.cert}"' for url in urls)
    settings = f"[alerts]\n[delivery]\n[delivery.trust]\n{trust}\n[mode]\nservice = false\n"
    with running_agent(folder, settings=settings) as agent:
        config = agent.config
    body = fill(config, urls, total // listeners)
    peer.ask(total)
    with running_agent(folder, settings=settings) as agent:
        before = cpu_s(agent.process.pid)
        seconds = peer.answer()
        cpu_us = (cpu_s(agent.process.pid) - before) / total * 1e6
    return Figures(cpu_us, total / seconds), body


def by_peer(folder: Path, peer: Peer, body: bytes, listeners: int, total: int) -> Figures:
    file = folder / "body"
    file.write_bytes(body)
    command = (sys.executable, "-m", "benchmarks.listeners", "send", "--ca", str(peer.cert))
    numbers = ("--port", str(peer.port), "--listeners", str(listeners), "--each", str(total // listeners))
    done = subprocess.run(
        [*command, "--body", str(file), *numbers], stdout=subprocess.PIPE, text=True, timeout=120, check=True
    )
    cpu_us, rate = map(float, done.stdout.split())
    return Figures(cpu_us, rate)


def main() -> int:
    rows: list[tuple[object, ...]] = []
    limits = []
    with tempfile.TemporaryDirectory() as top, listening(Path(top)) as peer:
        for listeners, total in DELIVERIES.items():
            ours, theirs = [], []
            for turn in range(ROUNDS):
                folder = Path(top) / f"{listeners}-{turn}"
                agent, body = by_agent(folder, peer, listeners, total)
                ours.append(agent)
                theirs.append(by_peer(folder, peer, body, listeners, total))
            ratio = median(t.cpu_us / o.cpu_us for o, t in zip(ours, theirs, strict=True))
            for name, figures in ("agent, durable", ours), ("bare client", theirs):
                cpu = median(each.cpu_us for each in figures)
                rows.append((name, listeners, cpu, f"{median(each.rate for each in figures):,.0f}"))
            limits.append(Limit(f"CPU of a delivery, {listeners} listeners", 1 / ratio, 1 / LEAST_RATIO, "×"))
    print(f"a delivery is {len(body):,} bytes")
    return report(("sender", "listeners", "CPU µs", "deliveries/s"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
