"""README.md and docs/alerts.md word for word: from nothing to a received indication."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.esmctl.listening import listening
from tests.running import RunningAgent, running_agent

PROJECT = Path(__file__).parents[2]
PAGES = {"README.md": "## Be told", "docs/alerts.md": "## From nothing to a received indication"}


def commands(page: str, heading: str) -> list[str]:
    """The commands of the first section under a heading that a reader pastes."""
    text = (PROJECT / page).read_text("utf-8").partition(f"{heading}\n")[2].partition("\n## ")[0]
    return [
        line[2:]
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def paste(agent: RunningAgent, command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of a page where the reader stands: in the folder that has the agent's `run/`."""
    tool, *words = shlex.split(command)
    assert Path(tool).name == "esmctl"
    return subprocess.run(
        [sys.executable, "-m", "esmctl.main", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=agent.folder.parent,
        env={**os.environ, "LC_ALL": "C", "PYTHONPATH": str(PROJECT)},
    )


@pytest.mark.parametrize(("page", "heading"), PAGES.items(), ids=list(PAGES))
def test_three_commands(tmp_path: Path, page: str, heading: str) -> None:
    listen, *rest = commands(page, heading)
    assert shlex.split(listen)[1:] == ["listen", "--http"]
    assert len(rest) == 2
    with (
        running_agent(tmp_path / "run") as agent,
        listening(tmp_path / "listener", "--http", "--port", "6736") as listener,
    ):
        for command in rest:
            done = paste(agent, command)
            assert done.returncode == 0, done.stderr
        assert "delivered after" in done.stdout
        assert "This is a test." in listener.lines(1)[0]
