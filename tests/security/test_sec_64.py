"""SEC-64: what lies in the current folder or in the environment is never run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import PROJECT, running_agent
from tests.security.wire import ask, request

PLANTED = ("json", "ssl", "asyncio", "esmd", "bcrypt", "socket", "logging", "sitecustomize", "usercustomize")
UNIT = PROJECT / "esmctl" / "openesm.service"
START = "import sys; sys.path.insert(0, {project!r}); from {module} import main; sys.exit(main({argv!r}))"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder whose modules leave a mark when they are imported."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in PLANTED:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'marked')!r}, 'a').write({name!r})\n")
    return folder


def isolated(module: str, *argv: str) -> list[str]:
    """The command of an installed script: isolated mode, the project on the path and nothing else."""
    return [sys.executable, "-I", "-c", START.format(project=str(PROJECT), module=module, argv=list(argv))]


@pytest.mark.parametrize(
    "argv",
    [
        isolated("esmd.main", "--version"),
        isolated("esmctl.main", "--help"),
        isolated("esmctl.main", "roles"),
    ],
    ids=["esmd", "esmctl", "esmctl roles"],
)
def test_sec_64_a_hostile_folder(hostile: Path, tmp_path: Path, argv: list[str]) -> None:
    env = {**os.environ, "PYTHONPATH": str(hostile), "PYTHONSTARTUP": str(hostile / "json.py")}
    done = subprocess.run(argv, cwd=hostile, env=env, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "marked").exists()


def test_sec_64_an_agent_in_a_hostile_folder(hostile: Path, tmp_path: Path) -> None:
    start = START.format(project=str(PROJECT), module="esmd.main", argv=None)
    command = (sys.executable, "-I", "-c", f"import os; os.chdir({str(hostile)!r}); {start}")
    with running_agent(tmp_path / "agent", command=command, env={"PYTHONPATH": str(hostile)}) as agent:
        assert ask(agent, request()).status == 200
    assert not (tmp_path / "marked").exists()


def test_sec_64_the_service_sets_no_search_path() -> None:
    unit = UNIT.read_text()
    assert not re.search(r"^Environment=.*(LD_|PYTHON)", unit, re.MULTILINE)
    assert re.search(r"^NoNewPrivileges=yes$", unit, re.MULTILINE)
    assert re.search(r"^ExecStart=/", unit, re.MULTILINE)


def test_sec_64_no_part_of_the_project_sets_a_search_path() -> None:
    for room in ("esmd", "esmctl", "openesm", "providers", "indications", "subscription"):
        for path in (PROJECT / room).rglob("*.py"):
            assert not re.search(r"LD_(LIBRARY_PATH|PRELOAD)|PYTHONPATH", path.read_text()), path
