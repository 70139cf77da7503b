"""Managers that listen for indications over HTTPS: pywbem's listener, pywbemlistener, esmctl listen."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pywbem

from esmctl.agent import ask
from esmd.tls import ensure_certificate
from openesm.settings import Tls
from tests.esmctl.listening import Listener, listening
from tests.running import PASSWORD, RunningAgent, eventually, free_ports

ESM, INTEROP = "root/ESMPRO/AS", "root/PG_InterOp"
ALL_ALERTS = "SELECT * FROM ESM_AlertIndication"
PATIENCE_S = 20.0
SHOWN = ("EventID", "SequenceNumber", "AlertUUID", "Message")
Properties = dict[str, Any]


class Manager(Protocol):
    """Somebody who listens."""

    url: str
    trust: str  # the words of [delivery.trust]

    def next(self) -> Properties:
        """The next indication; AssertionError when none comes."""

    def is_silent(self) -> bool:
        """Whether nothing more has come."""


@dataclass
class PywbemManager:
    """`pywbem.WBEMListener` in this process."""

    url: str
    trust: str
    got: queue.Queue[Properties]

    def next(self) -> Properties:
        return self.got.get(timeout=PATIENCE_S)

    def is_silent(self) -> bool:
        return self.got.empty()


@dataclass
class FileManager:
    """The command `pywbemlistener`, which appends a line to a file; it shows `SHOWN` alone."""

    url: str
    trust: str
    file: Path
    taken: int = 0

    def lines(self) -> list[str]:
        return self.file.read_text("utf-8").splitlines() if self.file.exists() else []

    def next(self) -> Properties:
        eventually(lambda: len(self.lines()) > self.taken, "pywbemlistener got one more", PATIENCE_S)
        line = self.lines()[self.taken]
        self.taken += 1
        return dict(zip(SHOWN, line.split("|", len(SHOWN) - 1), strict=True))

    def is_silent(self) -> bool:
        return len(self.lines()) == self.taken


@dataclass
class EsmctlManager:
    """`esmctl listen --json`."""

    url: str
    trust: str
    listener: Listener

    def next(self) -> Properties:
        impatience = threading.Timer(PATIENCE_S, self.listener.process.kill)
        impatience.start()
        (line,) = self.listener.lines(1)
        impatience.cancel()
        assert line, "esmctl listen got none"
        found: Properties = json.loads(line)["properties"]
        return found

    def is_silent(self) -> bool:
        code, rest = self.listener.end()
        return code == 0 and not any("properties" in line for line in rest)


@contextlib.contextmanager
def pywbem_listens(folder: Path) -> Iterator[Manager]:
    pair, (port,) = _pair(folder), free_ports(1)
    got: queue.Queue[Properties] = queue.Queue()
    listener = pywbem.WBEMListener(
        "127.0.0.1", https_port=port, certfile=str(pair.cert), keyfile=str(pair.key)
    )
    listener.add_callback(lambda indication, _host: got.put(dict(indication.items())))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pywbem's way to choose a TLS version
        listener.start()
    try:
        yield PywbemManager(f"https://127.0.0.1:{port}", f"ca {pair.cert}", got)
    finally:
        listener.stop()


@contextlib.contextmanager
def pywbemlistener_listens(folder: Path) -> Iterator[Manager]:
    pair, (port,) = _pair(folder), free_ports(1)
    shown = "|".join(f"{{i[{name}]}}" for name in SHOWN)
    process = subprocess.Popen(
        [
            Path(sys.executable).with_name("pywbemlistener"),
            *("run", f"openesm-{port}", "--port", str(port), "--bind-addr", "127.0.0.1"),
            *("--certfile", str(pair.cert), "--keyfile", str(pair.key)),
            *("--indi-file", str(folder / "got"), "--indi-format", shown),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _answers(port), "pywbemlistener listens", PATIENCE_S)
        yield FileManager(f"https://127.0.0.1:{port}", f"ca {pair.cert}", folder / "got")
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def esmctl_listens(folder: Path) -> Iterator[Manager]:
    with listening(folder, "--json") as listener:
        pin = re.search(r"pin (sha256:[0-9a-f]{64})", listener.told[2])
        assert pin, listener.told
        yield EsmctlManager(listener.url, f"pin {pin[1]}", listener)


LISTENING = {
    "pywbem": pywbem_listens,
    "pywbemlistener": pywbemlistener_listens,
    "esmctl listen": esmctl_listens,
}


@contextlib.contextmanager
def all_listening(folder: Path) -> Iterator[dict[str, Manager]]:
    """One manager of each kind."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name, listens in LISTENING.items():
            place = folder / name.replace(" ", "-")
            place.mkdir(parents=True)
            found[name] = stack.enter_context(listens(place))
        yield found


def trusted(managers: dict[str, Manager]) -> str:
    """The settings by which an agent trusts them."""
    lines = "".join(f'"{manager.url}" = "{manager.trust}"\n' for manager in managers.values())
    return f"[delivery.trust]\n{lines}"


def _pair(folder: Path) -> Tls:
    pair = Tls(folder / "cert.pem", folder / "key.pem")
    ensure_certificate(pair, ("localhost", "127.0.0.1"))
    return pair


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def read_again(agent: RunningAgent, classname: str, times: int = 2) -> None:
    """Waits until a class was read and judged once more, from the beginning."""
    for _ in range(times):
        since = _last_run(agent, classname)
        eventually(partial(_has_run, agent, classname, since), f"{classname} is read again", PATIENCE_S)


def _has_run(agent: RunningAgent, classname: str, since: float) -> bool:
    return _last_run(agent, classname) > since


def _last_run(agent: RunningAgent, classname: str) -> float:
    services = ask(agent.local_socket, "status")["services"]
    return next(float(each["last_run"] or 0) for each in services if each["name"] == f"ESMcmn {classname}")


def nothing_before_a_test(agent: RunningAgent, *managers: Manager) -> None:
    """Sends a test alert: it is the next that they get."""
    sent = ask(agent.local_socket, "alert-test", severity="information")
    assert {manager.next()["AlertUUID"] for manager in managers} == {sent["uuid"]}


@contextlib.contextmanager
def connected(agent: RunningAgent, namespace: str = ESM) -> Iterator[pywbem.WBEMConnection]:
    with pywbem.WBEMConnection(
        agent.http, ("admin", PASSWORD), default_namespace=namespace, timeout=30
    ) as connection:
        yield connection


def subscribe(agent: RunningAgent, url: str, name: str = "T", query: str = ALL_ALERTS, **more: Any) -> None:
    """A filter, a destination and a subscription, by plain CreateInstance."""
    with connected(agent, INTEROP) as connection:
        wanted = {"Name": f"F-{name}", "Query": query, "QueryLanguage": "WQL", "SourceNamespaces": [ESM]}
        sink = {"Name": f"H-{name}", "Destination": url}
        ends = {
            "Filter": connection.CreateInstance(pywbem.CIMInstance("CIM_IndicationFilter", wanted)),
            "Handler": connection.CreateInstance(pywbem.CIMInstance("CIM_ListenerDestinationCIMXML", sink)),
        }
        connection.CreateInstance(pywbem.CIMInstance("CIM_IndicationSubscription", {**ends, **more}))
