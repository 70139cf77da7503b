"""EnumerateInstances of 8 instances, another message ID each time, keep-alive, Basic, 16 clients.

    python -m benchmarks.enumerate8

A client polls: it asks for four properties, which makes answers of about 7 KB; that is what the limits are
for. The same with 24 properties and 19 KB stands below.
Limits: 2.5 × the CPU time of the bare protocol while nothing changes, 6 × when every value changed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.load import drive
from benchmarks.question import PROPERTIES, enumerate_instances
from benchmarks.report import Limit, report
from benchmarks.servers import bare, changing, cpu_us, recorded

ROUNDS = 7
REQUESTS = 1500
PEGASUS_US = 850.0  # docs/performance.md
POLLED = ("DeviceID", "HealthState", "LoadPercentage", "CPUStatus")
BARE, STILL, MOVING = "bare protocol", "agent, nothing changed", "agent, every value changed"


def measure(folder: Path, names: Sequence[str]) -> dict[str, list[float]]:
    """CPU µs per request of each server, round by round; all take turns."""
    question = enumerate_instances(names=names)
    with recorded(folder / "agent") as agent, changing(folder / "changing", 8) as changed:
        answer = drive(agent.http_port, question.all(), requests=1).last
        print(f"answer: {len(answer):,} bytes, 8 instances with {len(names)} properties")
        with bare(folder / "bare", answer) as peer, bare(folder / "fill", answer, fill=True) as filling:
            servers = {
                BARE: peer,
                "bare protocol that fills a template": filling,
                STILL: agent,
                MOVING: changed,
            }
            figures: dict[str, list[float]] = {name: [] for name in servers}
            for turn in range(ROUNDS + 1):
                for name, server in servers.items():
                    spent = cpu_us(server, question, requests=REQUESTS)
                    if turn:  # the first round warms up
                        figures[name].append(spent)
    return figures


def ratios(figures: dict[str, list[float]]) -> dict[str, float]:
    """Of each server to the bare protocol of the same round."""
    return {
        name: median(ours / theirs for ours, theirs in zip(spent, figures[BARE], strict=True))
        for name, spent in figures.items()
    }


def main() -> int:
    rows: list[tuple[str, object, object, object, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        polled = measure(Path(folder) / "polled", POLLED)
        whole = measure(Path(folder) / "whole", PROPERTIES)
    for figures, count in (polled, len(POLLED)), (whole, len(PROPERTIES)):
        ratio = ratios(figures)
        rows += [(name, count, median(spent), min(spent), ratio[name]) for name, spent in figures.items()]
    rows.append(("OpenPegasus, C++ provider (not measured here)", "-", PEGASUS_US, "-", "-"))
    limits = [
        Limit("nothing changed, to the bare protocol", ratios(polled)[STILL], 2.5, "×"),
        Limit("every value changed, to the bare protocol", ratios(polled)[MOVING], 6.0, "×"),
    ]
    return report(("server", "properties", "CPU µs", "least", "ratio"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
