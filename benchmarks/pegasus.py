"""One poll inside tog-pegasus: our bridge, a C++ provider of its own, and the agent's own server beside them.

    OPENESM_PEGASUS=HOME LD_LIBRARY_PATH=HOME/lib python -m benchmarks.pegasus

Each is asked for one instance with all its properties, by one client and by four; CPU is that of cimserver
and the provider's process, busy the share of the machine that is at work, clients and all. Limits: four
clients get at least twice what one gets, a request costs at most 1.3 times that of the C++ provider, and our
provider's process does not grow over all the requests.

With OPENESM_CMPI_BINDINGS (see tests/pegasus/test_bindings.py) cmpi-bindings with our glue is measured
after that.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.load import drive
from benchmarks.question import Question, enumerate_instances
from benchmarks.report import Limit, report
from benchmarks.servers import cpu_s
from tests.pegasus.real import BINDINGS, HOME, Real, real_pegasus, registered_by_bindings

ROUNDS, REQUESTS = 5, 1500
CPP = ("PG_OperatingSystem", "root/cimv2", "OperatingSystemModule")


@dataclass
class Served:
    """Somebody who answers: the port, the question, and the processes that work for it."""

    port: int
    question: Question
    processes: Callable[[], list[int]]


def rss_bytes(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096


def ticks() -> tuple[int, int]:
    """All that the processors have had, and what they had nothing to do in."""
    words = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(map(int, words)), int(words[3]) + int(words[4])


def measure(served: Served, clients: int) -> tuple[float, float, float]:
    """Requests a second, CPU µs of one, and the busy share of the machine."""
    before, (all_before, idle_before) = {n: cpu_s(n) for n in served.processes()}, ticks()
    answers = drive(served.port, served.question.all(), requests=REQUESTS, clients=clients)
    spent = sum(cpu_s(number) - began for number, began in before.items())
    all_after, idle_after = ticks()
    busy = 1 - (idle_after - idle_before) / max(1, all_after - all_before)
    return REQUESTS / answers.wall_s, spent / REQUESTS * 1e6, busy


Figures = dict[tuple[str, int], list[tuple[float, float, float]]]


def by_bindings(real: Real, question: Question, figures: Figures) -> None:
    """cmpi-bindings with our glue, in the bridge's place."""
    with registered_by_bindings(real):
        served = Served(real.port, question, lambda: real.cimservers() + real.provider_processes())
        for turn in range(ROUNDS + 1):
            for clients in (1, 4):
                taken = measure(served, clients)
                if turn:
                    figures.setdefault(("cmpi-bindings", clients), []).append(taken)


def main() -> int:
    if not HOME:
        print("OPENESM_PEGASUS names no Pegasus")
        return 1
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder, real_pegasus(Path(folder)) as real:
        ours = enumerate_instances("ESM_GeneralInformation", None)
        theirs = enumerate_instances(CPP[0], None, namespace=CPP[1])
        kinds = {
            "our bridge": Served(real.port, ours, lambda: real.cimservers() + real.provider_processes()),
            "C++ provider": Served(
                real.port, theirs, lambda: real.cimservers() + real.provider_processes(CPP[2])
            ),
            "the agent itself": Served(real.agent.http_port, ours, lambda: [real.agent.process.pid]),
        }
        resident: list[int] = []
        for turn in range(ROUNDS + 1):
            resident.append(rss_bytes(real.provider_processes()[-1]))
            for name, served in kinds.items():
                for clients in (1, 4):
                    taken = measure(served, clients)
                    if turn:
                        figures.setdefault((name, clients), []).append(taken)
        if BINDINGS:
            by_bindings(real, ours, figures)
    rate = {key: median(each[0] for each in taken) for key, taken in figures.items()}
    cpu = {key: median(each[1] for each in taken) for key, taken in figures.items()}
    busy = {key: median(each[2] for each in taken) * 100 for key, taken in figures.items()}
    rows = [(*key, rate[key], cpu[key], busy[key]) for key in figures]
    grown = (resident[-1] - resident[1]) / 1024 / 1024
    limits = [
        Limit("memory that our provider's process grew by, 12,000 requests", grown, 1.0, "MB"),
        Limit("one client's rate / four clients' rate", rate["our bridge", 1] / rate["our bridge", 4], 0.5),
        Limit("CPU of our bridge / of the C++ provider", cpu["our bridge", 1] / cpu["C++ provider", 1], 1.3),
    ]
    return report(("server", "clients", "requests/s", "CPU µs", "busy %"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
