"""A manager of the tests: a machine whose memory is moved by hand, and how its agent is asked to tell of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pywbem

from tests.esmctl.listening import Listener
from tests.running import PASSWORD, RunningAgent, eventually, running_agent

ESM, INTEROP = "root/ESMPRO/AS", "root/PG_InterOp"
ALL_ALERTS = "SELECT * FROM ESM_AlertIndication"
PATIENCE_S = 12.0
TOTAL_KB = 1_000_000
Properties = dict[str, Any]


class Killed(Exception):
    """The test has ended its agent with SIGKILL."""


class Machine:
    """The root of a machine that has memory and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        (self.root / "proc").mkdir(parents=True)
        self.use(10)

    def use(self, percent: int) -> None:
        """So much of the memory is used, from the next reading on."""
        free = TOTAL_KB * (100 - percent) // 100
        text = f"MemTotal: {TOTAL_KB} kB\nMemFree: {free} kB\nMemAvailable: {free} kB\nBuffers: 0 kB\nCached: 0 kB\n"
        text += "SwapTotal: 0 kB\nSwapFree: 0 kB\nCommitLimit: 6000000 kB\nCommitted_AS: 3000 kB\n"
        new = self.root / "proc" / "new"
        new.write_text(text)
        new.replace(self.root / "proc" / "meminfo")


@contextlib.contextmanager
def connected(agent: RunningAgent, namespace: str = ESM) -> Iterator[pywbem.WBEMConnection]:
    with pywbem.WBEMConnection(
        agent.http, ("admin", PASSWORD), default_namespace=namespace, timeout=30
    ) as connection:
        yield connection


@contextlib.contextmanager
def killed_agent(folder: Path, **how: Any) -> Iterator[RunningAgent]:
    """A running agent that ends with SIGKILL."""
    with contextlib.suppress(Killed), running_agent(folder, **how) as agent:
        yield agent
        agent.process.kill()
        agent.process.wait()
        raise Killed


def watch(agent: RunningAgent, *classnames: str) -> None:
    """Watches all elements of the classes each second, by the limits that we ship."""
    with connected(agent) as connection:
        for classname in classnames:
            for path in connection.EnumerateInstanceNames(classname):
                given = {"MonitoringEnabled": True, "MonitoringInterval": pywbem.Uint32(1)}
                assert connection.InvokeMethod("SetThresholds", path, **given)[0] == 0
                eventually(lambda: connection.GetInstance(path)["MonitorState"] == 1, f"{path} is watched")


def subscribe(
    agent: RunningAgent, url: str, name: str = "T", query: str = ALL_ALERTS, **more: Any
) -> pywbem.CIMInstanceName:
    """A filter, a destination and a subscription, by plain CreateInstance."""
    with connected(agent, INTEROP) as connection:
        wanted = {"Name": f"F-{name}", "Query": query, "QueryLanguage": "WQL", "SourceNamespaces": [ESM]}
        sink = {"Name": f"H-{name}", "Destination": url}
        ends = (
            connection.CreateInstance(pywbem.CIMInstance("CIM_IndicationFilter", wanted)),
            connection.CreateInstance(pywbem.CIMInstance("CIM_ListenerDestinationCIMXML", sink)),
        )
        return connect(agent, *ends, **more)


def connect(
    agent: RunningAgent, wanted: pywbem.CIMInstanceName, sink: pywbem.CIMInstanceName, **more: Any
) -> pywbem.CIMInstanceName:
    """A subscription between a filter and a destination that exist."""
    with connected(agent, INTEROP) as connection:
        made = pywbem.CIMInstance("CIM_IndicationSubscription", {"Filter": wanted, "Handler": sink, **more})
        return connection.CreateInstance(made)


def pinned(listener: Listener) -> str:
    """The settings by which the agent trusts a listener's certificate."""
    pin = re.search(r"pin (sha256:[0-9a-f]{64})", listener.told[2])
    assert pin, listener.told
    return f'[delivery.trust]\n"{listener.url}" = "pin {pin[1]}"\n'


def arrived(listener: Listener, count: int) -> list[Properties]:
    """The next indications at a listener that was started with --json."""
    impatience = threading.Timer(PATIENCE_S, listener.process.kill)
    impatience.start()
    lines = listener.lines(count)
    impatience.cancel()
    assert "" not in lines, lines
    return [json.loads(line)["properties"] for line in lines]


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def is_root() -> bool:
    return os.geteuid() == 0
