"""The audit log: one event, one line, whatever is in it (SEC-04, SEC-50)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmd.audit import PER_MINUTE, Audit, quoted
from esmd.journal import AuditFile


class Log:
    """An audit log in memory, on a clock of its own."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.seconds = 0.0
        self.audit = Audit(self.lines.append, wall=lambda: 86400.0, now=lambda: self.seconds)

    def fail(self, times: int, at: float) -> None:
        self.seconds = at
        for _ in range(times):
            self.audit.failed_login("ann", "192.0.2.1", "wrong user or password")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ('say "no"', r'"say \"no\""'),
        ("back\\slash", r'"back\\slash"'),
        ("a\nb\r\tc", r'"a\u000ab\u000d\u0009c"'),
        ("\x1b[2J", r'"\u001b[2J"'),
        ("\u2028\u202e", r'"\u2028\u202e"'),
        ("日本", '"日本"'),
        ("\ud800", r'"\ud800"'),
        ("x" * 300, f'"{"x" * 256}…"'),
    ],
)
def test_values_are_escaped(text: str, expected: str) -> None:
    assert quoted(text) == expected


@given(st.text())
def test_one_event_is_one_printable_line(text: str) -> None:
    log = Log()
    log.audit.failed_login(text, text, text)
    assert len(log.lines) == 1
    assert log.lines[0].isprintable()
    assert len(log.lines[0].splitlines()) == 1
    log.lines[0].encode("utf-8")


def test_the_form_of_a_line() -> None:
    log = Log()
    log.audit.event("command", user="ann", command="reload")
    assert log.lines == ['1970-01-02T00:00:00Z command user="ann" command="reload"']


def test_a_flood_of_failures_is_told_as_a_number() -> None:
    log = Log()
    log.fail(PER_MINUTE + 312, at=5.0)
    assert len(log.lines) == PER_MINUTE
    log.fail(1, at=65.0)
    assert log.lines[PER_MINUTE:] == [
        '1970-01-02T00:00:00Z auth-fail more="312"',
        log.lines[0],
    ]


def test_a_quiet_minute_is_told_one_by_one() -> None:
    log = Log()
    log.fail(PER_MINUTE, at=0.0)
    log.fail(PER_MINUTE, at=60.0)
    assert len(log.lines) == 2 * PER_MINUTE


def test_the_last_hour() -> None:
    log = Log()
    log.fail(40, at=0.0)
    log.fail(2, at=1800.0)
    assert log.audit.failures_last_hour() == 42
    log.seconds = 3660.0
    assert log.audit.failures_last_hour() == 2
    log.seconds = 7260.0
    assert log.audit.failures_last_hour() == 0


def test_the_file_is_private_and_may_be_rotated(tmp_path: Path) -> None:
    path = tmp_path / "log" / "audit.log"
    file = AuditFile(path)
    file.write("first")
    assert path.stat().st_mode & 0o777 == 0o600
    path.rename(tmp_path / "audit.log.1")
    file.write("second")
    assert path.read_text() == "second\n"


def test_a_planted_link_is_not_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    victim = tmp_path / "victim"
    victim.write_text("")
    (tmp_path / "audit.log").symlink_to(victim)
    file = AuditFile(tmp_path / "audit.log")
    for _ in range(3):
        file.write("line")
    assert victim.read_text() == ""
    assert len(caplog.records) == 1, "a failing audit log is told once"
    (tmp_path / "audit.log").unlink()
    file.write("line")
    assert (tmp_path / "audit.log").read_text() == "line\n"
