"""1,000 TLS connections that say nothing: what each costs, whether others are answered, what is given back.

    python -m benchmarks.idle1000

Limits: a good client is answered within a second; afterwards descriptors are what they were, and resident
memory is within 20 MB of what it was (an allocator keeps some for the next ones).
"""

from __future__ import annotations

import contextlib
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import drive
from benchmarks.question import enumerate_instances
from benchmarks.report import Limit, report
from tests.running import RunningAgent, eventually, running_agent

CONNECTIONS = 1000
SPARE_DESCRIPTORS = 200
GIVEN_BACK_S = 5.0
KEPT_MB = 20
MB = 1 << 20


def measure(agent: RunningAgent) -> tuple[list[tuple[str, float]], list[Limit]]:
    question = enumerate_instances()
    drive(agent.http_port, question.all(), requests=200)
    with contextlib.closing(agent.connect(tls=True)):
        eventually(lambda: not _others(agent), "a quiet agent")
        before_rss, before_fds = agent.rss_bytes(), agent.descriptors() - 1
    with contextlib.ExitStack() as stack:
        spent = agent.cpu_s()
        for _ in range(CONNECTIONS):
            stack.enter_context(contextlib.closing(agent.connect(tls=True)))
        handshake_us = (agent.cpu_s() - spent) / CONNECTIONS * 1e6
        eventually(lambda: agent.descriptors() >= before_fds + CONNECTIONS, "all accepted")
        held_rss = agent.rss_bytes()
        asked = time.perf_counter()
        drive(agent.http_port, question.all(), requests=1, clients=1)
        waited_s = time.perf_counter() - asked
    eventually(lambda: agent.descriptors() <= before_fds, "descriptors given back")
    until = time.monotonic() + GIVEN_BACK_S
    while agent.rss_bytes() > before_rss + KEPT_MB * MB and time.monotonic() < until:
        time.sleep(0.1)
    after_rss = agent.rss_bytes()
    rows = [
        ("resident before, MB", before_rss / MB),
        ("resident with them, MB", held_rss / MB),
        ("each connection, KB", (held_rss - before_rss) / CONNECTIONS / 1024),
        ("each handshake, CPU µs", handshake_us),
        ("resident afterwards, MB", after_rss / MB),
    ]
    limits = [
        Limit("a good client meanwhile", waited_s, 1.0, "s"),
        Limit("descriptors kept", agent.descriptors() - before_fds, 0),
        Limit("resident memory kept", (after_rss - before_rss) / MB, KEPT_MB, "MB"),
        Limit("resident memory with them", held_rss / MB, 400, "MB"),
    ]
    return rows, limits


def _others(agent: RunningAgent) -> bool:
    """Whether plain connections of the warm-up are still open on the agent's side."""
    port = f":{agent.http_port:04X} "
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(port in line.partition(" 00000000:")[0][:20] and line.split()[3] == "01" for line in lines)


def main() -> int:
    needed = CONNECTIONS + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
    with tempfile.TemporaryDirectory() as folder, running_agent(Path(folder)) as agent:
        rows, limits = measure(agent)
    return report(("figure", "value"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
