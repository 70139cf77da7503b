"""esmctl correlation check and dry-run, and esmctl event list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.running import PROJECT, eventually, running_agent

RULES = """VERSION=2
[absence]
CON=E.K==start
CON=E.K==end
TYPE=sequence
TIMEOUT=60
SAME_ATTRIBUTE=E.JOB
FAIL_EVENT=E.SEVERITY:Error,B.MESSAGE:"never finished"
[burst]
CON=E.K==start
TYPE=threshold:3
SUCCESS_EVENT=E.SEVERITY:Warning
"""


def esmctl(*words: str, language: str = "C") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "esmctl.main", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=PROJECT,
        env={**os.environ, "LC_ALL": language, "PYTHONIOENCODING": "utf-8"},
    )
    return done.returncode, done.stdout, done.stderr


def stream(path: Path, *events: tuple[float, dict[str, str]]) -> str:
    lines = [
        json.dumps({"number": number, "arrived": at, "attributes": attributes})
        for number, (at, attributes) in enumerate(events, 1)
    ]
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "rules.conf"
    path.write_text(RULES)
    return str(path)


@pytest.mark.parts
def test_check(tmp_path: Path, rules: str) -> None:
    assert esmctl("correlation", "check", rules) == (
        0,
        f"{rules}: nothing wrong. Generation conditions: 2.\n",
        "",
    )
    bad = tmp_path / "bad.conf"
    bad.write_text(RULES.replace("TIMEOUT=60", "TIMEOUT=0").replace("threshold:3", "many"))
    code, out, told = esmctl("correlation", "check", str(bad))
    assert (code, out) == (1, "")
    assert told.splitlines() == [
        f"esmctl: {bad}:6:9: TIMEOUT is 1 to 86400 seconds, not 0",
        f"esmctl: {bad}:11:6: TYPE is sequence, combination or threshold:n, not many",
    ]
    assert "TIMEOUT は" in esmctl("correlation", "check", str(bad), language="ja_JP.UTF-8")[2]
    assert "No such file" in esmctl("correlation", "check", str(tmp_path / "none"))[2]
    bad.write_text("VERSION=2\n# nothing yet\n")
    for order in "check", "apply":
        code, _, told = esmctl("correlation", order, str(bad))
        assert (code, "has no generation condition" in told) == (1, True)


@pytest.mark.parts
def test_dry_run_over_a_file(tmp_path: Path, rules: str) -> None:
    """R-91."""
    events = stream(
        tmp_path / "events",
        (0, {"E.K": "start", "E.JOB": "a", "B.TIME": "1790000000"}),
        (1, {"E.K": "start", "E.JOB": "b"}),
        (2, {"E.K": "start"}),
        (30, {"E.K": "end", "E.JOB": "b"}),
        (200, {"E.K": "start", "E.JOB": "c"}),
    )
    code, out, told = esmctl("--json", "correlation", "dry-run", rules, "--events", events)
    assert (code, told) == (0, "")
    rows: list[dict[str, Any]] = json.loads(out)
    assert [(row["condition"], row["result"], row["sources"]) for row in rows] == [
        ("absence", "ungrouped", "3"),
        ("burst", "success", "1 2 3"),
        ("absence", "success", "2 4"),
        ("absence", "fail", "1"),
        ("absence", "open", "5"),
        ("burst", "open", "5"),
    ]
    assert rows[2]["cause"] == "CON 1: 2, CON 2: 4"
    assert rows[3]["cause"] == "CON 2 did not come within 60 s"
    assert rows[3]["issues"] == "E.SEVERITY=Error B.MESSAGE=never finished"


@pytest.mark.parts
@pytest.mark.parametrize(
    "line",
    ["nonsense", "{}", "[1]", '{"number": 1, "arrived": "x", "attributes": {}}',
     '{"number": 1, "arrived": 0, "attributes": {"B.ID": "x"}}',
     '{"number": 0, "arrived": 0, "attributes": {}}',
     '{"number": 1, "arrived": 0, "attributes": []}',
     '{"number": 1, "arrived": 1' + "0" * 400 + ', "attributes": {}}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_event(tmp_path: Path, rules: str, line: str) -> None:
    path = tmp_path / "events"
    path.write_text(line)
    code, _, told = esmctl("correlation", "dry-run", rules, "--events", str(path))
    assert code == 1
    assert told.startswith(f"esmctl: {path}:1: not an event: ")
    assert "Traceback" not in told


@pytest.mark.parts
@pytest.mark.parametrize("time", ["²", "9" * 15, "-1", "x", ""])
def test_times_that_are_none(tmp_path: Path, rules: str, time: str) -> None:
    attributes = {"E.K": "start", "B.TIME": time}
    events = stream(tmp_path / "events", (0, attributes), (1, attributes), (2, attributes))
    code, out, told = esmctl("--json", "correlation", "dry-run", rules, "--events", events)
    assert (code, told) == (0, "")
    assert [each["at"] for each in json.loads(out) if each["result"] == "success"] == ["2"]


@pytest.mark.parts
def test_over_the_history_of_an_agent(tmp_path: Path) -> None:
    rules = tmp_path / "rules.conf"
    rules.write_text(
        "VERSION=2\n[tests]\nCON=E.ESM_TEST==TRUE,E.SEVERITY==Error\nTYPE=threshold:2\n"
        "SUCCESS_EVENT=E.SEVERITY:Alert\n"
    )
    with running_agent(tmp_path / "agent") as agent:
        socket = ("--socket", str(agent.local_socket))
        for severity in ("critical", "warning", "critical"):
            assert esmctl(*socket, "alert", "test", "--severity", severity)[0] in (0, 1)
        code, out, told = esmctl(*socket, "--json", "correlation", "dry-run", str(rules))
        assert (code, told) == (0, "")
        (row,) = json.loads(out)
        assert (row["condition"], row["result"]) == ("tests", "success")
        numbers = row["sources"].split()
        code, out, _ = esmctl(*socket, "--json", "event", "list")
        listed = {each["number"]: each for each in json.loads(out)}
        assert [listed[number]["severity"] for number in numbers] == ["Error", "Error"]
        assert "E.ESM_TEST=TRUE" in listed[numbers[0]]["attributes"]


@pytest.mark.parts
def test_orders_to_an_agent(tmp_path: Path, rules: str) -> None:
    with running_agent(tmp_path / "agent") as agent:
        socket = ("--socket", str(agent.local_socket))
        for words, said in (
            (("status",), "Correlation is off."),
            (("enable",), "Correlation is running."),
            (("apply", rules), "Applied. Generation conditions: 2, unchanged: 0."),
            (("stop",), "Correlation is paused."),
            (("apply", rules), "Applied. Generation conditions: 2, unchanged: 2."),
            (("start",), "Correlation is running."),
            (("status",), "absence burst"),
            (("clear",), "There is no definition in use any more."),
            (("disable",), "Correlation is off."),
        ):
            code, out, told = esmctl(*socket, "correlation", *words)
            assert (code, told) == (0, ""), words
            assert said in out, words
        bad = tmp_path / "bad.conf"
        bad.write_text(RULES.replace("TIMEOUT=60", "TIMEOUT=0").replace("threshold:3", "many"))
        code, _, told = esmctl(*socket, "correlation", "apply", str(bad))
        assert (code, len(told.splitlines())) == (1, 2)
    code, _, told = esmctl(*socket, "correlation", "status")
    assert code == 2
    assert "Traceback" not in told


@pytest.mark.parts
def test_history_and_explanations(tmp_path: Path) -> None:
    """R-70, R-72, R-93."""
    rules = tmp_path / "rules.conf"
    rules.write_text(
        "VERSION=2\n[pair]\nTARGET=E.ESM_TEST==TRUE\nCON=E.SEVERITY==Warning\nCON=E.SEVERITY==Error;Critical\n"
        "TIMEOUT=600\nSUCCESS_EVENT=E.SEVERITY:Alert\n"
    )
    with running_agent(tmp_path / "agent") as agent:
        socket = ("--socket", str(agent.local_socket), "--json")

        def shown(*words: str) -> list[dict[str, str]]:
            code, out, told = esmctl(*socket, "correlation", *words)
            assert (code, told) == (0, "")
            found: list[dict[str, str]] = json.loads(out)
            return found

        for words in (("apply", str(rules)), ("enable",)):
            assert esmctl(*socket, "correlation", *words)[0] == 0
        for severity in ("warning", "information", "critical"):
            esmctl(*socket, "alert", "test", "--severity", severity)
        eventually(lambda: shown("history", "--condition", "pair"), "the pair was decided", 10)
        (decided,) = shown("history", "--condition", "pair", "--since", "1h")
        assert (decided["condition"], decided["result"]) == ("pair", "success")
        first, last = decided["sources"].split()
        assert decided["cause"] == f"CON 1: {first}, CON 2: {last}"
        rows = shown("explain", decided["issued"])
        assert (rows[0]["event"], rows[0]["place"]) == (decided["issued"], "success")
        assert [(each["event"], each["actual"], each["holds"]) for each in rows[1:]] == [
            (first, "Warning", "yes"),
            (last, "Error", "yes"),
        ]
        other = next(n for n in range(int(first) + 1, int(last)))  # the information
        assert [(each["place"], each["actual"], each["holds"]) for each in shown("explain", str(other))] == [
            ("TARGET", "TRUE", "yes"),
            ("CON 1", "Information", "no"),
            ("CON 2", "Information", "no"),
        ]
        esmctl(*socket, "alert", "test", "--severity", "warning")
        listed = json.loads(esmctl(*socket, "event", "list")[1])
        opened = next(row["number"] for row in reversed(listed) if "E.ESM_TEST=TRUE" in row["attributes"])
        eventually(lambda: shown("explain", opened)[0]["place"] == "open", "the last one has its set", 10)
        esmctl(*socket, "correlation", "disable")
        decided_since = [each["result"] for each in shown("history")]
        assert decided_since == ["applied", "start", "success", "stop", "discarded"]
        code, _, told = esmctl(*socket, "correlation", "explain", "999999")
        assert (code, told) == (1, "esmctl: There is no event 999999.\n")
        assert esmctl(*socket, "correlation", "explain", "-1")[0] != 0
