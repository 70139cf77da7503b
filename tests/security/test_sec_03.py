"""SEC-03: a password is compared in full; empty, short and long ones never match."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest

from tests.running import PASSWORD, running_agent
from tests.security.wire import ask, basic, request

LONG = "é" * 36  # 72 bytes, all that bcrypt looks at


@pytest.mark.parametrize(
    "password", [PASSWORD[:1], PASSWORD[:-1], PASSWORD + "7", PASSWORD.upper(), "x" * 72]
)
def test_sec_03_near_misses(tmp_path: Path, password: str) -> None:
    with running_agent(tmp_path) as fresh:
        assert ask(fresh, request(auth=basic("viewer", password))).status == 401
        assert ask(fresh, request(auth=basic("viewer", PASSWORD))).status == 200


def test_sec_03_nothing_is_cut_off(tmp_path: Path) -> None:
    with running_agent(tmp_path) as fresh:
        hashed = bcrypt.hashpw(LONG.encode(), bcrypt.gensalt(4)).decode()
        users = fresh.folder / "users"
        users.write_text(f"long:{hashed}:viewer\n")
        verdicts = [
            ask(fresh, request(auth=basic("long", password))).status
            for password in (LONG, LONG + "x", LONG[:-1], LONG + "\u0301")
        ]
    assert verdicts == [200, 401, 401, 401]
