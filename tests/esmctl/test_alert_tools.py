"""The tools for thresholds, alerts, subscriptions and backlogs, on a running agent."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from esmctl.agent import ask
from esmctl.cimsub.main import main as cimsub
from esmctl.failure import FailureError
from esmctl.main import main
from esmctl.telling import since, span
from esmd.auth.users import Role
from esmd.control import commands
from openesm.settings import load
from openesm.settings.edit import NotEditableError, with_value
from tests.esmctl.listening import listening
from tests.running import RunningAgent, running_agent

MEMORY = "ESM_PhysicalMemory/"
Tool = Callable[..., tuple[int, str, str]]
WANTED = "SELECT * FROM ESM_AlertIndication"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("agent")) as running:
        yield running
        assert "Traceback" not in running.log, running.log


@pytest.fixture
def tool(served: RunningAgent, capfd: pytest.CaptureFixture[str]) -> Tool:
    """Runs an esmctl command line about the agent; exit code, output, complaints."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([*(str(word) for word in words), "--config", str(served.config)])
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def rows(tool: Tool) -> Callable[..., list[dict[str, str]]]:
    def run(*words: object) -> list[dict[str, str]]:
        _, shown, said = tool(*words, "--json")
        assert not said
        found: list[dict[str, str]] = json.loads(shown)
        return found

    return run


def subscribed(served: RunningAgent, name: str, url: str, query: str = WANTED) -> None:
    for words in (
        ["-cf", name, "-Q", query, "-N", "root/ESMPRO/AS"],
        ["-ch", name, "-D", url],
        ["-cs", "-F", name, "-H", name],
    ):
        assert cimsub([*words, "--socket", str(served.local_socket)]) == 0


# -- thresholds


def memory_of(rows: Any) -> str:
    listed = (row["element"] for row in rows("threshold", "list"))
    return next(str(element) for element in listed if element.startswith(MEMORY))


def test_limits_are_listed_changed_and_put_back(rows: Any, tool: Tool, served: RunningAgent) -> None:
    element = memory_of(rows)
    before = {row["setting"]: row["value"] for row in rows("threshold", "get", element)}
    assert (before["MonitoringEnabled"], before["WarningThreshold"]) == ("false", "95")
    words = ("--enable", "--interval", 2, "--warning", 90, "--watched-value", "used")
    after = {row["setting"]: row["value"] for row in rows("threshold", "set", element, *words)}
    changed = {name for name in before if before[name] != after[name]}
    assert changed >= {"MonitoringEnabled", "MonitoringInterval", "WarningThreshold", "WatchedValue"}
    listed = next(row for row in rows("threshold", "list") if row["element"] == element)
    assert (listed["watched"], listed["every"], listed["warning"]) == ("yes", "2s", "90")
    back = rows("threshold", "set", element, "--watched-value", "without-caches")
    assert {"setting": "WatchedValue", "value": "1"} in back
    assert tool("threshold", "reset", element)[0] == 0
    again = {row["setting"]: row["value"] for row in rows("threshold", "get", element)}
    assert again["MonitoringEnabled"] == "false"
    assert again["WarningThreshold"] == "95"
    assert 'command="threshold-set"' in served.audit


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        pytest.param(["threshold", "get", "ESM_Processor/none"], 1, "No element", id="no element"),
        pytest.param(["threshold", "set", "x", "--enable"], 1, "No element x", id="no class"),
        pytest.param(["threshold", "set", "MEMORY"], 1, "Say what to change", id="nothing to set"),
        pytest.param(["threshold", "set", "MEMORY", "--warning", 101], 1, "outside of 0 to 100", id="range"),
        pytest.param(
            ["threshold", "set", "MEMORY", "--warning", 100], 1, "must stand in this order", id="order"
        ),
        pytest.param(["threshold", "set", "MEMORY", "--unit", "mb"], 1, "cannot be set", id="no property"),
        pytest.param(["alert", "show", "none"], 1, "no alert none", id="no alert"),
        pytest.param(["alert", "show", "\udc80"], 1, "There is no alert", id="no text"),
        pytest.param(["alert", "list", "--limit", 0], 1, "limit is missing", id="limit"),
        pytest.param(["subscription", "add", "file:///etc/x"], 1, "http", id="told where"),
        pytest.param(["subscription", "add", "http://u:p@example.com"], 1, "", id="with a password"),
        pytest.param(
            ["subscription", "add", "http://x.example.com", "--duration", 0], 1, "duration", id="no time"
        ),
        pytest.param(["subscription", "remove", "a", "b"], 1, "filter a and the dest", id="no subscription"),
        pytest.param(["subscription", "test", "a", "b"], 1, "filter a and the dest", id="none to test"),
        pytest.param(["backlog", "drop", 77], 1, "no backlog 77", id="no backlog"),
        pytest.param(["backlog", "drop", 2**70], 1, "number is missing", id="huge number"),
        pytest.param(["destination", "trust", "nobody", "--off"], 1, "neither a URL", id="no destination"),
        pytest.param(["destination", "trust", "ftp://x", "--off"], 1, "", id="no URL of a listener"),
        pytest.param(["destination", "trust", "https://x"], 2, "Say one of", id="trust what"),
        pytest.param(["destination", "trust", "https://x", "--pin", "ab"], 1, "", id="no pin"),
        pytest.param(["destination", "trust", "https://x", "--ca", "no.pem"], 1, "no.pem", id="no file"),
    ],
)
def test_refusals_say_why(rows: Any, tool: Tool, words: list[object], code: int, complaint: str) -> None:
    element = memory_of(rows) if "MEMORY" in words else ""
    got, shown, said = tool(*(element if word == "MEMORY" else word for word in words))
    assert (got, shown) == (code, "")
    assert said.startswith("esmctl: ")
    assert complaint in said


def test_nothing_is_watched_in_non_service_mode(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """OV-7: a limit that nobody judges by is not taken."""
    with running_agent(tmp_path, settings="[mode]\nservice = false\n") as agent:
        place = ("--config", str(agent.config))
        assert main(["threshold", "set", "ESM_PageFile/_Total", "--warning", "50", *place]) == 1
    assert "non-service mode" in capfd.readouterr().err


def test_who_may_only_look_changes_nothing() -> None:
    found = commands(cast(Any, None), cast(Any, None), cast(Any, None), cast(Any, None))
    roles = {name: role for name, (role, _) in found.items()}
    looks = {name for name, role in roles.items() if role is Role.VIEWER}
    assert looks == {name for name in roles if name.rpartition("-")[2] in ("list", "get", "show")}
    assert {name for name, role in roles.items() if role is Role.OPERATOR} == {"alert-test"}


@pytest.mark.parametrize(
    ("command", "args"),
    [
        pytest.param("alert-list", {"since": 10**30}, id="since"),
        pytest.param("alert-list", {"limit": "9"}, id="limit"),
        pytest.param("threshold-get", {}, id="nothing"),
        pytest.param("threshold-set", {"element": "ESM_PageFile/_Total", "settings": [1]}, id="settings"),
        pytest.param("alert-test", {"severity": ["x"]}, id="severity"),
    ],
)
def test_arguments_of_another_tool(served: RunningAgent, command: str, args: dict[str, object]) -> None:
    with pytest.raises(FailureError, match="is missing or cannot be used"):
        ask(served.local_socket, command, **args)


# -- alerts and subscriptions


def test_a_manager_is_told_once_it_is_trusted(
    rows: Any, tool: Tool, served: RunningAgent, tmp_path: Path
) -> None:
    with listening(tmp_path) as listener:
        subscribed(served, "T", listener.url)
        code, shown, _ = tool("alert", "test", "--wait", 1, "--json")
        (waits,) = json.loads(shown)
        assert (code, waits["destination"], waits["url"]) == (1, "T", listener.url)
        assert "authority that is not trusted" in waits["result"]
        (standing,) = rows("subscription", "list")
        assert (standing["state"], standing["expires in"], standing["last success"]) == ("enabled", "-", "-")
        assert standing["last error"].startswith("The listener's certificate")

        pin = listener.told[-1].split()[-1]
        assert tool("destination", "trust", "T", "pin", pin)[0] == 0
        code, shown, _ = tool("subscription", "test", "T", "T", "--severity", "critical", "--json")
        (delivered,) = json.loads(shown)
        assert code == 0, delivered
        assert re.fullmatch(r"delivered after \d+\.\d s", delivered["result"])
        told = listener.lines(2)
        assert "ESMCOMMONSERVICE/40000708  This is a test." in told[0]
        assert "Critical  " in told[1]

        newest, before = rows("alert", "list", "--limit", 2)
        assert (newest["severity"], newest["event"]) == ("critical", "ESMCOMMONSERVICE/C0000708")
        assert (before["severity"], before["delivered"], before["waits"]) == ("information", "1", "0")
        alert = {row["name"]: row["value"] for row in rows("alert", "show", newest["uuid"])}
        assert (alert["test"], alert["message"]) == ("yes", newest["message"])

        code, shown, _ = tool("subscription", "remove", "CIM_IndicationFilter.T", "T")
        assert (code, shown) == (0, f"{listener.url} is no longer told what T selects.\n")
        assert rows("subscription", "list") == []
        code, _, said = tool("alert", "test")
        assert (code, "No subscription selects" in said) == (1, True)


def test_an_alert_waits_for_a_listener_that_is_away(
    rows: Any, tool: Tool, served: RunningAgent, tmp_path: Path
) -> None:
    subscribed(served, "A", "http://127.0.0.1:9", "SELECT * FROM ESM_AlertIndication WHERE IsTest = TRUE")
    assert tool("alert", "test", "--wait", 0)[0] == 1
    uuid = rows("alert", "list", "--limit", 1)[0]["uuid"]
    waits = next(row["value"] for row in rows("alert", "show", uuid) if row["name"] == "waits")
    assert waits.startswith("A > A (http://127.0.0.1:9)")
    assert rows("subscription", "list")[0]["pending"] == "1"
    with listening(tmp_path, "--http") as listener:
        subscribed(served, "B", listener.url)
        (only,) = rows("subscription", "test", "B", "B")
        assert (only["destination"], only["result"][:9]) == ("B", "delivered")
        for name in "A", "B":
            assert tool("subscription", "remove", name, name)[0] == 0


def test_added_twice_is_told(rows: Any, tool: Tool) -> None:
    """The second time there is such a subscription; under another name there is none."""
    url = "http://127.0.0.1:9/added"
    assert tool("subscription", "add", url, "--name", "ADDED", "--duration", 1000)[0] == 0
    assert tool("subscription", "add", url, "--name", "ADDED")[0] == 1
    (found,) = [row for row in rows("subscription", "list") if row["destination"] == "ADDED"]
    assert (found["url"], found["state"]) == (url, "enabled")
    assert tool("subscription", "remove", "ESM:AlertIndications", "ADDED")[0] == 0
    assert tool("subscription", "add", url, "--name", "ADDED")[0] == 0
    assert tool("subscription", "remove", "ESM:AlertIndications", "ADDED")[0] == 0


def test_alerts_since(rows: Any) -> None:
    assert rows("alert", "list", "--since", "1h")
    assert rows("alert", "list", "--since", "2999-01-01T00:00") == []


# -- backlogs and the store


def test_a_backlog_is_listed_and_dropped(rows: Any, tool: Tool, served: RunningAgent) -> None:
    with closing(sqlite3.connect(served.folder / "state" / "store.db", timeout=10)) as db, db:
        db.execute(
            "INSERT INTO lapsed (number, url, query, language, namespaces, since)"
            " VALUES (5, 'http://u:p@127.0.0.1:9', 'SELECT * FROM ESM_AlertIndication', 'WQL', '[]', -90)"
        )
        db.execute("INSERT INTO backlog (lapsed, alert, queued_at) SELECT 5, number, 0 FROM alert LIMIT 1")
    (backlog,) = rows("backlog", "list")
    assert (backlog["number"], backlog["url"], backlog["kept"]) == ("5", "http://***@127.0.0.1:9", "1")
    assert backlog["lapsed"].startswith("1m ")
    assert tool("backlog", "drop", 5) == (0, "1 alerts are forgotten.\n", "")
    assert rows("backlog", "list") == []


def test_a_backup_is_whole_and_never_overwrites(tool: Tool, rows: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert tool("state", "backup", copy)[0] == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as db:
        (count,) = db.execute("SELECT count(*) FROM alert").fetchone()
    assert count == len(rows("alert", "list", "--limit", 1000))
    before = copy.read_bytes()
    code, _, said = tool("state", "backup", copy)
    assert (code, "File exists" in said, copy.read_bytes() == before) == (1, True, True)


def test_no_store_to_copy(run: Tool, tmp_path: Path) -> None:
    code, _, said = run("state", "backup", tmp_path / "copy.db")
    assert (code, "store.db: No such file" in said) == (1, True)
    assert not (tmp_path / "copy.db").exists()


# -- trust, times


def test_trust_is_written_beside_what_was_there(run: Tool, config: Path) -> None:
    first, second = "https://m.example:6736", "https://n.example/x?y=z"
    assert run("destination", "trust", first, "--off")[0] == 0
    assert run("destination", "trust", second, "--pin", "sha256:" + "AB" * 32)[0] == 0
    assert run("destination", "trust", second, "--pin", "sha256:" + "ab" * 32)[0] == 0
    assert run("destination", "trust", first, "--system")[0] == 0
    assert config.read_text().startswith("# mine\n[listen]\nscope = ")
    assert load(config).delivery.trust == {first: "system", second: "pin sha256:" + "ab" * 32}
    config.write_text('[delivery]\ntrust = { "https://a" = "system" }\n')
    code, _, said = run("destination", "trust", first, "--off")
    assert (code, f'"{first}" = "verify off"' in said) == (1, True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", '\n[a.b]\n"x://y" = "v"\n', id="empty"),
        pytest.param("[a.b] # t\n", '[a.b] # t\n"x://y" = "v"\n', id="table"),
        pytest.param("[a]\nc = 1\n", '[a]\nc = 1\n\n[a.b]\n"x://y" = "v"\n', id="only the outer table"),
        pytest.param("[a.b]\n'x://y' = \"w\" # c\n", "[a.b]\n'x://y' = \"v\" # c\n", id="value"),
    ],
)
def test_a_key_of_a_table_in_a_table(before: str, after: str) -> None:
    assert with_value(before, ("a", "b"), "x://y", "v") == after


@pytest.mark.parametrize("text", ["[a]\nb = { c = 1 }\n", "a = 1\n", "[a]\nb = 'x'\n"])
def test_tables_that_are_not_edited(text: str) -> None:
    with pytest.raises(NotEditableError):
        with_value(text, ("a", "b"), "x", "v")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0, "0s"), (59.6, "1m"), (3661, "1h 1m"), (86400, "1d"), (-5, "0s")],
)
def test_spans(seconds: float | None, text: str) -> None:
    assert span(seconds) == text


def test_moments_to_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    assert (since("2h", 10_000.0), since("2026-01-31T09:00")) == (2800.0, 1769817600.0)
    monkeypatch.undo()
    time.tzset()
    with pytest.raises(ArgumentTypeError, match="neither a date"):
        since("yesterday")
