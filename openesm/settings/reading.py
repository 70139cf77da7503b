"""From a TOML text to settings, or to everything that is wrong with it."""

import difflib
import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from openesm.settings.locate import Key, key_lines, line_of
from openesm.settings.model import SECTIONS, Limits, Listen, Providers, Settings
from openesm.settings.problem import Problem, ProblemsError
from openesm.settings.values import RefusedError, check_socket, checked
from openesm.text import Message

PORTS = ("http_port", "https_port", "wsman_http_port", "wsman_port")
_MOST_BYTES = 1 << 20
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


class SettingsError(ProblemsError):
    """A configuration that the agent does not start with."""


def load(path: Path) -> Settings:
    """The settings of a file.

    Raises:
        SettingsError: the file is absent, unreadable, empty, not TOML, or holds what is not allowed.
    """
    path = path.absolute()
    try:
        with path.open("rb") as source:
            data = source.read(_MOST_BYTES + 1)
    except FileNotFoundError as absent:
        raise _refusal(path, 0, "absent") from absent
    except OSError as failed:
        raise _refusal(path, 0, "unreadable", reason=failed.strerror) from failed
    return read(data, path)


def read(data: bytes, path: Path) -> Settings:
    """The settings in the bytes of a file; a byte-order mark and CRLF are allowed, emptiness is not."""
    if len(data) > _MOST_BYTES:
        raise _refusal(path, 0, "too-big", most=_MOST_BYTES)
    if not data.strip():
        raise _refusal(path, 1, "empty")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise _refusal(path, line, "not-utf8", byte=f"{data[wrong.start]:02x}") from wrong
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """The settings in a TOML text; relative paths start at the folder of `path`.

    Raises:
        SettingsError: with all that is wrong, each with its line.
    """
    text = text.replace("\r\n", "\n")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise SettingsError((_syntax_problem(text, path, wrong),)) from wrong
    reader = _Reader(path, key_lines(text))
    settings = reader.settings(document)
    if reader.problems:
        raise SettingsError(tuple(sorted(reader.problems, key=lambda problem: problem.line)))
    return settings


def with_overrides(
    settings: Settings, *, state_dir: Path | None = None, port_offset: int = 0, closed: bool = False
) -> Settings:
    """The same settings for a second agent on the machine.

    Args:
        state_dir: holds state, socket and (unless it is set to another place) the audit log.
        port_offset: added to every port that is not off.
        closed: every port is off, and providers of others are somewhere else.

    Raises:
        SettingsError: a port would leave 1 to 65535, or the socket's path is too long.
    """
    if state_dir is not None:
        settings = _moved(settings, state_dir.absolute())
    shifted: dict[str, Any] = {
        name: 0 if closed else _shifted(getattr(settings.listen, name), port_offset) for name in PORTS
    }
    listen = replace(settings.listen, **shifted)
    others = Providers() if closed else settings.providers
    settings = replace(settings, listen=listen, providers=others)
    problems = [
        Problem(settings.source, 0, refused.message(f"{section}.{name}"))
        for (section, name), refused in _contradictions(settings)
    ]
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _moved(settings: Settings, state_dir: Path) -> Settings:
    audit = settings.log.audit
    if audit.is_relative_to(settings.state.dir):
        audit = state_dir / audit.relative_to(settings.state.dir)
    state = replace(settings.state, dir=state_dir, socket=state_dir / "esmd.sock")
    return replace(settings, state=state, log=replace(settings.log, audit=audit))


def _shifted(port: int, offset: int) -> int:
    return (port + offset or -1) if port else 0


@dataclass(slots=True)
class _Reader:
    path: Path
    lines: Mapping[Key, int]
    problems: list[Problem] = field(default_factory=list)

    def settings(self, document: Mapping[str, Any]) -> Settings:
        self._refuse_unknown((), document, SECTIONS)
        sections = {
            name: self._section(name, kind, document.get(name, {})) for name, kind in SECTIONS.items()
        }
        sections["log"] = replace(sections["log"], audit=sections["state"].dir / sections["log"].audit)
        settings = Settings(**sections, source=self.path)
        if not self.problems:
            for key, refused in _contradictions(settings):
                self._refuse(key, refused.message(".".join(key)))
        return settings

    def _section(self, name: str, kind: type, table: object) -> Any:
        if not isinstance(table, dict):
            self._refuse((name,), Message.of("settings.not-table", setting=name))
            table = {}
        known = {declared.name: declared for declared in fields(kind)}
        self._refuse_unknown((name,), table, known)
        values = {}
        for key in known.keys() & table.keys():
            try:
                values[key] = checked(type_hints(kind)[key], known[key].metadata, table[key])
            except RefusedError as refused:
                self._refuse((name, key), refused.message(f"{name}.{key}"))
        return _anchored(kind(**values), self.path.parent, values)

    def _refuse_unknown(self, table: Key, keys: Iterable[str], known: Iterable[str]) -> None:
        names = list(known)
        for key in keys:
            if key not in names:
                dotted = ".".join((*table, key))
                near = difflib.get_close_matches(key, names, 1)
                text = "unknown-key-hint" if near else "unknown-key"
                hint = {"near": ".".join((*table, near[0]))} if near else {}
                self._refuse((*table, key), Message.of(f"settings.{text}", setting=dotted, **hint))

    def _refuse(self, key: Key, message: Message) -> None:
        self.problems.append(Problem(self.path, line_of(self.lines, key), message))


@cache
def type_hints(kind: type) -> Mapping[str, Any]:
    """The types of a section's fields, resolved."""
    return get_type_hints(kind)


def _anchored(section: Any, folder: Path, given: Container[str]) -> Any:
    """The section with its relative paths made to start at `folder`, but for defaults inside the state."""
    paths = {
        declared.name: folder / value
        for declared in fields(section)
        if isinstance(value := getattr(section, declared.name), Path)
        and (declared.name in given or "inside" not in declared.metadata)
    }
    return replace(section, **paths)


def _contradictions(settings: Settings) -> Iterator[tuple[Key, RefusedError]]:
    yield from _listen_contradictions(settings.listen)
    yield from _limit_contradictions(settings.limits)
    if settings.auth.client_crl and not settings.auth.client_ca:
        yield ("auth", "client_crl"), RefusedError("crl-without-ca")
    sockets: Mapping[Key, Path] = {
        ("auth", "pam_socket"): settings.auth.pam_socket,
        ("state", "socket"): settings.state.socket,
        ("syslog", "socket"): settings.syslog.socket,
    }
    for key, socket in sockets.items():
        try:
            check_socket(socket)
        except RefusedError as refused:
            yield key, refused


def _listen_contradictions(listen: Listen) -> Iterator[tuple[Key, RefusedError]]:
    ports = [name for name in PORTS if getattr(listen, name)]
    for number, name in enumerate(ports):
        other = next((o for o in ports[number + 1 :] if getattr(listen, o) == getattr(listen, name)), "")
        if other:
            yield ("listen", name), RefusedError("same-port", other=f"listen.{other}")
    if listen.http_port and listen.scope == "all" and not listen.i_know_plaintext_is_unsafe:
        yield ("listen", "http_port"), RefusedError("plaintext")
    for name in PORTS:
        if not 0 <= getattr(listen, name) <= 65535:
            yield ("listen", name), RefusedError("out-of-range", low=0, high=65535)


def _limit_contradictions(limits: Limits) -> Iterator[tuple[Key, RefusedError]]:
    pairs = (
        ("connections_per_address", "connections"),
        ("contexts_per_user", "contexts"),
        ("operation_timeout_s", "operation_timeout_max_s"),
    )
    for low, high in pairs:
        if getattr(limits, low) > getattr(limits, high):
            yield ("limits", low), RefusedError("above", other=f"limits.{high}", most=getattr(limits, high))


def _syntax_problem(text: str, path: Path, wrong: Exception) -> Problem:
    if isinstance(wrong, RecursionError):
        return Problem(path, 1, Message.of("settings.too-deep"))
    place = _PLACE.fullmatch(str(wrong))
    if place is None:
        return Problem(path, 1, Message.of("settings.syntax", reason=str(wrong)))
    line = int(place[2]) if place[2] else text.count("\n") + 1
    return Problem(path, line, Message.of("settings.syntax", reason=place[1]), int(place[3] or 0))


def _refusal(path: Path, line: int, key: str, **args: object) -> SettingsError:
    return SettingsError((Problem(path, line, Message.of(f"settings.{key}", **args)),))
