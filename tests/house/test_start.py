"""The daemon's start path stays small: what is slow to load, or only for tools, is not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import PROJECT, RunningAgent, write_users

FORBIDDEN = (
    "aiohttp",
    "lxml",
    "ply",
    "psutil",
    "pysnmp",
    "pywbem",
    "pywbem_mock",
    "re2",
    "requests",
    "textual",
    "yaml",
)
IMPORTING = "import sys; import {module}; print(' '.join(sys.modules))"
BUILDING = """
import asyncio, sys
from pathlib import Path
from esmd.daemon import Agent
from openesm.settings import load

async def run():
    settings = load(Path(sys.argv[1]))
    agent = Agent(settings, lambda: settings)
    await agent.start()
    await agent.stop()

asyncio.run(run())
print(' '.join(sys.modules))
"""


def modules(code: str, *arguments: str) -> set[str]:
    """Top-level modules that are loaded after `code` in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    return {module.partition(".")[0] for module in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("module", ["esmd.main", "esmd.daemon", "providers", "esmctl.main"])
def test_importing(module: str) -> None:
    loaded = modules(IMPORTING.format(module=module))
    assert module.partition(".")[0] in loaded
    assert loaded & set(FORBIDDEN) == set()


def test_a_running_agent(tmp_path: Path) -> None:
    """Started for the second time: the schema is compiled already, as on every boot but the first."""
    write_users(tmp_path / "users")
    config = tmp_path / "esmd.toml"
    config.write_text(
        '[listen]\nhttps_port = 0\n[auth]\nusers_file = "users"\n'
        '[tls]\ncert = "tls/server.pem"\nkey = "tls/server.key"\n'
        '[state]\ndir = "state"\nsocket = "esmd.sock"\n'
    )
    modules(BUILDING, str(config))
    loaded = modules(BUILDING, str(config))
    assert {"esmd", "providers", "openesm"} <= loaded
    assert loaded & set(FORBIDDEN) == set()


def test_the_agent_that_tests_share_loads_nothing_else(agent: RunningAgent) -> None:
    """Libraries with shared objects show in the memory map of a process, whatever imported them."""
    mapped = (Path("/proc") / str(agent.process.pid) / "maps").read_text()
    assert "python" in mapped
    assert [name for name in ("lxml", "psutil", "yaml") if f"/{name}/" in mapped] == []
