"""SEC-07: PAM only with our own service file, and only for accounts that PAM and a group let in."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from esmd.auth.local import admin_group
from esmd.auth.pam_helper import SERVICE_FILE, service_file_problem
from tests.running import PROJECT, RunningAgent, eventually, running_agent
from tests.security.wire import ask, basic, call, request

PASSWORD = "pam secret 9"
GROUP = "oesmtestgroup"
VIEWER, ADMIN, STRANGER, LOCKED, EXPIRED = ACCOUNTS = tuple(
    f"oesmtest{role}" for role in ("viewer", "admin", "stranger", "locked", "expired")
)
SERVICE = "auth required pam_unix.so\naccount required pam_unix.so\n"
HELPER = [sys.executable, "-m", "esmd.auth.pam_helper"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="adds accounts to the machine")


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        pytest.param(None, "is missing", id="missing"),
        pytest.param(0o666, "must belong to root", id="writable by all"),
        pytest.param(0o664, "must belong to root", id="writable by a group"),
    ],
)
def test_sec_07_a_service_file_that_cannot_be_trusted(tmp_path: Path, mode: int | None, said: str) -> None:
    file = tmp_path / "openesm"
    if mode is not None:
        file.write_text(SERVICE)
        file.chmod(mode)
    assert service_file_problem(file)
    assert str(file) in service_file_problem(file)


@needs_root
def test_sec_07_root_owns_the_service_file(tmp_path: Path) -> None:
    file = tmp_path / "openesm"
    file.write_text(SERVICE)
    file.chmod(0o644)
    assert service_file_problem(file) == ""
    os.chown(file, 65534, -1)
    assert service_file_problem(file)


@pytest.mark.skipif(SERVICE_FILE.exists(), reason="this machine has the service file")
def test_sec_07_the_helper_does_not_start_without_it(tmp_path: Path) -> None:
    argv = [*HELPER, "--socket", str(tmp_path / "pam.sock"), "--user", "root"]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert str(SERVICE_FILE) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "pam.sock").exists()


def run(*argv: str, given: str | None = None) -> None:
    subprocess.run(argv, input=given, check=True, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def accounts() -> Iterator[None]:
    """Accounts and groups of this machine for the time of the tests."""
    if os.geteuid() != 0 or shutil.which("useradd") is None or shutil.which("chpasswd") is None:
        pytest.skip("needs root, useradd and chpasswd")
    with contextlib.ExitStack() as stack:
        for group in (GROUP, admin_group(GROUP)):
            if subprocess.run(["getent", "group", group], capture_output=True, check=False).returncode:
                run("groupadd", group)
                stack.callback(run, "groupdel", group)
        for name in ACCOUNTS:
            groups = {ADMIN: admin_group(GROUP), STRANGER: ""}.get(name, GROUP)
            run("useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", "--groups", groups, name)
            stack.callback(run, "userdel", name)
        run("chpasswd", given="".join(f"{name}:{PASSWORD}\n" for name in ACCOUNTS))
        run("usermod", "--lock", LOCKED)
        run("usermod", "--expiredate", "1", EXPIRED)
        if not SERVICE_FILE.exists():
            SERVICE_FILE.write_text(SERVICE)
            SERVICE_FILE.chmod(0o644)
            stack.callback(SERVICE_FILE.unlink)
        yield


@pytest.fixture(scope="module")
def helped(accounts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent that asks PAM, with the helper beside it."""
    folder = tmp_path_factory.mktemp("pam")
    path = folder / "pam.sock"
    argv = [*HELPER, "--socket", str(path), "--user", "root", "--group", GROUP]
    with (folder / "pam.log").open("wb") as log:
        helper = subprocess.Popen(argv, cwd=PROJECT, stderr=log)
    try:
        eventually(path.exists, "the helper listens")
        with running_agent(folder / "agent", auth=f'pam = true\npam_socket = "{path}"') as agent:
            yield agent
    finally:
        helper.terminate()
        helper.wait(10)
    assert "Traceback" not in (folder / "pam.log").read_text()


def test_sec_07_roles_follow_groups(helped: RunningAgent) -> None:
    change = call(
        "DeleteInstance",
        '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="ESM_Alive"/></IPARAMVALUE>',
    )
    for name, refused in (VIEWER, True), (ADMIN, False):
        assert ask(helped, request(auth=basic(name, PASSWORD))).status == 200
        answer = ask(helped, request(change, auth=basic(name, PASSWORD)))
        assert (answer.status, answer.code == 2) == (200, refused)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param(VIEWER, "wrong", id="wrong password"),
        pytest.param(STRANGER, PASSWORD, id="in no group of ours"),
        pytest.param(LOCKED, PASSWORD, id="locked"),
        pytest.param(EXPIRED, PASSWORD, id="expired"),
        pytest.param("oesmtestnobody", PASSWORD, id="unknown"),
        pytest.param("root", PASSWORD, id="root from the network"),
    ],
)
def test_sec_07_refused_by_pam(helped: RunningAgent, name: str, password: str) -> None:
    time.sleep(0.25)  # below the five a second that the agent lets through
    assert ask(helped, request(auth=basic(name, password))).status == 401
    assert f'user="{name}" source="127.0.0.1" reason="wrong user or password"' in helped.audit


def test_sec_07_users_of_the_file_work_beside_pam(helped: RunningAgent) -> None:
    assert ask(helped, request()).status == 200


@pytest.mark.parametrize(
    "question",
    [
        b"\n",
        b"x\n",
        b"[]\n",
        b"{}\n",
        b'{"user": 5, "password": 6}\n',
        b'{"user": "a\\u0000b", "password": "x"}\n',
        b"[" * 4000 + b"\n",
        b"\xff\n",
        b'{"user": "a"}' + b" " * 9000,
    ],
    ids=["empty", "no JSON", "list", "no fields", "numbers", "NUL", "deep", "no UTF-8", "too long"],
)
def test_sec_07_the_helper_survives_any_question(helped: RunningAgent, question: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as helper:
        helper.settimeout(10)
        helper.connect(str(helped.folder.parent / "pam.sock"))
        helper.sendall(question)
        helper.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            assert b"true" not in helper.recv(4096)


def test_sec_07_without_the_helper_nobody_gets_in_by_pam(tmp_path: Path) -> None:
    auth = f'pam = true\npam_socket = "{tmp_path / "none.sock"}"'
    with running_agent(tmp_path / "agent", auth=auth) as agent:
        assert ask(agent, request(auth=basic(VIEWER, PASSWORD))).status == 401
        assert ask(agent, request()).status == 200
        assert "none.sock" in agent.log
