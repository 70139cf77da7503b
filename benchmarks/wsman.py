"""WS-Management over HTTPS, keep-alive, Basic: CPU time a request, and memory of an open enumeration.

    python -m benchmarks.wsman

The machine has 23 CPUs, so that ESM_Processor has 24 instances; nothing changes on it, and every request has
a message ID of its own. Limits: 250 µs for the optimised Enumerate, 2 KiB for a context.
"""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median

import requests

from benchmarks.report import Limit, report
from benchmarks.servers import cpu_s, recorded_machine
from esmd.wbem.wsman.names import ENUMERATE, GET, PULL
from tests.esmd.wbem.wsman.asking import DMTF, envelope, request
from tests.running import PASSWORD, RunningAgent, running_agent

ROUNDS, REQUESTS, CONTEXTS = 5, 300, 200
PROCESSORS = {"uri": f"{DMTF}/ESM_Processor", "namespace": "root/ESMPRO/AS"}
WHOLE = "<e:Enumerate><w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements></e:Enumerate>"


class Console:
    """One client on one connection."""

    def __init__(self, agent: RunningAgent) -> None:
        self._url = agent.wsman
        self._session = requests.Session()
        self._session.auth = ("admin", PASSWORD)
        self._session.verify = str(agent.certificate)

    def ask(self, body: str) -> str:
        answer = self._session.post(self._url, body.encode(), timeout=30)
        answer.raise_for_status()
        return answer.text

    def identify(self) -> None:
        self.ask(envelope("", "<i:Identify/>"))

    def get(self) -> None:
        chosen = {"InstanceID": "ESM:Alive"}
        uri = f"{DMTF}/ESM_Alive"
        self.ask(request(GET, uri=uri, selectors=chosen, namespace="root/ESMPRO/AS", message_id=new_id()))

    def enumerate(self) -> None:
        answer = self.ask(request(ENUMERATE, WHOLE, message_id=new_id(), **PROCESSORS))
        assert answer.count("<p:DeviceID>") == 24

    def open(self) -> str:
        answer = self.ask(request(ENUMERATE, "<e:Enumerate/>", message_id=new_id(), **PROCESSORS))
        return answer.partition("<wsen:EnumerationContext>")[2].partition("<")[0]

    def pull_one_by_one(self) -> None:
        context, answer = self.open(), ""
        asked = f"<e:Pull><e:EnumerationContext>{context}</e:EnumerationContext></e:Pull>"
        while "EndOfSequence" not in answer:
            answer = self.ask(request(PULL, asked, message_id=new_id(), **PROCESSORS))


def new_id() -> str:
    return f"uuid:{uuid.uuid4()}"


def cpu_us(agent: RunningAgent, work: Callable[[], None], times: int) -> float:
    """CPU µs of the agent each time, the median of the rounds; the first warms up."""
    spent = []
    for _ in range(ROUNDS + 1):
        before = cpu_s(agent.process.pid)
        for _ in range(times):
            work()
        spent.append((cpu_s(agent.process.pid) - before) / times * 1e6)
    return median(spent[1:])


def context_bytes(agent: RunningAgent, console: Console) -> float:
    """What an enumeration that is left open keeps."""
    before = agent.rss_bytes()
    for _ in range(CONTEXTS):
        console.open()
    return (agent.rss_bytes() - before) / CONTEXTS


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        root = recorded_machine(Path(folder) / "root", 23)
        with running_agent(Path(folder) / "agent", root=root) as agent:
            console = Console(agent)
            rows: list[tuple[str, object]] = [
                ("Identify", cpu_us(agent, console.identify, REQUESTS)),
                ("Get", cpu_us(agent, console.get, REQUESTS)),
                ("24 instances, optimised Enumerate", whole := cpu_us(agent, console.enumerate, REQUESTS)),
                ("24 instances, pulled one by one: all 25", cpu_us(agent, console.pull_one_by_one, 30)),
            ]
            kept = context_bytes(agent, console)
    limits = [
        Limit("optimised Enumerate of 24 instances", whole, 250.0, "µs"),
        Limit("memory of an open enumeration", kept / 1024, 2.0, "KiB"),
    ]
    return report(("request", "CPU µs"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
