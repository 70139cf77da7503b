"""A real agent in a process of its own, for tests that speak to it as its users do."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import bcrypt

PROJECT = Path(__file__).parent.parent
PASSWORD = "correct horse 7"  # blanks and digits: clients must quote it
STOP_S = 15.0
USERS = {"admin": "admin", "operator": "operator", "viewer": "viewer"}


@dataclass(frozen=True)
class RunningAgent:
    """Where the agent answers, and what it wrote."""

    folder: Path
    http_port: int
    https_port: int
    wsman_port: int
    process: subprocess.Popen[bytes]

    @property
    def http(self) -> str:
        return f"http://localhost:{self.http_port}"

    @property
    def https(self) -> str:
        return f"https://localhost:{self.https_port}"

    @property
    def wsman(self) -> str:
        return f"https://localhost:{self.wsman_port}/wsman"

    @property
    def local_socket(self) -> Path:
        return self.folder / "esmd.sock"

    @property
    def certificate(self) -> Path:
        return self.folder / "tls" / "server.pem"

    @property
    def config(self) -> Path:
        return self.folder / "esmd.toml"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    @property
    def audit(self) -> str:
        path = self.folder / "state" / "audit.log"
        return path.read_text("utf-8") if path.exists() else ""

    def rss_bytes(self) -> int:
        """Resident memory of the agent now."""
        pages = (Path("/proc") / str(self.process.pid) / "statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        return len(list((Path("/proc") / str(self.process.pid) / "fd").iterdir()))

    def cpu_s(self) -> float:
        """User and system CPU time of the agent so far."""
        fields = (Path("/proc") / str(self.process.pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self, *, tls: bool = False, timeout_s: float = 10.0, port: int = 0) -> socket.socket:
        """A raw connection to the agent, to its ports of CIM-XML where none is named."""
        port = port or (self.https_port if tls else self.http_port)
        raw = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        if not tls:
            return raw
        context = ssl.create_default_context(cafile=str(self.certificate))
        return context.wrap_socket(raw, server_hostname="localhost")


class NotReadyError(AssertionError):
    """The agent ended before it was ready."""


PORTS_REMEMBERED = 2000
_GIVEN: dict[int, None] = {}  # the last ones, the oldest first


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody uses now, below those that the kernel gives to clients.

    None of them twice: one that was given out may not be in use yet, or not again.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        if port in _GIVEN:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _GIVEN[port] = None
            found.append(port)
    while len(_GIVEN) > PORTS_REMEMBERED:
        del _GIVEN[next(iter(_GIVEN))]
    return found


def write_users(path: Path, users: Mapping[str, str] = USERS) -> None:
    """A users file in which everybody has PASSWORD."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    path.write_text("".join(f"{name}:{hashed}:{role}\n" for name, role in users.items()))
    path.chmod(0o600)


@contextlib.contextmanager
def running_agent(
    folder: Path,
    *,
    settings: str = "",
    listen: str = "",
    auth: str = "",
    root: Path = Path("/"),
    env: Mapping[str, str] | None = None,
    command: tuple[str, ...] = (sys.executable, "-m", "esmd"),
) -> Iterator[RunningAgent]:
    """Starts an agent on loopback and stops it in the end; its exit status must be 0.

    Args:
        settings: more sections of the configuration.
        listen, auth: more lines of its sections [listen] and [auth].
        root: of the machine that is read.
        command: what is run; `--config FILE` is added.
    """
    ports = _configure(folder, listen, auth, f'root = "{root}"\n{settings}')
    ready, told = os.pipe()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--config", str(folder / "esmd.toml")],
            stdout=log,
            stderr=log,
            pass_fds=(told,),
            cwd=PROJECT,
            env={**os.environ, "OPENESM_READY_FD": str(told), **(env or {})},
        )
    os.close(told)
    agent = RunningAgent(folder, *ports, process)
    try:
        with os.fdopen(ready, "rb") as line:
            if line.readline() != b"READY=1\n":
                raise NotReadyError(agent.log)
        yield agent
        stopped = _stop(process)
        assert stopped == 0, agent.log
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _configure(folder: Path, listen: str, auth: str, rest: str) -> list[int]:
    """Writes the configuration and the users; the ports of HTTP, HTTPS and WS-Management."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = free_ports(3)
    write_users(folder / "users")
    names = ("http_port", "https_port", "wsman_port")
    listening = "".join(f"{name} = {port}\n" for name, port in zip(names, ports, strict=True))
    (folder / "esmd.toml").write_text(
        f"[listen]\n{listening}{listen}\n"
        f'[auth]\nusers_file = "users"\nallow_plaintext_loopback = true\n{auth}\n'
        f'[tls]\ncert = "tls/server.pem"\nkey = "tls/server.key"\n'
        f'[state]\ndir = "state"\nsocket = "esmd.sock"\n[host]\n{rest}'
    )
    return ports


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_S)


def eventually(condition: object, what: str, within_s: float = 10.0) -> None:
    """Waits for a condition of another process; polled, because nothing could wake us."""
    until = time.monotonic() + within_s
    while not (condition() if callable(condition) else condition):
        assert time.monotonic() < until, what
        time.sleep(0.02)
