"""Lines of the system log: their form, and that they arrive, also in a real rsyslog."""

import dataclasses
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indications import events
from indications.alert import agent_alert
from indications.delivery import Undelivered
from indications.delivery.syslog import MOST_BYTES, Syslog, escape, line
from indications.events import What
from openesm.model import Alert, Severity, State
from tests.indications.alerts import OCCASION, cpu

N, W, C = State.NORMAL, State.WARNING, State.CRITICAL
HOT = agent_alert(
    events.TEMPERATURE, What.WARNING, OCCASION, element="CPU 1", value="42", limit="42", unit=" °C"
)


def saying(text: str) -> Alert:
    """An alert with a text of the outside in it."""
    lapsed = events.SUBSCRIPTION
    return agent_alert(lapsed, What.LAPSED, OCCASION, filter=text, destination="d")


@pytest.fixture
def devlog(tmp_path: Path) -> Iterator[tuple[Path, socket.socket]]:
    path = tmp_path / "devlog"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(10)
        yield path, receiver


def test_the_line_of_the_guide() -> None:
    text = line(HOT, "ja")
    assert re.fullmatch(r"SRC:ESMCommonService, ID:80000065, MSG:CPU 1: システムの温度が高く.*42 °C", text)


@pytest.mark.parametrize(
    ("alert", "head"),
    [
        pytest.param(
            cpu(C, N, 5), b"<14>Sep 21 23:13:20 ESMcmn: SRC:ESMCPUPERF, ID:40000067, MSG:", id="info"
        ),
        pytest.param(cpu(), b"<12>Sep 21 23:13:20 ESMcmn: SRC:ESMCPUPERF, ID:80000064, MSG:", id="warning"),
        pytest.param(cpu(N, C), b"<11>Sep 21 23:13:20 ESMcmn: SRC:ESMCPUPERF, ID:C0000065, MSG:", id="error"),
        pytest.param(
            HOT, b"<12>Sep 21 23:13:20 ESMsmsrv: SRC:ESMCommonService, ID:80000065, MSG:", id="hardware"
        ),
    ],
)
def test_head(alert: Alert, head: bytes) -> None:
    assert Syslog().encode(alert).startswith(head)


def test_day_is_padded_with_a_blank() -> None:
    assert Syslog().encode(dataclasses.replace(cpu(), at=0.0)).startswith(b"<12>Jan  1 09:00:00 ")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        pytest.param("a\nb\r", "a#012b#015", id="CR and LF"),
        pytest.param("\x00\x1b[31m\x7f", "#000#033[31m#177", id="NUL, ESC, DEL"),
        pytest.param("\x85\x9b", "#u0085#u009B", id="C1"),
        pytest.param("\u202eabc\u2066\u200f", "#u202Eabc#u2066#u200F", id="direction"),
        pytest.param("\u2028\u2029", "#u2028#u2029", id="line and paragraph separators"),
        pytest.param("\ud800", "#uD800", id="half a character"),
        pytest.param("容量 10% °C", "容量 10% °C", id="text stays"),
    ],
)
def test_one_event_is_one_line(text: str, escaped: str) -> None:
    assert escape(text) == escaped
    data = Syslog(language="en").encode(saying(text))
    assert escaped.encode() in data
    assert b"\n" not in data


@pytest.mark.parametrize("shift", range(4))
def test_a_long_line_is_cut_between_characters(shift: int) -> None:
    data = Syslog(language="ja").encode(saying("x" * shift + "温" * 5000))
    assert MOST_BYTES - 3 < len(data) <= MOST_BYTES
    assert data.decode("utf-8").endswith("温…")


def test_it_arrives(devlog: tuple[Path, socket.socket]) -> None:
    path, receiver = devlog
    syslog = Syslog(str(path))
    for alert in (cpu(), HOT):
        syslog.send(syslog.encode(alert))
    assert [receiver.recv(65536) for _ in range(2)] == [syslog.encode(cpu()), syslog.encode(HOT)]


def test_it_arrives_at_a_stream_too(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as receiver:
        receiver.bind(str(tmp_path / "devlog"))
        receiver.listen()
        receiver.settimeout(10)
        Syslog(str(tmp_path / "devlog")).send(b"<12>x: y")
        connection, _ = receiver.accept()
        with connection:
            assert connection.makefile("rb").read() == b"<12>x: y\0"


@pytest.mark.parametrize(("language", "word"), [("en", "cannot be reached"), ("ja", "接続できません")])
def test_absent(tmp_path: Path, language: str, word: str) -> None:
    with pytest.raises(Undelivered) as failed:
        Syslog(str(tmp_path / "absent")).send(b"x")
    assert failed.value.retry
    assert word in failed.value.reason.text("ja" if language == "ja" else "en")
    assert str(tmp_path / "absent") in failed.value.reason.text("en")


def test_a_log_that_does_not_read_holds_nobody_up(devlog: tuple[Path, socket.socket]) -> None:
    path, _ = devlog
    with pytest.raises(Undelivered) as failed:
        for _ in range(10_000):
            Syslog(str(path)).send(b"x" * 1000, timeout_s=0.05)
    assert failed.value.retry


def test_too_long_for_the_log_is_not_tried_again(devlog: tuple[Path, socket.socket]) -> None:
    with pytest.raises(Undelivered) as failed:
        Syslog(str(devlog[0])).send(b"x" * 50_000_000)
    assert not failed.value.retry


def test_severities_have_a_priority() -> None:
    for severity in Severity:
        assert Syslog().encode(dataclasses.replace(cpu(), severity=severity))


RSYSLOG = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{log}" CreatePath="off")
template(name="t" type="string" string="%syslogfacility-text%.%syslogseverity-text% %syslogtag%%msg%\\n")
*.* action(type="omfile" file="{file}" template="t" asyncWriting="off" flushOnTXEnd="on")
"""


@pytest.mark.needs("rsyslogd")
def test_rsyslog_takes_it_apart(tmp_path: Path) -> None:
    """FAQ-20, FAQ-21, as an administrator sees it in the file."""
    log, file, settings = tmp_path / "devlog", tmp_path / "messages", tmp_path / "rsyslog.conf"
    settings.write_text(RSYSLOG.format(log=log, file=file))
    daemon = subprocess.Popen(
        ["rsyslogd", "-n", "-f", str(settings), "-i", str(tmp_path / "pid")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        syslog = Syslog(str(log))
        told = [cpu(C, N, 5), cpu(), cpu(N, C), HOT]
        for alert in told:
            send_when_there(syslog, alert)
        lines = read_lines(file, len(told))
    finally:
        daemon.terminate()
        daemon.wait(20)
    assert lines == [
        f"user.{level} {alert.process}: {line(alert, 'ja')}"
        for level, alert in zip(("info", "warning", "err", "warning"), told, strict=True)
    ]


def send_when_there(syslog: Syslog, alert: Alert) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return syslog.send(syslog.encode(alert))
        except Undelivered:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.02)


def read_lines(file: Path, count: int) -> list[str]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        if len(lines) >= count:
            return lines
        threading.Event().wait(0.02)
    raise AssertionError(file.read_text("utf-8") if file.exists() else "no file")
