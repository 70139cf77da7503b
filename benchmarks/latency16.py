"""How long 16 clients wait that ask again at once, and how many requests are answered in a second.

    python -m benchmarks.latency16

No limit: the figures depend on what else the machine does. Compare the rows of one run.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

from benchmarks.load import drive
from benchmarks.question import enumerate_instances
from benchmarks.report import report
from benchmarks.servers import bare, changing, recorded

ROUNDS = 7
REQUESTS = 3000
SLOW_REQUESTS = 600
CLIENTS = 16


def measure(folder: Path) -> dict[str, list[tuple[float, float, float]]]:
    """(p50 ms, p99 ms, requests a second) of each server, round by round."""
    question = enumerate_instances()
    with recorded(folder / "agent") as agent, changing(folder / "changing", 8) as changed:
        answer = drive(agent.http_port, question.all(), requests=1).last
        with bare(folder / "bare", answer) as peer:
            servers = {
                "bare protocol": (peer, REQUESTS),
                "agent, nothing changed": (agent, REQUESTS),
                "agent, every value changed": (changed, SLOW_REQUESTS),
            }
            figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
            for turn in range(ROUNDS + 1):
                for name, (server, requests) in servers.items():
                    answers = drive(server.http_port, question.all(), requests=requests, clients=CLIENTS)
                    cuts = quantiles(answers.seconds, n=100)
                    if turn:
                        figures[name].append((cuts[49] * 1e3, cuts[98] * 1e3, requests / answers.wall_s))
    return figures


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    rows = [
        (name, *(f"{median(column):,.2f}" for column in zip(*taken, strict=True)))
        for name, taken in figures.items()
    ]
    return report(("server", "p50 ms", "p99 ms", "requests/s"), rows, [])


if __name__ == "__main__":
    sys.exit(main())
