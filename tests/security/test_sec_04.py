"""SEC-04: whoever is refused leaves a line in the audit log, with who, from where and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningAgent, running_agent
from tests.security.test_sec_02 import asked_by_nobody, needs_root, opened
from tests.security.wire import ask, basic, call, control, control_request, request

LINE = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [a-z-]+( [a-z_]+="[^"\\]*(\\.[^"\\]*)*")+')


def told(agent: RunningAgent, before: str) -> list[str]:
    lines = agent.audit.removeprefix(before).splitlines()
    assert all(LINE.fullmatch(line) for line in lines), lines
    return [line.partition(" ")[2] for line in lines]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        pytest.param(None, 'user="" source="127.0.0.1" reason="no Authorization header"', id="nobody"),
        pytest.param(
            basic("viewer", "wrong"),
            'user="viewer" source="127.0.0.1" reason="wrong user or password"',
            id="wrong password",
        ),
        pytest.param(
            basic("mallory", "x"),
            'user="mallory" source="127.0.0.1" reason="wrong user or password"',
            id="unknown user",
        ),
        pytest.param(
            basic("a\nauth-ok user=root", "x"),
            'user="" source="127.0.0.1" reason="control characters"',
            id="a forged line",
        ),
    ],
)
def test_sec_04_each_401_is_one_line(fresh: RunningAgent, auth: str | None, expected: str) -> None:
    assert ask(fresh, request(auth=auth)).status == 401
    assert told(fresh, "") == [f"auth-fail {expected}"]


@needs_root
@pytest.mark.needs("setpriv")
def test_sec_04_a_403_is_one_line(fresh: RunningAgent) -> None:
    opened(fresh)
    before = fresh.audit
    raw = control_request(b'{"command": "reload"}')
    assert asked_by_nobody(fresh.local_socket, raw).startswith(b"HTTP/1.1 403 ")
    lines = told(fresh, before)
    assert len(lines) == 1
    assert 'user="local:65534"' in lines[0]


def test_sec_04_an_operation_beyond_the_role_is_one_line(fresh: RunningAgent) -> None:
    body = call(
        "DeleteInstance",
        '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="ESM_Alive"/></IPARAMVALUE>',
    )
    assert ask(fresh, request(auth=basic("viewer"))).status == 200
    before = fresh.audit
    answer = ask(fresh, request(body, auth=basic("viewer")))
    assert (answer.status, answer.code) == (200, 2)
    lines = told(fresh, before)
    assert len(lines) == 1
    assert 'user="viewer"' in lines[0]
    assert "DeleteInstance" in lines[0]


def test_sec_04_no_password_is_ever_written(fresh: RunningAgent) -> None:
    canary = "s3cretCanary"
    ask(fresh, request(auth=basic("viewer", canary)))
    ask(fresh, request(auth=basic("viewer", canary + "\0")))
    ask(fresh, request(auth=f"Basic {canary}"))
    assert canary not in fresh.audit + fresh.log
    assert basic("viewer", canary)[6:] not in fresh.audit + fresh.log


def test_sec_04_failed_logins_are_counted_for_the_status(fresh: RunningAgent) -> None:
    for _ in range(3):
        ask(fresh, request(auth=None))
    assert control(fresh.local_socket, "status")[1]["result"]["failed_logins_last_hour"] == 3
