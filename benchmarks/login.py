"""What it costs to find out who asks: a password that was checked before, and one that was not.

    python -m benchmarks.login

The agent remembers under a digest of the whole header. A header that spells `Basic` in another way has the
same credentials and another digest, so each of these makes the agent check the password anew.
Limit: the remembered check is at most a hundredth of the fresh one.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import median

from benchmarks.load import drive
from benchmarks.question import basic, enumerate_instances
from benchmarks.report import Limit, report
from benchmarks.servers import cpu_s
from esmd.auth.users import DEFAULT_COST, hash_password
from tests.running import PASSWORD, RunningAgent, running_agent

ROUNDS = 3
FRESH = 8
REMEMBERED = 2000


def spellings() -> Iterator[str]:
    """The same credentials in headers that all differ."""
    token = basic().removeprefix("Basic ")
    for letters in product(*zip("basic", "BASIC", strict=True)):
        yield f"{''.join(letters)} {token}"


def spent_us(agent: RunningAgent, questions: Iterator[bytes], requests: int) -> float:
    before = cpu_s(agent.process.pid)
    drive(agent.http_port, questions, requests=requests, clients=1)
    return (cpu_s(agent.process.pid) - before) / requests * 1e6


def measure(folder: Path) -> tuple[float, float]:
    """CPU µs per request of a fresh and of a remembered check, each with the same small answer."""
    with running_agent(folder) as agent:
        (folder / "users").write_text(f"viewer:{hash_password(PASSWORD.encode())}:viewer\n")
        agent.process.send_signal(1)
        cheap = enumerate_instances("ESM_Alive", ["Name"])
        drive(agent.http_port, cheap.all(), requests=1)
        different = (
            enumerate_instances("ESM_Alive", ["Name"], header).numbered(number)
            for number, header in enumerate(spellings())
        )
        fresh, remembered = [], []
        for _ in range(ROUNDS):
            fresh.append(spent_us(agent, different, FRESH))
            remembered.append(spent_us(agent, cheap.all(), REMEMBERED))
    return median(fresh), median(remembered)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        fresh, remembered = measure(Path(folder))
    rows = [
        (f"request with a fresh check (bcrypt, cost {DEFAULT_COST})", fresh),
        ("request with a remembered check", remembered),
    ]
    return report(("", "CPU µs"), rows, [Limit("remembered to fresh", remembered / fresh * 100, 1.0, "%")])


if __name__ == "__main__":
    sys.exit(main())
