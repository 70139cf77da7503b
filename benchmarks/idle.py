"""What the agent costs while nobody asks: it samples each second on this machine.

    python -m benchmarks.idle

Limits: 30 MB of resident memory, 0.2 % of one core over 30 seconds.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Limit, report
from benchmarks.servers import cpu_s
from tests.running import running_agent

SETTLE_S = 5.0
SECONDS = 30.0


def smaps_mb(process_id: int) -> dict[str, float]:
    """Rss, Pss and the like of a process, in MB."""
    lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) / 1024 for name, _, value in (line.partition(":") for line in lines)}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        with running_agent(Path(folder)):
            pass  # compiles the schema and makes the certificate
        with running_agent(Path(folder)) as agent:
            time.sleep(SETTLE_S)
            before = cpu_s(agent.process.pid)
            time.sleep(SECONDS)
            percent = (cpu_s(agent.process.pid) - before) / SECONDS * 100
            memory = smaps_mb(agent.process.pid)
    rows = [
        ("CPU, % of a core", f"{percent:.3f}"),
        ("resident, MB", memory["Rss"]),
        ("proportional, MB", memory["Pss"]),
        ("anonymous, MB", memory["Anonymous"]),
        ("cores here", os.cpu_count() or 0),
    ]
    limits = [
        Limit("CPU", percent, 0.2, "% of a core"),
        Limit("resident memory", memory["Rss"], 30, "MB"),
    ]
    return report(("figure", "value"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
