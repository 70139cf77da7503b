"""A real tog-pegasus for tests and benchmarks; OPENESM_PEGASUS is the home of a built one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pywbem

from tests.others.suite import SAMPLES, settings_with
from tests.running import PROJECT, free_ports, running_agent

HOME = os.environ.get("OPENESM_PEGASUS", "")
PYTHON = os.environ.get("OPENESM_PEGASUS_PYTHON", "/usr/bin/python3")
NAMESPACE = "root/ESMPRO/AS"


@dataclass
class Real:
    """A running Pegasus, and the agent that monitors for it."""

    port: int
    own_port: int  # of the agent's own server
    own_pid: int
    socket: Path
    env: dict[str, str]
    esmctl: list[str]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def connection(self) -> pywbem.WBEMConnection:
        return pywbem.WBEMConnection(self.url, ("nobody", ""), NAMESPACE)

    def run(self, *words: str) -> str:
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


@contextmanager
def pegasus(env: dict[str, str], port: int) -> Iterator[None]:
    server = f"{HOME}/bin/cimserver"
    subprocess.run(
        [server, f"httpPort={port}", "enableHttpConnection=true", "enableHttpsConnection=false",
         "enableAuthentication=false", "daemon=true"],
        env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        timeout=60,
    )  # fmt: skip
    try:
        yield
    finally:
        subprocess.run([server, "-s"], env=env, check=False, capture_output=True, timeout=60)


@contextmanager
def real_pegasus(folder: Path) -> Iterator[Real]:
    """Started on a port of its own, with everything registered; in the end all is removed again."""
    prefix = folder / "prefix"
    subprocess.run([PYTHON, "-m", "venv", str(prefix)], check=True)
    subprocess.run(
        [str(prefix / "bin" / "pip"), "-q", "install", str(PROJECT)], check=True, capture_output=True
    )
    (folder / "cmpi").mkdir(mode=0o700)
    env = {
        **os.environ,
        "PEGASUS_HOME": HOME,
        "LD_LIBRARY_PATH": f"{HOME}/lib",
        "OPENESM_CONFIG": str(folder / "agent" / "esmd.toml"),
        "OPENESM_CMPI_DIR": str(folder / "cmpi"),
    }
    (port,) = free_ports(1)
    esmctl = [str(prefix / "bin" / "esmctl"), "pegasus"]
    others = settings_with(folder, *SAMPLES.glob("acme_lamps.*"))
    with running_agent(folder / "agent", settings=others) as agent, pegasus(env, port):
        found = Real(port, agent.http_port, agent.process.pid, agent.local_socket, env, esmctl)
        found.run(*esmctl, "register")
        try:
            yield found
        finally:
            found.run(*esmctl, "unregister")
