"""F15: a storm is durable at once and delivered in order; a long queue costs no memory and no speed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.delivery import alert
from esmd.alerts import Alerts
from openesm.cim import mofc
from openesm.host import Host
from openesm.settings import load
from tests.faults.receiver import Receiver, receiving
from tests.faults.rig import FULL, Rig, pending
from tests.running import eventually

STORM = 10_000 if FULL else 2_000
LONG, SHORT = (1_000_000, 20_000) if FULL else (20_000, 2_000)
DURABLE_S = 2.0
KEPT_BYTES = 50_000_000
SLOWER_MOST = 1 / 0.8


def publish(rig: Rig, count: int) -> float:
    """Writes alerts into the store as a running agent does, all at once; seconds until all are durable."""
    with rig.agent() as agent:
        config = agent.config
    settings = load(config)
    host = Host(settings.host.root)
    schema = mofc.schema(settings.state.dir / "schema.json")
    alerts = Alerts(settings, host, schema.namespaces["root/esmpro/as"])
    try:
        begun = time.monotonic()
        for start in range(0, count, STORM):
            many = [alerts.publish(alert(start + number)) for number in range(min(STORM, count - start))]
            for one in many:
                one.result(120)
        return time.monotonic() - begun
    finally:
        alerts.store.close()


def deliveries(receiver: Receiver, name: str) -> int:
    return sum(told.destination == f"/{name}" for told in receiver.seen)


def test_a_storm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["a"])
        rig.prepare()
        receiver.shut()
        durable_s = publish(rig, STORM)
        receiver.open()
        with rig.agent() as agent:
            eventually(lambda: pending(agent) == 0, "all is delivered", 120)
            after = agent.rss_bytes()
        with rig.agent() as agent:
            eventually(lambda: pending(agent) == 0, "the rest is delivered", 60)
            calm = agent.rss_bytes()
        rig.drain()
        rig.check()
    assert after - calm < KEPT_BYTES
    if FULL:
        assert durable_s < DURABLE_S
    with capsys.disabled():
        print(
            f"\nF15: {STORM:,} alerts durable in {durable_s:.2f} s; {after / 1e6:.0f} MB after delivery,"
            f" {calm / 1e6:.0f} MB in a calm agent"
        )


def cost_of(rig: Rig, size: int) -> tuple[float, int]:
    """CPU µs of a delivery out of a queue of that size, and the most memory meanwhile."""
    receiver = rig.receiver
    rig.prepare()
    receiver.shut()
    publish(rig, size)
    receiver.open()
    done = len(receiver.seen)
    with rig.agent() as agent:
        begun, seen = agent.cpu_s(), [agent.rss_bytes()]

        def is_enough() -> bool:
            seen.append(agent.rss_bytes())
            return len(receiver.seen) - done >= SHORT * 0.9

        eventually(is_enough, "as many as of the short queue", 120)
        cost_us = (agent.cpu_s() - begun) / (len(receiver.seen) - done) * 1e6
        if size == SHORT or FULL:
            eventually(lambda: len(receiver.seen) - done >= size, "all is delivered", 1200)
        return cost_us, max(*seen, agent.rss_bytes())
    raise AssertionError(size)


def test_a_long_queue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Memory and CPU for each delivery with a long queue, beside those with a short one."""
    costs, most = {}, {}
    for size in SHORT, LONG:
        with receiving() as receiver:
            costs[size], most[size] = cost_of(Rig(tmp_path / f"{size}", receiver, ["a"]), size)
        with capsys.disabled():
            most_mb = most[size] / 1e6
            print(f"\nF15: {size:,} pending: {costs[size]:.0f} µs of CPU each, {most_mb:.0f} MB at most")
    assert most[LONG] - most[SHORT] < KEPT_BYTES
    assert costs[LONG] < costs[SHORT] * SLOWER_MOST * (1 if FULL else 2)
