"""Many clients at once, some of them bad (SEC-24, F30): the good ones are served, and nothing grows.

A hundred clients for twenty seconds; with OPENESM_SOAK=full a thousand for five minutes.
"""

from __future__ import annotations

import asyncio
import os
import resource
import ssl
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from random import Random

import pytest

from benchmarks.question import enumerate_instances
from benchmarks.servers import recorded_machine
from tests.running import RunningAgent, eventually, running_agent
from tests.soak.clients import BAD, Crowd, again, good
from tests.soak.wire import connected

MB = 1 << 20
GOOD_SHARE = 0.6
ARRIVAL_SHARE = 0.05
PROBE_LIMIT_S = 1.0
SETTINGS = "[limits]\ncontexts = 4096\ncontexts_per_user = 2048\n"


@dataclass(frozen=True)
class Size:
    clients: int
    seconds: float
    growth_mb: float


SIZE = Size(1000, 300.0, 16.0) if os.environ.get("OPENESM_SOAK") == "full" else Size(100, 20.0, 8.0)


@dataclass
class Watch:
    """What was seen while the crowd was there."""

    settled_rss: int = 0
    last_rss: int = 0
    slowest_s: float = 0.0
    probes: int = 0


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    needed = SIZE.clients * 2 + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(needed, hard)), hard))
    folder = tmp_path_factory.mktemp("soak")
    root = recorded_machine(folder / "root")
    with running_agent(folder, root=root, settings=SETTINGS) as running:
        yield running
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_crowd_is_served_and_leaves_nothing_behind(agent: RunningAgent) -> None:
    before = asyncio.run(_warm_up(agent))
    crowd, watch = asyncio.run(_visit(agent))
    assert crowd.failures == []
    assert crowd.answered >= SIZE.clients * GOOD_SHARE * SIZE.seconds / 5
    assert watch.probes > SIZE.seconds / 2
    assert watch.slowest_s < PROBE_LIMIT_S
    grown_mb = (watch.last_rss - watch.settled_rss) / MB
    assert grown_mb < SIZE.growth_mb, f"{watch.settled_rss / MB:.1f} -> {watch.last_rss / MB:.1f} MB"
    eventually(lambda: agent.descriptors() <= before, "descriptors given back", within_s=30)
    assert "Traceback" not in agent.log


async def _warm_up(agent: RunningAgent) -> int:
    """How many descriptors the agent has without a client, once it has served one."""
    async with connected(agent.http_port) as wire:
        for number in range(20):
            await wire.ask(enumerate_instances().numbered(number))
        return agent.descriptors() - 1


async def _visit(agent: RunningAgent) -> tuple[Crowd, Watch]:
    trust = ssl.create_default_context(cafile=str(agent.certificate))
    until = asyncio.get_running_loop().time() + SIZE.seconds
    crowd, watch = Crowd(agent.http_port, agent.https_port, trust, until), Watch()
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch(agent, crowd, watch))
        for number in range(SIZE.clients):
            random = Random(number)
            is_good = number < SIZE.clients * GOOD_SHARE
            client = good(crowd, random) if is_good else again(BAD[number % len(BAD)], crowd, random)
            group.create_task(_later(random.random() * SIZE.seconds * ARRIVAL_SHARE, client))
    return crowd, watch


async def _later(after_s: float, client: Coroutine[None, None, None]) -> None:
    """All come within the first moments, as they would after a network failure, but not at one instant."""
    await asyncio.sleep(after_s)
    await client


async def _watch(agent: RunningAgent, crowd: Crowd, watch: Watch) -> None:
    """A good client more, which measures how long it waits, and how much memory the agent has."""
    loop = asyncio.get_running_loop()
    settled_at = crowd.until - SIZE.seconds * 0.9
    async with connected(agent.http_port) as wire:
        while crowd.going:
            asked = time.perf_counter()
            await wire.ask(enumerate_instances().numbered(watch.probes))
            watch.slowest_s = max(watch.slowest_s, time.perf_counter() - asked)
            watch.probes += 1
            watch.last_rss = agent.rss_bytes()
            if loop.time() < settled_at:
                watch.settled_rss = watch.last_rss
            await asyncio.sleep(0.25)
