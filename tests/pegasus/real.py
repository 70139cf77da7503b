"""A real tog-pegasus for tests and benchmarks; OPENESM_PEGASUS is the home of a built one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pywbem

from openesm import atomic
from tests.faults.rig import GoneError
from tests.others.suite import SAMPLES, settings_with
from tests.running import PROJECT, RunningAgent, eventually, free_ports, running_agent

HOME = os.environ.get("OPENESM_PEGASUS", "")
BINDINGS = os.environ.get("OPENESM_CMPI_BINDINGS", "")
PYTHON = os.environ.get("OPENESM_PEGASUS_PYTHON", "/usr/bin/python3")
NAMESPACE = "root/ESMPRO/AS"
MODULE = "OpenESM"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # as a service has it


@dataclass
class Real:
    """A running Pegasus, and the agent that monitors for it; both can be killed and started again."""

    port: int
    folder: Path
    env: dict[str, str]
    esmctl: list[str]
    settings: str
    agent: RunningAgent = field(init=False)
    _agent: ExitStack = field(init=False, default_factory=ExitStack)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def socket(self) -> Path:
        return self.agent.local_socket

    def connection(self) -> pywbem.WBEMConnection:
        return pywbem.WBEMConnection(self.url, ("nobody", ""), NAMESPACE)

    def run(self, *words: str) -> str:
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    # -- lives

    def start_agent(self) -> None:
        self.agent = self._agent.enter_context(running_agent(self.folder / "agent", settings=self.settings))

    def stop_agent(self) -> None:
        self._agent.close()

    def kill_agent(self) -> None:
        self.agent.process.kill()
        self.agent.process.wait()
        stack = self._agent.pop_all()
        with suppress(GoneError):
            stack.__exit__(GoneError, GoneError(), None)

    def start_cimserver(self, **options: str) -> None:
        """Tried again while one that was killed is still in the table of processes."""
        options = {"enableHttpConnection": "true", "enableHttpsConnection": "false", **options}
        words = [f"httpPort={self.port}", "enableAuthentication=false", "daemon=true"]
        words += [f"{name}={value}" for name, value in options.items()]

        def has_started() -> bool:
            done = subprocess.run(
                [f"{HOME}/bin/cimserver", *words],
                env={**self.env, "PATH": SYSTEM_PATH},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                timeout=60,
            )
            return done.returncode == 0

        eventually(has_started, "cimserver has started", 60)

    def stop_cimserver(self) -> None:
        subprocess.run([f"{HOME}/bin/cimserver", "-s"], env=self.env, capture_output=True, timeout=60)
        eventually(lambda: not self.cimservers(), "cimserver has stopped", 60)

    def kill_cimserver(self) -> None:
        """With the provider processes, which end when they lose it."""
        for process in self.cimservers():
            os.kill(process, signal.SIGKILL)
        eventually(lambda: not self.cimservers() and not self.provider_processes(), "they are gone", 60)

    def kill_provider(self) -> None:
        for process in self.provider_processes():
            os.kill(process, signal.SIGKILL)

    def cimservers(self) -> list[int]:
        return [number for number, command in self._processes() if f"{HOME}/bin/cimserver" in command]

    def provider_processes(self, module: str = MODULE) -> list[int]:
        return [
            number
            for number, command in self._processes()
            if f"{HOME}/bin/cimprovagt" in command and command.rstrip().endswith(module)
        ]

    def _processes(self) -> Iterator[tuple[int, str]]:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield int(folder.name), command


@contextmanager
def real_pegasus(folder: Path) -> Iterator[Real]:
    """Started on a port of its own, with everything registered; in the end all is removed again.

    Two runs on one Pegasus would take each other's providers and processes away.
    """
    try:
        lock = atomic.acquire(Path(HOME) / "openesm-tests.lock", wait_s=0)
    except atomic.LockedError as held:
        pytest.fail(f"another run has this Pegasus: {held.holder}")
    try:
        with _registered_pegasus(folder) as found:
            yield found
    finally:
        os.close(lock)


@contextmanager
def _registered_pegasus(folder: Path) -> Iterator[Real]:
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
    found = Real(port, folder, env, esmctl, settings_with(folder, *SAMPLES.glob("acme_lamps.*")))
    found.start_agent()
    found.start_cimserver()
    try:
        found.run(*esmctl, "register")
        yield found
        found.run(*esmctl, "unregister")
    finally:
        found.stop_cimserver()
        found.stop_agent()


@contextmanager
def registered_by_bindings(real: Real) -> Iterator[None]:
    """cmpi-bindings is the way to the providers for this long."""
    library = Path(HOME) / "lib" / "libpy3CmpiProvider.so"
    python = str(real.folder / "prefix" / "bin" / "python")
    place = real.run(python, "-c", "from esmctl.bindings import folder; print(folder())").strip()
    module = Path(place) / "cmpi.py"
    shutil.copy(Path(BINDINGS) / library.name, library)
    shutil.copy(Path(BINDINGS) / module.name, module)
    real.run(*real.esmctl, "register", "--bindings")
    try:
        yield
    finally:
        real.run(*real.esmctl, "register")
        library.unlink()
        module.unlink()
