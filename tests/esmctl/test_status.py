import json
from pathlib import Path

import pytest

from esmctl.command.status import screen
from esmctl.main import main
from esmctl.output import width
from tests.esmctl.conftest import Answers, Run

NOW = 1_800_000_000.0
RESULT = {
    "version": "0.1.0",
    "service_mode": True,
    "pid": 4711,
    "uptime_s": 273_845.2,
    "system_name": "srv.example",
    "listeners": [{"url": "https://127.0.0.1:5989", "tls": True}, {"url": "http://[::1]:5988", "tls": False}],
    "tls": {"cert": "/etc/openesm/tls/server.pem", "expires": NOW + 86400 * 9.5, "sha256": "AB:" * 31 + "AB"},
    "users": {"viewer": 1, "operator": 2, "admin": 3},
    "failed_logins_last_hour": 7,
    "requests": 12345,
    "connections": 6,
    "classes": 89,
    "services": [{"name": "sampler", "state": "running", "last_run": NOW}],
    "config": "/etc/openesm/esmd.toml",
    "state": "/var/lib/openesm",
    "warnings": [{"key": "esmctl.doctor-no-ipv6", "args": {}}, {"key": "new.one", "args": {"key": 1}}],
}


def test_screen() -> None:
    assert screen(RESULT, NOW).splitlines() == [
        "OpenESM 0.1.0 on srv.example",
        "running      for 3 d 04:04, process 4711",
        "mode         service (providers, monitoring, alerts)",
        "listens      https://127.0.0.1:5989",
        "             http://[::1]:5988 (not encrypted)",
        "certificate  until 2027-01-24, 9 days left",
        "SHA-256      " + "AB:" * 15 + "AB",
        "             " + "AB:" * 15 + "AB",
        "users        viewer 1, operator 2, admin 3",
        "refused/h    7",
        "traffic      12345 requests, 6 connections now, 89 classes",
        "config       /etc/openesm/esmd.toml",
        "state        /var/lib/openesm",
        "services     running: sampler",
        "warnings     this machine has no ::1; the agent listens on 127.0.0.1 only",
        "             The agent said new.one, unknown to this version of the tool.",
    ]


@pytest.mark.parametrize("locale", ["C.UTF-8", "ja_JP.UTF-8"])
def test_any_status_fits_24_lines_of_80_columns(locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", locale)
    full = {
        **RESULT,
        "system_name": "n" * 200 + "\x1b[2J",
        "services": [{"name": f"service {number}", "state": f"state{number % 9}"} for number in range(99)],
        "warnings": [{"key": "esmctl.doctor-no-syslog", "args": {"socket": "/dev/log"}}] * 40,
    }
    for result in RESULT, full, {}:
        lines = screen(result, NOW).splitlines()
        assert len(lines) < 24
        assert max(width(line) for line in lines) <= 80
        assert all(line.isprintable() for line in lines)


def test_status_asks_the_agent(run: Run, control: Answers, tmp_path: Path) -> None:
    control.body = {"result": RESULT}
    assert run("status")[1].startswith("OpenESM 0.1.0 on srv.example\n")
    assert json.loads(run("status", "--json")[1]) == RESULT
    assert main(["status", "--socket", str(tmp_path / "esmd.sock")]) == 0
    assert control.asked == [("/control", "status")] * 3


def test_socket_of_the_environment(
    control: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    control.body = {"result": {"config": str(tmp_path / "none.toml")}}
    monkeypatch.setenv("OPENESM_SOCKET", str(tmp_path / "esmd.sock"))
    assert main(["reload"]) == 0
    assert main(["user", "list"]) == 1
    assert capsys.readouterr().err.startswith(f"esmctl: {tmp_path}/none.toml: There is no configuration")


def test_agent_in_the_run_folder_of_the_user(
    config: Path, control: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "esmd.sock").rename(tmp_path / "run" / "esmd.sock")
    assert main(["reload"]) == 0
    config.rename(tmp_path / "run" / "esmd.toml")
    assert main(["reload"]) == 0
    assert len(control.asked) == 2
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert main(["reload"]) == 2


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        pytest.param(
            403,
            {"error": {"key": "users.unknown", "args": {"name": "x"}}},
            "There is no user x.",
            id="refusal",
        ),
        pytest.param(
            400, {"error": {"key": "no.such", "args": {}}}, "The agent said no.such", id="newer agent"
        ),
        pytest.param(
            400,
            {"error": {"key": "users.unknown", "args": {}}},
            "The agent said users.unknown",
            id="arguments lack",
        ),
        pytest.param(200, b"<html>", "no usable answer: HTTP 200", id="not JSON"),
        pytest.param(200, {"result": [1]}, "no usable answer: HTTP 200", id="not an object"),
        pytest.param(500, {"result": {}}, "no usable answer: HTTP 500", id="error status"),
    ],
)
def test_answers_that_are_no_result(
    run: Run, control: Answers, status: int, body: object, complaint: str
) -> None:
    control.status, control.body = status, body
    code, shown, said = run("reload")
    assert (code, shown) == (1, "")
    assert complaint in said


def test_no_agent_is_exit_code_2(run: Run) -> None:
    code, _, said = run("status")
    assert code == 2
    assert said.startswith("esmctl: No agent answers at ")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--server", "http://127.0.0.1:5988"], "is not the address of an agent"),
        (["--server", "https://ann:secret@localhost"], "is not the address of an agent"),
        (["--server", "https://localhost:5989"], "--user NAME --password-file FILE"),
        (["--server", "https://localhost:1", "--user", "a", "--password-file", "word"], "could not be asked"),
        (
            ["--server", "https://localhost:1", "--user", "a", "--password-file", "word", "--ca", "x"],
            "no file x",
        ),
    ],
)
def test_remote_refusals(run: Run, tmp_path: Path, words: list[str], complaint: str) -> None:
    (tmp_path / "word").write_text("secret\n")
    code, _, said = run("status", *words)
    assert code == 1
    assert complaint in said
    assert "secret@" not in said or "http" in said
