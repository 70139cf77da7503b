"""What `esmctl doctor` looks at; each check gives findings, pure apart from reading the machine."""

import os
import pyexpat
import re
import socket
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from esmctl import ports
from esmd.auth.users import Users, UsersError
from esmd.tls import RENEW_BEFORE_S, TlsError, check_pair, key_is_open, read_certificate
from openesm.settings import Settings
from openesm.settings.reading import PORTS
from openesm.text import Message

EXPAT_NEEDED = (2, 6, 0)  # CVE-2023-52425, SEC-44


class Verdict(IntEnum):
    OK = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, and what to do when it is not well."""

    check: str
    verdict: Verdict
    message: Message

    @classmethod
    def of(cls, check: str, verdict: Verdict, key: str, /, **args: object) -> "Finding":
        return cls(check, verdict, Message(f"esmctl.{key}", tuple(args.items())))


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: the settings, and the ports that the running agent itself holds."""

    settings: Settings
    agent_ports: frozenset[int]


def findings(subject: Subject) -> Iterator[Finding]:
    """All checks in order."""
    for check in CHECKS:
        yield from check(subject)


def _users(subject: Subject) -> Iterator[Finding]:
    auth = subject.settings.auth
    try:
        count = len(Users.load(auth.users_file))
    except UsersError as wrong:
        yield from (
            Finding.of("users", Verdict.FAIL, "doctor-users-wrong", line=one.line, reason=one.message)
            for one in wrong.errors
        )
        return
    if count or auth.client_ca or auth.pam:
        yield Finding.of("users", Verdict.OK, "doctor-users", count=count)
    else:
        yield Finding.of("users", Verdict.WARN, "doctor-no-users")


def _certificate(subject: Subject) -> Iterator[Finding]:
    tls = subject.settings.tls
    try:
        certificate = read_certificate(tls.cert)
        open_key = key_is_open(tls.key)
        check_pair(tls.cert, tls.key, key_mode=False)
    except TlsError as wrong:
        yield Finding("certificate", Verdict.FAIL, wrong.message)
        return
    left = certificate.expires - time.time()
    days = int(left // 86400)
    verdict = Verdict.FAIL if left < 0 else Verdict.WARN if left < RENEW_BEFORE_S else Verdict.OK
    yield Finding.of("certificate", verdict, "doctor-cert" if left >= 0 else "doctor-cert-ended", days=days)
    if open_key:
        yield Finding("key", Verdict.FAIL, Message.of("tls.key-open", key_file=tls.key))
    else:
        yield Finding.of("key", Verdict.OK, "doctor-key")


def _state(subject: Subject) -> Iterator[Finding]:
    folder = subject.settings.state.dir
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as failed:
        yield Finding.of("state", Verdict.FAIL, "doctor-state-absent", dir=folder, reason=failed.strerror)
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding.of("state", Verdict.FAIL, "doctor-state-unwritable", dir=folder)
    elif mode & 0o077:
        yield Finding.of("state", Verdict.WARN, "doctor-state-open", dir=folder, mode=f"{mode:04o}")
    else:
        yield Finding.of("state", Verdict.OK, "doctor-state", dir=folder)


def _ports(subject: Subject) -> Iterator[Finding]:
    listen = subject.settings.listen
    for port in filter(None, (getattr(listen, name) for name in PORTS)):
        holder = ports.holder(port)
        if holder is None:
            yield Finding.of("port", Verdict.OK, "doctor-port-free", port=port)
        elif port in subject.agent_ports:
            yield Finding.of("port", Verdict.OK, "doctor-port-ours", port=port)
        else:
            yield Finding.of("port", Verdict.FAIL, "doctor-port-taken", port=port, holder=holder)


def _expat(_subject: Subject) -> Iterator[Finding]:
    version = tuple(int(part) for part in re.findall("[0-9]+", pyexpat.EXPAT_VERSION))
    well = version >= EXPAT_NEEDED
    found = ".".join(str(part) for part in version)
    verdict = Verdict.OK if well else Verdict.WARN
    yield Finding.of("expat", verdict, "doctor-expat" if well else "doctor-expat-old", version=found)


def _syslog(subject: Subject) -> Iterator[Finding]:
    path = subject.settings.syslog.socket
    there = path.exists() and stat.S_ISSOCK(path.stat().st_mode)
    verdict = Verdict.OK if there else Verdict.WARN
    yield Finding.of("syslog", verdict, "doctor-syslog" if there else "doctor-no-syslog", socket=path)


def _smbios(subject: Subject) -> Iterator[Finding]:
    table = subject.settings.host.root / "sys/firmware/dmi/tables/DMI"
    if not table.exists():
        yield Finding.of("smbios", Verdict.WARN, "doctor-smbios-absent")
    elif not os.access(table, os.R_OK):
        yield Finding.of("smbios", Verdict.WARN, "doctor-smbios-unreadable", file=table)
    else:
        yield Finding.of("smbios", Verdict.OK, "doctor-smbios")


def _ipv6(_subject: Subject) -> Iterator[Finding]:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        yield Finding.of("ipv6", Verdict.WARN, "doctor-no-ipv6")
    else:
        yield Finding.of("ipv6", Verdict.OK, "doctor-ipv6")


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    _users,
    _certificate,
    _state,
    _ports,
    _expat,
    _syslog,
    _smbios,
    _ipv6,
)
