"""esmctl event send and tail, group, correlation set, metrics, backfill, timeline; and the names of JP1."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import PROJECT, RunningAgent, eventually, running_agent

pytestmark = pytest.mark.parts

PAIR = """VERSION=2
[pair]
CON=CID:1,E.K==a
CON=CID:2,E.K==b
TIMEOUT=600
SUCCESS_EVENT=E.SEVERITY:Alert,B.MESSAGE:"both <&> $EV1_B.SOURCESERVER"
"""
LATE = "VERSION=2\n[late]\nCON=E.K==a\nCON=E.K==c\nTYPE=sequence\nTIMEOUT=1\nFAIL_EVENT=B.MESSAGE:no c\n"


@dataclass
class Shell:
    """Commands given to a running agent."""

    agent: RunningAgent
    folder: Path

    def run(self, *words: str, given: str | None = None, language: str = "C") -> tuple[int, str, str]:
        return self._run("esmctl.main", ["--socket", str(self.agent.local_socket), *words], given, language)

    def jp1(self, name: str, *words: str, language: str = "C") -> tuple[int, str, str]:
        code = f"import sys; from esmctl.jp1 import {name}; sys.argv[0] = '{name}'; sys.exit({name}())"
        return self._run(None, ["-c", code, *words], None, language)

    def _run(
        self, module: str | None, words: list[str], given: str | None, language: str
    ) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, *(("-m", module) if module else ()), *words],
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=PROJECT,
            env={
                **os.environ,
                "LC_ALL": language,
                "PYTHONIOENCODING": "utf-8",
                "OPENESM_SOCKET": str(self.agent.local_socket),
            },
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    def rows(self, *words: str) -> list[dict[str, str]]:
        code, out, told = self.run("--json", *words)
        assert (code, told) == (0, "")
        found: list[dict[str, str]] = json.loads(out)
        return found

    def on(self, definition: str, *words: str) -> str:
        rules = self.folder / "rules.conf"
        rules.write_text(definition)
        for order in (("apply", str(rules), *words), ("enable",)):
            code, out, told = self.run("correlation", *order)
            assert (code, told) == (0, ""), order
        return out

    def decided(self, what: str) -> dict[str, str]:
        eventually(
            lambda: [each for each in self.rows("correlation", "history") if each["result"] == what], what, 10
        )
        return next(each for each in self.rows("correlation", "history") if each["result"] == what)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with running_agent(tmp_path / "agent") as agent:
        yield Shell(agent, tmp_path)


def test_events_of_others(shell: Shell) -> None:
    code, out, told = shell.run("event", "send", "E.K=a", "B.MESSAGE=no answer = none", "E.SEVERITY=Error")
    assert (code, told) == (0, "")
    number = int(out)
    lines = '{"E.K": "b"}\n\n{"E.K": "c", "B.SOURCESERVER": "h9"}\n'
    code, out, told = shell.run("event", "send", "--file", "-", given=lines)
    assert [int(each) for each in out.split()] == [number + 1, number + 2]
    (row,) = [each for each in shell.rows("event", "list") if each["number"] == str(number)]
    assert (row["severity"], row["message"]) == ("Error", "no answer = none")
    assert "E.ESM_SENDER=local:0" in row["attributes"]
    code, out, _ = shell.run("event", "tail", "--lines", "2", "--count", "2")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, [str(number + 1), str(number + 2)])
    tail = subprocess.Popen(
        [sys.executable, "-m", "esmctl.main", "--socket", str(shell.agent.local_socket), "--json", "event",
         "tail", "--lines", "1", "--count", "2"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )  # fmt: skip
    assert tail.stdout
    assert json.loads(tail.stdout.readline())["number"] == number + 2
    shell.run("event", "send", "E.K=d")
    assert json.loads(tail.stdout.readline())["attributes"]["E.K"] == "d"
    assert tail.wait(10) == 0
    tail.stdout.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give either attributes"),
        (("E.K=a", "--file", "x"), "Give either attributes"),
        (("E.K",), "is no NAME=VALUE"),
        (("E.K=1", "E.K=2"), "is no NAME=VALUE"),
        (("K=1",), "no attribute"),
        (("--file", "/nonexistent"), "No such file"),
    ],
)
def test_what_cannot_be_sent(shell: Shell, words: tuple[str, ...], said: str) -> None:
    code, out, told = shell.run("event", "send", *words)
    assert (code, out) == (1, "")
    assert said in told
    code, _, told = shell.run("event", "send", "--file", "-", given='{"E.K": "a"}\n{')
    assert (code, "-:2: not an event" in told) == (1, True)


def test_a_wrong_event_behind_a_thousand_good_ones(shell: Shell) -> None:
    lines = '{"E.K": "a"}\n' * 1000 + '{"E.K": 1}\n'
    code, out, told = shell.run("event", "send", "--file", "-", given=lines)
    assert (code, len(out.split())) == (1, 1000)
    assert "E.K: the value is no text" in told


def test_r_94_timelines(shell: Shell) -> None:
    shell.on(PAIR + LATE.partition("\n")[2])
    shell.run("event", "send", "E.K=a", "B.MESSAGE=<script>")
    shell.run("event", "send", "E.K=b", "B.SOURCESERVER=h2")
    pair = shell.decided("success")
    shell.decided("fail")
    first, last = pair["sources"].split()
    code, out, _ = shell.run("correlation", "timeline", first)
    assert code == 0
    together, late = sorted(out.split("\n\n"), key=lambda each: each.startswith("[late]"))
    assert re.fullmatch(r"\[pair\] success, 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", together.splitlines()[0])
    assert [line.split("|")[0].split("s ", 1)[1].strip() for line in together.splitlines()[1:]] == [
        "CON 1",
        "CON 2",
        "issued",
    ]
    assert f"{last} h2" in together
    assert late.startswith("[late] fail, ")
    assert "+1.000 s  deadline" in late
    assert "CON 2" in late
    picture = shell.folder / "line.svg"
    assert shell.run("correlation", "timeline", first, "--svg", str(picture))[0] == 0
    drawn = ET.fromstring(picture.read_text())
    words = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert any(each and each.startswith("[pair] success") for each in words)
    assert any(each and "<script>" in each for each in words)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == 6
    assert shell.run("correlation", "timeline", "99999")[0] == 1


def test_options_groups_and_metrics(shell: Shell) -> None:
    assert {each["option"]: each["value"] for each in shell.rows("correlation", "set")}["begin"] == "-1"
    rows = shell.rows("correlation", "set", "--start", "COLD", "--begin", "24", "--integrated-db", "on")
    options = {each["option"]: each["value"] for each in rows}
    assert (options["start"], options["begin"], options["integrated_db"]) == ("cold", "24", "on")
    code, _, told = shell.run("correlation", "set", "--begin", "145", language="ja_JP.UTF-8")
    assert (code, "144 以下" in told) == (1, True)
    assert shell.run("correlation", "set", "--acquire", "E.K==a;b")[0] == 0
    groups = shell.folder / "groups.toml"
    groups.write_text('["/sales"]\nhosts = ["web1"]\n["/sales/db"]\nhosts = ["db1"]\n')
    code, out, _ = shell.run("group", "apply", str(groups))
    assert (code, out) == (0, "In force: 2 business groups.\n")
    assert shell.rows("group", "list")[0] == {"path": "/sales", "hosts": "db1 web1", "users": ""}
    rules = shell.folder / "rules.conf"
    rules.write_text(PAIR.replace("CON=CID:1", "TARGET=E.JP1_SOURCEHOST==/nobody\nCON=CID:1"))
    code, out, _ = shell.run("correlation", "check", str(rules))
    assert (code, "Note: [pair]: there is no business group /nobody" in out) == (0, True)
    shell.on(PAIR)
    shell.run("event", "send", "E.K=a")
    metrics = {
        (each["metric"], each["condition"]): each["value"] for each in shell.rows("correlation", "metrics")
    }
    assert metrics["open_sets", "pair"] == "1"
    groups.write_text("[")
    code, _, told = shell.run("group", "apply", str(groups))
    assert (code, "no TOML" in told) == (1, True)


def test_groups_and_options_of_the_agent_decide_in_tools_too(shell: Shell) -> None:
    """R-91, R-93."""
    groups, rules = shell.folder / "groups.toml", shell.folder / "rules.conf"
    groups.write_text('["/sales"]\nhosts = ["web1"]\n')
    shell.run("group", "apply", str(groups))
    rules.write_text(
        "VERSION=2\n[g]\nTARGET=E.JP1_SOURCEHOST==/sales\nCON=E.K==a\nCON=E.K==b\nTIMEOUT=600\n"
        "SAME_ATTRIBUTE=E.JOB\nSUCCESS_EVENT=B.MESSAGE:x\n"
    )
    shell.run("correlation", "apply", str(rules))
    shell.run("correlation", "set", "--missing-attribute", "group", "--acquire", "B.MESSAGE!=noise")
    shell.run("event", "send", "E.K=a", "B.SOURCESERVER=web1", "B.MESSAGE=noise")
    numbers = [
        shell.run("event", "send", f"E.K={kind}", f"B.SOURCESERVER={host}")[1].strip()
        for kind, host in (("a", "web1"), ("b", "db1"), ("b", "WEB1"))
    ]
    found = shell.rows("correlation", "dry-run", str(rules))
    assert [(each["result"], each["sources"]) for each in found] == [
        ("success", f"{numbers[0]} {numbers[2]}")
    ]
    for number, holds in zip(numbers, ("yes", "no", "yes"), strict=True):
        rows = shell.rows("correlation", "explain", number)
        assert [each["holds"] for each in rows if each["place"] in ("filter", "TARGET")] == ["yes", holds]
    rows = shell.rows("correlation", "explain", str(int(numbers[0]) - 1))
    assert [(each["place"], each["comparison"], each["actual"], each["holds"]) for each in rows[1:2]] == [
        ("filter", "B.MESSAGE!=noise", "noise", "no")
    ]


def test_r_63_related_events(shell: Shell) -> None:
    groups = shell.folder / "groups.toml"
    groups.write_text('["/mine"]\nhosts = ["h1"]\nusers = ["local:0"]\n["/theirs"]\nhosts = ["h2"]\n')
    shell.run("group", "apply", str(groups))
    shell.on(PAIR)
    shell.run("event", "send", "E.K=a", "B.SOURCESERVER=h1")
    shell.run("event", "send", "E.K=b", "B.SOURCESERVER=h2", "E.SEVERITY=Error")
    issued = shell.decided("success")["issued"]
    rows = shell.rows("event", "related", issued)
    assert [(each["place"], each["severity"], each["host"], each["foreign_group"]) for each in rows] == [
        ("CON 1", "-", "h1", "false"),
        ("CON 2", "Error", "h2", "true"),
    ]
    code, _, told = shell.run("event", "related", rows[0]["number"])
    assert (code, "no correlation event" in told) == (1, True)


def test_answers_for_programs(shell: Shell) -> None:
    rules = shell.folder / "rules.conf"
    rules.write_text(PAIR)

    def told(*words: str, code: int = 0) -> Any:
        found, out, complaint = shell.run("--json", *words)
        assert (found, complaint) == (code, "")
        return json.loads(out)

    assert told("correlation", "check", str(rules)) == {"errors": [], "conditions": 1, "advice": []}
    applied = told("correlation", "apply", str(rules), "--backfill", "1")
    assert (applied["conditions"], applied["unchanged"], applied["backfilled"]) == (1, 0, 0)
    for order, state in (
        ("enable", "running"),
        ("stop", "paused"),
        ("start", "running"),
        ("disable", "disabled"),
    ):
        assert told("correlation", order) == {"state": state}
    assert len(told("event", "send", "E.K=a")["numbers"]) == 1
    groups = shell.folder / "groups"
    groups.write_text('["/a"]')
    assert told("group", "apply", str(groups)) == {"groups": 1, "advice": []}
    rules.write_text("[a]\nTIMEOUT=0\n")
    errors = told("correlation", "check", str(rules), code=1)["errors"]
    assert {
        "file": str(rules),
        "line": 2,
        "column": 9,
        "reason": "TIMEOUT is 1 to 86400 seconds, not 0",
    } in errors


def test_back_fill(shell: Shell) -> None:
    shell.run("event", "send", "E.K=a")
    shell.run("event", "send", "E.K=b")
    rules = shell.folder / "rules.conf"
    rules.write_text(PAIR)
    code, out, _ = shell.run("correlation", "apply", str(rules), "--backfill", "1")
    assert (code, "Back-filled. Decisions: 1." in out) == (0, True)
    rules.write_text(PAIR.replace("[pair]", "[pair2]"))
    shell.run("correlation", "apply", str(rules))
    (row,) = shell.rows("correlation", "backfill", "24", "--condition", "pair2")
    assert (row["condition"], row["result"], row["issued"]) == ("pair2", "success (backfill)", "-")


def test_r_4_a_definition_for_the_next_start(tmp_path: Path) -> None:
    rules = tmp_path / "next.conf"
    rules.write_text(PAIR)
    with running_agent(tmp_path / "agent") as agent:
        shell = Shell(agent, tmp_path)
        shell.on(LATE.replace("TIMEOUT=1", "TIMEOUT=600"))
        shell.run("event", "send", "E.K=a")
        eventually(lambda: "1" in shell.rows("correlation", "status")[3]["now"], "a set is open", 10)
    config = ["--config", str(tmp_path / "agent" / "esmd.toml")]
    assert shell._run("esmctl.main", [*config, "correlation", "apply", str(rules)], None, "C") == (
        0,
        "No agent runs: the definition is stored, and used from its next start on.\n",
        "",
    )
    assert shell._run("esmctl.main", [*config, "correlation", "clear"], None, "C")[0] == 0
    assert shell._run("esmctl.main", [*config, "correlation", "apply", str(rules)], None, "C")[0] == 0
    with running_agent(tmp_path / "agent") as agent:
        shell = Shell(agent, tmp_path)
        (filled,) = shell.rows("correlation", "backfill", "1")
        assert (filled["condition"], filled["result"]) == ("pair", "open (backfill)")
        assert {each["what"]: each["now"] for each in shell.rows("correlation", "status")}[
            "conditions"
        ] == "pair"
        assert shell.decided("discarded")["cause"] == "given up: the definition was changed"


def test_names_of_jp1(shell: Shell) -> None:
    rules = shell.folder / "rules.conf"
    rules.write_text(PAIR)
    name = shell.rows("event", "list")[0]["host"]
    assert shell.jp1("jcoegscheck", "-f", str(rules))[0] == 0
    assert shell.jp1("jcoimdef")[1] == "S_EGS=OFF\nS_EVENT_POS=-1\nS_DB=OFF\n"
    assert (
        shell.jp1("jcoimdef", "-egs", "ON", "-b", "24", "-db", "on")[1]
        == "S_EGS=ON\nS_EVENT_POS=24\nS_DB=ON\n"
    )
    code, _, told = shell.jp1("jcoimdef", "-b", "145", "-egs", "OFF")
    assert (code, "up to 144 hours" in told) == (1, True)
    assert shell.jp1("jcoimdef")[1].startswith("S_EGS=ON\nS_EVENT_POS=24")
    assert shell.jp1("jcoegschange", "-h", name.upper(), "-f", str(rules))[0] == 0
    assert shell.jp1("jcoegsstop")[0] == 0
    code, out, _ = shell.jp1("jcoegsstatus", "-d")
    assert code == 0
    assert out.startswith(
        f"KAJV3261-I The status of the correlation event generation service for {name} will now"
    )
    assert "Correlation event generation function: Stopped (the service runs)\nStart option : warm\n" in out
    assert out.endswith(PAIR)
    assert shell.jp1("jcoegsstart")[0] == 0
    assert "相関稼働" in shell.jp1("jcoegsstatus", language="ja_JP.UTF-8")[1]
    assert shell.jp1("jcoegschange", "-n")[0] == 0
    assert shell.jp1("jcoegsstatus", "-d")[1].rstrip().endswith(":")
    code, _, told = shell.jp1("jcoegsstop", "-h", "elsewhere")
    assert (code, "no logical host elsewhere" in told) == (1, True)
    for wrong in (
        ("jcoegschange",),
        ("jcoegscheck",),
        ("jcoimdef", "-b", "x"),
        ("jcoimdef", "-egs", "maybe"),
    ):
        assert shell.jp1(*wrong)[0] == 2


def test_sigma(tmp_path: Path) -> None:
    rule: dict[str, Any] = {
        "title": "Many",
        "correlation": {"type": "event_count", "rules": ["r"], "timespan": "1m", "condition": {"gte": 2}},
    }
    first = {"name": "r", "detection": {"s": {"K": 1}, "condition": "s"}}
    (tmp_path / "rules.yml").write_text(f"{json.dumps(first)}\n---\n{json.dumps(rule)}\n")
    (tmp_path / "wrong.yml").write_text("a: [")
    command = [sys.executable, "-m", "esmctl.main", "correlation", "import-sigma"]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "LC_ALL": "C"}
        return subprocess.run([*command, *words], capture_output=True, text=True, cwd=PROJECT, env=env)

    done = run(str(tmp_path / "rules.yml"), "--field", "K=E.KIND")
    assert (done.returncode, done.stderr) == (0, "")
    assert "CON=E.KIND==1\nTYPE=threshold:2\nTIMEOUT=60" in done.stdout
    for words in (
        (str(tmp_path / "rules.yml"), "--field", "k=E.KIND"),
        (str(tmp_path / "wrong.yml"),),
        (str(tmp_path / "rules.yml"), "--field", "K"),
        (str(tmp_path / "none"),),
    ):
        done = run(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("esmctl: ")
        assert "Traceback" not in done.stderr
