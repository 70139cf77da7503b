"""esmctl state restore: a copy in the place of the store, or nothing changed at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from esmctl import agent as control
from esmctl.main import main
from tests.running import RunningAgent, running_agent

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def tool(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return tool


def trials(agent: RunningAgent) -> int:
    told = control.ask(agent.local_socket, "alert-list", limit=1000)["alerts"]
    return sum(each["test"] for each in told)


def test_back_to_the_copy(tmp_path: Path, run: Run) -> None:
    home, copy = tmp_path / "agent", tmp_path / "copy.db"
    with running_agent(home) as agent:
        control.ask(agent.local_socket, "alert-test", severity="information")
        place = ("--config", agent.config)
        assert run("state", "backup", copy, *place)[0] == 0
        control.ask(agent.local_socket, "alert-test", severity="information")
        code, _, said = run("state", "restore", copy, *place)
        assert (code, "Stop it first" in said) == (1, True)
        assert trials(agent) == 2
    code, shown, _ = run("state", "restore", copy, *place)
    assert (code, "store.db.before" in shown) == (0, True)
    assert (home / "state" / "store.db").stat().st_mode & 0o777 == 0o600
    with running_agent(home) as agent:
        assert trials(agent) == 1
    with closing(sqlite3.connect(home / "state" / "store.db.before")) as db:
        assert db.execute("SELECT count(*) FROM alert WHERE event_id = ?", (0x40000708,)).fetchone() == (2,)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"no database", "not a database", id="garbage"),
        pytest.param(b"", "user_version", id="empty"),
        pytest.param(None, "No such file", id="none"),
    ],
)
def test_what_is_no_copy_changes_nothing(tmp_path: Path, run: Run, content: bytes | None, says: str) -> None:
    home, copy = tmp_path / "agent", tmp_path / "copy.db"
    with running_agent(home) as agent:
        control.ask(agent.local_socket, "alert-test", severity="information")
    if content is not None:
        copy.write_bytes(content)
    code, shown, said = run("state", "restore", copy, "--config", agent.config)
    assert (code, shown) == (1, "")
    assert says in said
    assert not list((home / "state").glob("store.db.*"))
    with running_agent(home) as agent:
        assert trials(agent) == 1
