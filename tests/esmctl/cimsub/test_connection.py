"""The way to the server: where it is, and how it fails."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from esmctl.cimsub import server as connection
from tests.esmctl.cimsub.conftest import Run
from tests.running import PASSWORD, RunningAgent, free_ports

NOT_RUNNING = "The CIM server may not be running.\n"


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """A socket where somebody listens and never answers."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


@pytest.fixture
def abrupt(tmp_path: Path) -> Iterator[Path]:
    """A socket where somebody accepts a connection and closes it."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        yield path
        thread.join()


def test_nobody_there(bare: Run, tmp_path: Path) -> None:
    assert bare("-ls", "--socket", tmp_path / "none") == (2, "", NOT_RUNNING)


def test_nobody_listens(bare: Run, silent: Path) -> None:
    dead = silent.with_name("dead")
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(dead))
    assert bare("-ls", "--socket", dead) == (2, "", NOT_RUNNING)


def test_port_without_a_server(bare: Run) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    code, out, err = bare("-ls", "--server", url)
    assert (code, out) == (2, "")
    assert err.startswith(f"{NOT_RUNNING}{url}: ")
    assert "Traceback" not in err


def test_no_answer_in_time(bare: Run, silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TIMEOUT_S", 0.1)
    assert bare("-ls", "--socket", silent) == (3, "", f"{silent}: the server did not answer in time\n")


def test_closed_without_an_answer(bare: Run, abrupt: Path) -> None:
    code, out, err = bare("-ls", "--socket", abrupt)
    assert (code, out) == (2, "")
    assert err.startswith(f"{NOT_RUNNING}{abrupt}: ")


def test_not_cim(bare: Run, agent: RunningAgent) -> None:
    """A server that speaks HTTP and no CIM-XML here: plain HTTP at a TLS port."""
    code, out, err = bare("-ls", "--server", f"http://127.0.0.1:{agent.https_port}")
    assert (code, out) == (2, "")
    assert err.startswith(NOT_RUNNING)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        pytest.param(["--user", "admin"], "--user needs --server", id="user without a server"),
        pytest.param(["--insecure"], "--insecure needs --server", id="trust without a server"),
        pytest.param(
            ["--server", "https://h", "--user", "admin"],
            "--user and --password-file belong together",
            id="user without a password",
        ),
        pytest.param(
            ["--server=https://h", "--ca", "c", "--insecure"],
            "use either --ca or --insecure",
            id="both kinds of trust",
        ),
        pytest.param(
            ["--server=https://h", "--socket", "s"],
            "use either --server, or --socket and --config",
            id="two servers",
        ),
        pytest.param(
            ["--server", "ftp://h"],
            "ftp://h: not a server; write it like https://host:5989",
            id="not HTTP",
        ),
        pytest.param(
            ["--server", "https://h:port"],
            "https://h:port: not a server; write it like https://host:5989",
            id="no port",
        ),
        pytest.param(
            ["--server", "https://u:p@h"],
            "https://u:p@h: not a server; write it like https://host:5989",
            id="password in the URL",
        ),
        pytest.param(
            ["--server", "http://192.0.2.1:5988"],
            "http://192.0.2.1:5988: the password would cross the network in clear; use https",
            id="plaintext",
        ),
    ],
)
def test_options(bare: Run, words: list[str], reason: str) -> None:
    assert bare("-ls", *words) == (1, "", f"cimsub: {reason}\n")


def test_password_file(bare: Run, tmp_path: Path) -> None:
    words = ("-ls", "--server", "https://h", "--user", "admin", "--password-file", tmp_path / "none")
    assert bare(*words) == (1, "", f"cimsub: {tmp_path / 'none'}: No such file or directory.\n")


@pytest.mark.parametrize(
    ("secret", "expected"), [(PASSWORD, (0, "")), ("wrong", (4, ""))], ids=["right", "wrong password"]
)
def test_the_agent_over_tls(
    bare: Run, agent: RunningAgent, tmp_path: Path, secret: str, expected: tuple[int, str]
) -> None:
    file = tmp_path / "password"
    file.write_text(secret)
    words = ("--server", agent.https, "--user", "admin", "--password-file", file, "--ca", agent.certificate)
    code, _, err = bare("-lf", *words)
    assert code == expected[0]
    assert "Traceback" not in err


def test_the_agent_that_is_not_trusted(bare: Run, agent: RunningAgent) -> None:
    code, _, err = bare("-lf", "--server", agent.https)
    assert code == 2
    assert "certificate" in err


def test_the_agent_on_its_socket(bare: Run, agent: RunningAgent) -> None:
    code, _, err = bare("-lf", "--config", agent.config)
    assert (code, err) == (0, "")
