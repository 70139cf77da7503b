"""cimsub against our own agent: every form (clients.md 1), what it prints and with what code it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import RunningAgent, running_agent

INTEROP = "root/PG_InterOp"
QUERY = "SELECT * FROM ESM_AlertIndication"
STATIC = f"{INTEROP}:ESM:AlertIndications"
URL = "http://127.0.0.1:9"
Outcome = tuple[int, str, str]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> object:
    """An agent of its own: what one form makes the next one finds."""
    with running_agent(tmp_path_factory.mktemp("cimsub")) as agent:
        yield agent
        assert "Traceback" not in agent.log


def cimsub(agent: RunningAgent, *words: str, language: str = "C") -> Outcome:
    """Runs it as an administrator does, over the local socket."""
    done = subprocess.run(
        [sys.executable, "-m", "esmctl.cimsub.main", *words, "--socket", str(agent.local_socket)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "LC_ALL": language, "PYTHONIOENCODING": "utf-8"},
    )
    return done.returncode, done.stdout, done.stderr


def table(*rows: tuple[str, ...]) -> str:
    """Columns as cimsub pads them: two blanks between, the last one as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)), row[-1]])
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


SINK = f"{INTEROP}:CIM_ListenerDestinationCIMXML.H1"
OLD = f"{INTEROP}:CIM_IndicationHandlerCIMXML.H2"
DETAILS = f"""Namespace:         {INTEROP}
Filter:            {INTEROP}:F1
Handler:           {SINK}
Query:             "{QUERY}"
Destination:       {URL}
SubscriptionState: Enabled
{"-" * 41}
"""
STAYS = "CIM_ERR_FAILED: Filter ESM:AlertIndications belongs to the agent and cannot be deleted.\n"
STORY: list[tuple[str, Outcome]] = [
    ("-ls", (0, "", "")),
    ("-lh", (0, "", "")),
    ("-lf", (0, table(("FILTER", "QUERY"), (STATIC, f'"{QUERY}"')), "")),
    (f"-cf F1 -Q '{QUERY}' -L WQL -N root/ESMPRO/AS", (0, "", "")),
    (f"-c f F2 -Q '{QUERY}' -L DMTF:CQL", (0, "", "")),
    (f"-ch H1 -D {URL}", (0, "", "")),
    (f"-c h CIM_IndicationHandlerCIMXML.H2 -D {URL}/path", (0, "", "")),
    (
        "-l f",
        (
            0,
            table(
                ("FILTER", "QUERY"),
                (STATIC, f'"{QUERY}"'),
                (f"{INTEROP}:F1", f'"{QUERY}"'),
                (f"{INTEROP}:F2", f'"{QUERY}"'),
            ),
            "",
        ),
    ),
    ("-lh", (0, table(("HANDLER", "DESTINATION"), (OLD, f"{URL}/path"), (SINK, URL)), "")),
    ("-cs -F F1 -H H1", (0, "", "")),
    (f"-c s -F {STATIC} -H {OLD}", (0, "", "")),
    ("-cs -F ESM:AlertIndications -H H1", (0, "", "")),
    (
        "-ls",
        (
            0,
            table(
                ("NAMESPACE", "FILTER", "HANDLER", "STATE"),
                (INTEROP, STATIC, OLD, "Enabled"),
                (INTEROP, STATIC, SINK, "Enabled"),
                (INTEROP, f"{INTEROP}:F1", SINK, "Enabled"),
            ),
            "",
        ),
    ),
    ("-d -F F1 -H H1", (0, "", "")),
    ("-d -F F1 -H H1", (0, "The subscription is already disabled.\n", "")),
    (
        "-ls -F F1",
        (
            0,
            table(
                ("NAMESPACE", "FILTER", "HANDLER", "STATE"),
                (INTEROP, f"{INTEROP}:F1", SINK, "Disabled"),
            ),
            "",
        ),
    ),
    ("-e -F F1 -H H1", (0, "", "")),
    ("-e -F F1 -H H1", (0, "The subscription is already enabled.\n", "")),
    (
        "-ls -v -F F1",
        (
            0,
            DETAILS,
            "",
        ),
    ),
    ("-lf -v -F F9", (0, "", "")),
    ("-rf -F F9", (6, "The requested filter could not be found.\n", "")),
    ("-rh -H H9", (6, "The requested handler could not be found.\n", "")),
    ("-rs -F F9 -H H9", (6, "The requested subscription could not be found.\n", "")),
    ("-r s -F F1 -H H1", (0, "", "")),
    ("-r f -F F1", (0, "", "")),
    ("-r f -F F2", (0, "", "")),
    (f"-r a -F {STATIC} -H {OLD}", (1, "", STAYS)),
    ("-lh", (0, table(("HANDLER", "DESTINATION"), (SINK, URL)), "")),
    ("-r a -F ESM:AlertIndications -H H1", (1, "", STAYS)),
    ("-l h", (0, "", "")),
    ("-l s", (0, "", "")),
]


def test_every_form_in_one_story(own: RunningAgent) -> None:
    for line, expected in STORY:
        got = cimsub(own, *quoted(line))
        if expected[0] == 6:
            assert got[0] == 6 and got[1] + got[2], line
        else:
            assert got == expected, line


def quoted(line: str) -> list[str]:
    """The words of a line in which single quotes hold one together."""
    pieces = line.split("'")
    return [word for n, piece in enumerate(pieces) for word in ([piece] if n % 2 else piece.split())]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["-ch", "PG_ListenerDestinationSystemLog.L1"], 7, id="system log"),
        pytest.param(
            ["-ch", "PG_ListenerDestinationEmail.E1", "-M", "a@example.com", "-S", "subject"], 7, id="mail"
        ),
        pytest.param(
            ["-ch", "PG_IndicationHandlerSNMPMapper.S1", "-T", "127.0.0.1", "-V", "3"], 7, id="SNMP"
        ),
        pytest.param(["-ls", "-n", "root/nosuch"], 5, id="no such namespace"),
        pytest.param(["-cf", "F", "-Q", "SELECT * FROM Nothing", "-L", "WQL"], 1, id="no such class"),
        pytest.param(["-ch", "H", "-D", "file:///tmp/x"], 1, id="a file as destination"),
        pytest.param(["-cs", "-F", "none", "-H", "none"], 6, id="nothing to join"),
        pytest.param(["-l"], 1, id="half a command"),
        pytest.param(["-l", "x"], 1, id="an unknown kind"),
        pytest.param(["-e", "-F", "f"], 1, id="without a handler"),
    ],
)
@pytest.mark.parametrize("language", ["C", "ja_JP.UTF-8"])
def test_what_is_refused(own: RunningAgent, words: list[str], code: int, language: str) -> None:
    got = cimsub(own, *words, language=language)
    assert got[0] == code, got
    assert got[1] + got[2]
    assert "Traceback" not in got[2]


def test_nobody_answers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "esmctl.cimsub.main", "-ls", "--socket", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "The CIM server may not be running." in done.stderr
