"""WS-Management with keep-alive and Basic: CPU time a request, and memory of enumerations that are left open.

    python -m benchmarks.wsman

The machine has 23 CPUs, so that ESM_Processor has 24 instances; nothing changes on it, and every request has
a message ID of its own. Limits: 250 µs for the optimised Enumerate over HTTP and HTTPS, 2 KiB for a context;
what 300 abandoned enumerations cost is back when they have expired.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median

import requests

from benchmarks.report import Limit, report
from benchmarks.servers import cpu_s, recorded_machine
from esmd.wbem.wsman.names import ENUMERATE, GET, PULL
from tests.esmd.wbem.wsman.asking import DMTF, envelope, request
from tests.running import PASSWORD, RunningAgent, free_ports, running_agent

ROUNDS, REQUESTS, CONTEXTS = 5, 300, 200
ABANDONED, EXPIRES_S = 300, 2
PROCESSORS = {"uri": f"{DMTF}/ESM_Processor", "namespace": "root/ESMPRO/AS"}
WHOLE = "<e:Enumerate><w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements></e:Enumerate>"


class Console:
    """One client on one connection."""

    def __init__(self, agent: RunningAgent, url: str, user: str = "admin") -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (user, PASSWORD)
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

    def open(self, inner: str = "") -> str:
        body = f"<e:Enumerate>{inner}</e:Enumerate>"
        answer = self.ask(request(ENUMERATE, body, message_id=new_id(), **PROCESSORS))
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


def abandoned_bytes(agent: RunningAgent, consoles: list[Console]) -> float:
    """What enumerations that nobody came back to keep when they have expired; the first ones warm up."""
    kept = []
    for _ in range(3):
        for number in range(ABANDONED):
            consoles[number % len(consoles)].open(f"<e:Expires>PT{EXPIRES_S}S</e:Expires>")
        time.sleep(EXPIRES_S)
        consoles[0].pull_one_by_one()
        kept.append(agent.rss_bytes())
    return float(kept[-1] - kept[0])


def main() -> int:
    rows: list[tuple[object, ...]] = []
    limits: list[Limit] = []
    with tempfile.TemporaryDirectory() as folder:
        root = recorded_machine(Path(folder) / "root", 23)
        (port,) = free_ports(1)
        listen = f"wsman_http_port = {port}"
        with running_agent(Path(folder) / "agent", root=root, listen=listen) as agent:
            for scheme, url in ("HTTPS", agent.wsman), ("HTTP", f"http://localhost:{port}/wsman"):
                console = Console(agent, url)
                whole = cpu_us(agent, console.enumerate, REQUESTS)
                rows += [
                    ("Identify", scheme, cpu_us(agent, console.identify, REQUESTS)),
                    ("Get", scheme, cpu_us(agent, console.get, REQUESTS)),
                    ("24 instances, optimised Enumerate", scheme, whole),
                    ("24 instances, pulled: all 25", scheme, cpu_us(agent, console.pull_one_by_one, 30)),
                ]
                limits.append(Limit(f"optimised Enumerate of 24 over {scheme}", whole, 250.0, "µs"))
            kept = context_bytes(agent, Console(agent, agent.wsman, "viewer"))
            others = [Console(agent, agent.wsman, user) for user in ("admin", "operator")]
            abandoned = abandoned_bytes(agent, others)
    limits += [
        Limit("memory of an open enumeration", kept / 1024, 2.0, "KiB"),
        Limit(f"memory of {ABANDONED} abandoned and expired", abandoned / 1024, 64.0, "KiB"),
    ]
    return report(("request", "over", "CPU µs"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
