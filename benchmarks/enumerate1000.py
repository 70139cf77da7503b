"""EnumerateInstances of 1,000 instances with 24 values each, while nothing and while everything changes.

    python -m benchmarks.enumerate1000

Limit: 12 ms of CPU time a request. A calibration loop runs beside it, because this limit is no ratio.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.load import drive
from benchmarks.question import enumerate_instances
from benchmarks.report import Limit, report
from benchmarks.servers import bare, changing, cpu_us

ROWS = 1000
ROUNDS = 5
REQUESTS = 40
CLIENTS = 4
LIMIT_MS = 12.0


def measure(folder: Path) -> dict[str, list[float]]:
    """CPU ms per request of each server, round by round."""
    question = enumerate_instances()
    with changing(folder / "still", ROWS, still=True) as still, changing(folder / "changed", ROWS) as changed:
        answer = drive(still.http_port, question.all(), requests=1).last
        print(f"answer: {len(answer):,} bytes")
        with bare(folder / "bare", answer) as peer:
            servers = {"bare protocol": peer, "nothing changed": still, "every value changed": changed}
            figures: dict[str, list[float]] = {name: [] for name in servers}
            for turn in range(ROUNDS + 1):
                for name, server in servers.items():
                    spent = cpu_us(server, question, requests=REQUESTS, clients=CLIENTS)
                    if turn:
                        figures[name].append(spent / 1000)
    return figures


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    rows = [(name, median(spent), min(spent)) for name, spent in figures.items()]
    limits = [
        Limit(name, median(figures[name]), LIMIT_MS, "ms")
        for name in ("nothing changed", "every value changed")
    ]
    return report(("server", "CPU ms", "least"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
