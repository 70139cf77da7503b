"""From the start of the process to its first answer; the schema is compiled and the certificate is there.

    python -m benchmarks.start

Limit: 0.5 s of CPU time. Wall time is shown beside it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.load import drive
from benchmarks.question import enumerate_instances
from benchmarks.report import Limit, report
from benchmarks.servers import cpu_s
from tests.running import running_agent

ROUNDS = 7


def one(folder: Path) -> tuple[float, float]:
    """(CPU s, wall s) of one start up to and with its first answer."""
    started = time.perf_counter()
    with running_agent(folder) as agent:
        drive(agent.http_port, enumerate_instances().all(), requests=1, clients=1)
        return cpu_s(agent.process.pid), time.perf_counter() - started


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        first = one(Path(folder))
        taken = [one(Path(folder)) for _ in range(ROUNDS)]
    cpu, wall = (median(column) for column in zip(*taken, strict=True))
    rows = [
        ("first start ever (compiles the schema in a child)", *(f"{seconds:.3f}" for seconds in first)),
        ("start", f"{cpu:.3f}", f"{wall:.3f}"),
    ]
    limits = [
        Limit("CPU to the first answer", cpu, 0.5, "s"),
        Limit("wall to the first answer", wall, 0.5, "s"),
    ]
    return report(("", "CPU s", "wall s"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
