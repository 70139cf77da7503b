"""What makes the figures of docs/performance.md, as far as it can be seen without a clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import PASSWORD, RunningAgent, running_agent

HEAVY = (
    "aiohttp",
    "hyperscan",
    "jinja2",
    "lxml",
    "nocaselist",
    "ply",
    "psutil",
    "pysnmp",
    "pywbem",
    "textual",
)
_IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent with its schema compiled before, whose log tells what it imports."""
    folder = tmp_path_factory.mktemp("figures")
    with running_agent(folder):
        pass
    (folder / "log").unlink()
    with running_agent(folder, env={"PYTHONPROFILEIMPORTTIME": "1"}) as running:
        yield running


def ask(agent: RunningAgent, *commands: str) -> None:
    """Reads instances of some classes through a client of its own process."""
    import pywbem

    connection = pywbem.WBEMConnection(agent.http, ("viewer", PASSWORD), default_namespace="root/ESMPRO/AS")
    for classname in commands:
        assert connection.EnumerateInstances(classname) is not None
    connection.close()


def test_the_agent_imports_nothing_heavy_even_when_asked(agent: RunningAgent) -> None:
    ask(agent, "ESM_Processor", "CIM_ComputerSystem", "ESM_FileSystemThread")
    imported = set(_IMPORTED.findall(agent.log))
    assert {"esmd.daemon", "openesm.host", "bcrypt"} <= imported
    assert not {name for name in imported if name.partition(".")[0] in HEAVY}


def test_a_second_start_compiles_no_schema(tmp_path: Path) -> None:
    stamps = []
    for _ in range(2):
        with running_agent(tmp_path) as running:
            stamps.append((running.folder / "state" / "schema.json").stat().st_mtime_ns)
    assert stamps[0] == stamps[1]


def test_an_idle_agent_has_few_threads(tmp_path: Path) -> None:
    with running_agent(tmp_path) as running:
        threads = list(Path(f"/proc/{running.process.pid}/task").iterdir())
    assert len(threads) <= 6  # the loop, the writer of the store, the system log, a reading or two


def test_answers_to_the_same_question_differ_in_nothing_but_the_message_id(agent: RunningAgent) -> None:
    from benchmarks.load import drive
    from benchmarks.question import enumerate_instances

    asking = enumerate_instances("CIM_ComputerSystem", ["Name", "Roles"])
    first, second = (
        drive(agent.http_port, iter([asking.numbered(number)]), requests=1, clients=1).last
        for number in (1, 2)
    )
    assert b'MESSAGE ID="00000001"' in first
    assert _body(second) == _body(first).replace(b'"00000001"', b'"00000002"')


def _body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]
