"""Report method "syslog": one line an alert, as managers and scripts know it (FAQ-20, FAQ-21).

`SRC:ESMCPUPERF, ID:80000064, MSG:…`, facility user, priority by severity, tag = the service that tells it.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from indications.delivery import Undelivered
from openesm.cim.values import local_now
from openesm.model import Alert, Severity
from openesm.text import Language, Message

FACILITY_USER = 1
PRIORITY: Mapping[Severity, int] = {Severity.INFORMATION: 6, Severity.WARNING: 4, Severity.CRITICAL: 3}
MOST_BYTES = 8000  # of a datagram; system logs cut lines at 8 KiB
CUT = "…"
_SPELLED = {"ESMCOMMONSERVICE": "ESMCommonService"}  # the one source that the line does not write in capitals
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


def line(alert: Alert, language: Language) -> str:
    """The text of the line without its head; one line whatever is in the alert (L05)."""
    source = _SPELLED.get(alert.source, alert.source)
    return escape(f"SRC:{source}, ID:{alert.event_id:08X}, MSG:{alert.text(language)}")


def escape(text: str) -> str:
    """Control characters as `#012` (octal), what turns the direction of text as `#u202E`."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"#{code:03o}" if code < 0x80 else f"#u{code:04X}"


@dataclass(frozen=True, slots=True)
class Syslog:
    """The system log of this machine."""

    path: str = "/dev/log"
    language: Language = "ja"

    def encode(self, alert: Alert) -> bytes:
        """The datagram: `<PRI>Mmm dd hh:mm:ss TAG: LINE` in UTF-8, at most `MOST_BYTES`."""
        at = local_now(alert.at, alert.utc_offset_s)
        stamp = f"{_MONTHS[at.month - 1]} {at.day:2d} {at:%H:%M:%S}"
        priority = FACILITY_USER << 3 | PRIORITY[alert.severity]
        text = f"<{priority}>{stamp} {alert.process}: {line(alert, self.language)}"
        return _cut(text.encode("utf-8"))

    def send(self, datagram: bytes, *, timeout_s: float = 2.0) -> None:
        """Hands the line to the system log.

        Raises:
            Undelivered: it is not there or does not read (retry), or the line is too long for it.
        """
        try:
            try:
                _send(self.path, socket.SOCK_DGRAM, datagram, timeout_s)
            except OSError as failed:
                if failed.errno != errno.EPROTOTYPE:
                    raise
                _send(self.path, socket.SOCK_STREAM, datagram + b"\0", timeout_s)  # as syslog(3) ends a line
        except OSError as failed:
            if failed.errno == errno.EMSGSIZE:
                raise Undelivered(
                    Message.of("alerts.syslog-too-long", path=self.path), retry=False
                ) from failed
            reason = failed.strerror or str(failed)
            absent = Message.of("alerts.syslog-absent", path=self.path, reason=reason)
            raise Undelivered(absent, retry=True) from failed


def _send(path: str, kind: socket.SocketKind, data: bytes, timeout_s: float) -> None:
    with socket.socket(socket.AF_UNIX, kind) as log:
        log.settimeout(timeout_s)
        log.connect(path)
        log.sendall(data)


def _cut(data: bytes) -> bytes:
    if len(data) <= MOST_BYTES:
        return data
    mark = CUT.encode()
    return data[: MOST_BYTES - len(mark)].decode("utf-8", "ignore").encode() + mark
