"""One value of a TOML file against the type and range that its field declares."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from openesm.settings.model import EventIds
from openesm.text import Message

CLIENT_KEY = re.compile(r"sha256:[0-9a-f]{64}|(?:uri|dns|email):\S{1,1000}")
_EVENT_ID = re.compile(r"[0-9A-Fa-f]{8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SOCKET_BYTES = 107  # unix(7): sun_path holds 108 with the final NUL
TRUST = re.compile(r"system|ca \S.*|pin sha256:[0-9A-Fa-f:]{64,95}|verify off")
"""How a destination's certificate is checked; `indications.delivery.trust` reads it."""


class RefusedError(Exception):
    """A value that a field does not take; `key` and `args` name the text of the catalogue."""

    def __init__(self, key: str, **args: object) -> None:
        self.key = key
        self.arguments = args
        super().__init__(key, args)

    def message(self, setting: str) -> Message:
        return Message.of(f"settings.{self.key}", setting=setting, **self.arguments)


def checked(hint: Any, metadata: Mapping[str, Any], value: object) -> Any:
    """The value as its field holds it; RefusedError when the field does not take it."""
    if get_origin(hint) is Literal:
        return _choice(get_args(hint), value)
    if hint == Path | None:
        hint = Path
    return _CHECKS[hint](value, metadata)


def check_socket(path: Path) -> None:
    """Refuses a path that no unix socket can have."""
    if len(str(path).encode()) > _SOCKET_BYTES:
        raise RefusedError("socket-too-long", most=_SOCKET_BYTES)


def _choice(choices: tuple[str, ...], value: object) -> object:
    if value not in choices:
        raise RefusedError("not-a-choice", choices=", ".join(f'"{choice}"' for choice in choices))
    return value


def _boolean(value: object, _: Mapping[str, Any]) -> bool:
    if not isinstance(value, bool):
        raise RefusedError("not-boolean")
    return value


def _integer(value: object, metadata: Mapping[str, Any]) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedError("not-integer")
    _check_range(value, metadata)
    return value


def _number(value: object, metadata: Mapping[str, Any]) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RefusedError("not-number")
    _check_range(value, metadata)
    return float(value)


def _check_range(value: float, metadata: Mapping[str, Any]) -> None:
    low, high = metadata["range"]
    if not low <= value <= high:
        raise RefusedError("out-of-range", low=low, high=high)


def _string(value: object, metadata: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        raise RefusedError("not-string")
    if _CONTROL.search(value):
        raise RefusedError("control-character")
    if not re.fullmatch(metadata.get("pattern", ".*"), value):
        raise RefusedError("wrong-form", pattern=metadata["pattern"])
    return value


def _path(value: object, metadata: Mapping[str, Any]) -> Path:
    if not isinstance(value, str):
        raise RefusedError("not-path")
    text = _string(value, metadata)
    if not text:
        raise RefusedError("not-path")
    return Path(text)


def _client_users(value: object, _: Mapping[str, Any]) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise RefusedError("not-table")
    users: dict[str, str] = {}
    for certificate, user in value.items():
        name = _client_key(certificate)
        if not CLIENT_KEY.fullmatch(name):
            raise RefusedError("client-key", certificate=certificate)
        if not isinstance(user, str) or not user or ":" in user or _CONTROL.search(user):
            raise RefusedError("client-user", certificate=certificate)
        users[name] = user
    return MappingProxyType(users)


def _trust(value: object, _: Mapping[str, Any]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise RefusedError("not-table")
    for url, words in value.items():
        if not isinstance(words, str) or not TRUST.fullmatch(words):
            raise RefusedError("trust-words", url=url)
    return dict(value)


def _event_ids(value: object, _: Mapping[str, Any]) -> Mapping[tuple[str, int], int]:
    """`"SOURCE/80000064" = "80001064"`; which events there are is not known here."""
    if not isinstance(value, dict):
        raise RefusedError("not-table")
    ids: dict[tuple[str, int], int] = {}
    for name, wanted in value.items():
        source, _, ours = name.rpartition("/")
        if not source or not _EVENT_ID.fullmatch(ours):
            raise RefusedError("event-name", name=name)
        if not isinstance(wanted, str) or not _EVENT_ID.fullmatch(wanted):
            raise RefusedError("event-id", name=name)
        ids[source, int(ours, 16)] = int(wanted, 16)
    return MappingProxyType(ids)


def _client_key(text: str) -> str:
    """The key with a fingerprint as `openssl x509 -fingerprint` shows it (AA:BB:…) made plain."""
    kind, _, digest = text.partition(":")
    return f"sha256:{digest.replace(':', '').lower()}" if kind.lower() == "sha256" else text


_CHECKS: Mapping[Any, Callable[[object, Mapping[str, Any]], object]] = {
    bool: _boolean,
    int: _integer,
    float: _number,
    str: _string,
    Path: _path,
    Mapping[str, str]: _client_users,
    dict[str, str]: _trust,
    EventIds: _event_ids,
}
