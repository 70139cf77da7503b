"""One poll inside tog-pegasus: our bridge, a C++ provider of its own, and the agent's own server beside them.

    OPENESM_PEGASUS=HOME LD_LIBRARY_PATH=HOME/lib python -m benchmarks.pegasus

Each is asked for one instance with all its properties, by one client and by four; CPU is that of cimserver
and the provider's process. Limits: four clients get at least twice what one gets, a request costs at most
1.3 times that of the C++ provider, and our provider's process does not grow over all the requests.
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
from tests.pegasus.real import HOME, Real, real_pegasus

ROUNDS, REQUESTS = 5, 1500
CPP = ("PG_OperatingSystem", "root/cimv2", "OperatingSystemModule")


@dataclass
class Served:
    """Somebody who answers: the port, the question, and the processes that work for it."""

    port: int
    question: Question
    processes: Callable[[], list[int]]


def processes(real: Real, module: str) -> list[int]:
    """cimserver, and the provider process of a module."""
    found = []
    for line in real.run("ps", "-eo", "pid,args").splitlines():
        number, _, command = line.strip().partition(" ")
        if f"{HOME}/bin/cimserver" in command or (
            f"{HOME}/bin/cimprovagt" in command and command.rstrip().endswith(module)
        ):
            found.append(int(number))
    return found


def rss_bytes(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096


def measure(served: Served, clients: int) -> tuple[float, float]:
    """Requests a second, and CPU µs of one."""
    before = {number: cpu_s(number) for number in served.processes()}
    answers = drive(served.port, served.question.all(), requests=REQUESTS, clients=clients)
    spent = sum(cpu_s(number) - began for number, began in before.items())
    return REQUESTS / answers.wall_s, spent / REQUESTS * 1e6


def main() -> int:
    if not HOME:
        print("OPENESM_PEGASUS names no Pegasus")
        return 1
    figures: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, real_pegasus(Path(folder)) as real:
        ours = enumerate_instances("ESM_GeneralInformation", None)
        theirs = enumerate_instances(CPP[0], None, namespace=CPP[1])
        kinds = {
            "our bridge": Served(real.port, ours, lambda: processes(real, "OpenESM")),
            "C++ provider": Served(real.port, theirs, lambda: processes(real, CPP[2])),
            "the agent itself": Served(real.own_port, ours, lambda: [real.own_pid]),
        }
        resident: list[int] = []
        for turn in range(ROUNDS + 1):
            resident.append(rss_bytes(processes(real, "OpenESM")[-1]))
            for name, served in kinds.items():
                for clients in (1, 4):
                    taken = measure(served, clients)
                    if turn:
                        figures.setdefault((name, clients), []).append(taken)
    rate = {key: median(each[0] for each in taken) for key, taken in figures.items()}
    cpu = {key: median(each[1] for each in taken) for key, taken in figures.items()}
    rows = [(name, clients, rate[name, clients], cpu[name, clients]) for name, clients in figures]
    grown = (resident[-1] - resident[1]) / 1024 / 1024
    limits = [
        Limit("memory that our provider's process grew by, 12,000 requests", grown, 1.0, "MB"),
        Limit("one client's rate / four clients' rate", rate["our bridge", 1] / rate["our bridge", 4], 0.5),
        Limit("CPU of our bridge / of the C++ provider", cpu["our bridge", 1] / cpu["C++ provider", 1], 1.3),
    ]
    return report(("server", "clients", "requests/s", "CPU µs"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
