"""What was read of one class: its provider, the last reading, and what was sought since."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from openesm.cim.path import KeyValue, Path, normal_namespace
from openesm.cim.provider import Provider, Row
from openesm.cim.schema import Class
from openesm.cim.values import INTEGER_RANGE, DateTime, Value, parse_boolean, parse_integer
from openesm.host import Host

INTEROP = "root/interop"
ALIASES = {"interop": INTEROP, "root/pg_interop": INTEROP}

_Rows = tuple[list[Any], list[Row]]  # elements, and each as a row


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Rows of one class, complete: constants and defaults of the schema are filled in.

    `elements` are the provider's own values, row by row ((), for an association).
    """

    cls: Class
    namespace: str
    rows: Sequence[Row]
    elements: Sequence[Any] = ()
    index: dict[Hashable, int] = field(default_factory=dict)

    def find(self, path: Path) -> int | None:
        """The row that `path` names, whatever spelling its keys have."""
        if not self.index and self.rows:
            self.index.update(
                (key_of(self.cls, row, self.namespace), number) for number, row in enumerate(self.rows)
            )
        wanted = key_of_path(self.cls, path, self.namespace)
        return None if wanted is None else self.index.get(wanted)

    def path(self, row: Row) -> Path:
        keys = tuple((name, as_key(row[name])) for name in self.cls.keys)
        return Path(self.cls.name, keys, self.namespace)

    def only(self, numbers: Iterable[int]) -> Group:
        """The same class with some of its rows."""
        return Group(self.cls, self.namespace, [self.rows[number] for number in numbers])


def as_key(value: Value) -> KeyValue:
    """A value as a key binding has it; TypeError for what can be none."""
    if isinstance(value, bool | int | float | str | DateTime | Path):
        return value
    if isinstance(value, datetime | timedelta):
        return DateTime.of(value)
    raise TypeError(f"not a key value: {value!r}")


def key_of(cls: Class, row: Row, namespace: str) -> Hashable:
    """What identifies a row within its class; references without a namespace are into `namespace`."""
    return tuple(_key_identity(row[name], namespace) for name in cls.keys)


def key_of_path(cls: Class, path: Path, namespace: str) -> Hashable | None:
    """The identity of the row that a client's path names; None when it names none of this class.

    A client may spell a number as a string and leave the name of a single key out (X10).
    """
    given = {name.lower(): value for name, value in path.keys}
    if "" in given and len(given) == 1 and len(cls.keys) == 1:
        given = {cls.keys[0].lower(): given[""]}
    if set(given) != {name.lower() for name in cls.keys}:
        return None
    identity = []
    for name in cls.keys:
        try:
            value = _typed_key(given[name.lower()], cls.properties[name.lower()].type)
        except ValueError:
            return None
        identity.append(_key_identity(value, namespace))
    return tuple(identity)


def _typed_key(value: KeyValue, cim_type: str) -> Value:
    if cim_type in ("string", "char16"):
        return str(value)
    if cim_type == "boolean":
        return value if isinstance(value, bool) else parse_boolean(str(value))
    if cim_type in INTEGER_RANGE:
        return value if type(value) is int else parse_integer(str(value), cim_type)
    if cim_type == "datetime" and isinstance(value, str):
        return DateTime.parse(value)
    return value


def _key_identity(value: Value, namespace: str) -> Hashable:
    if isinstance(value, Path):
        where = normal_namespace(value.namespace or namespace)
        return ALIASES.get(where, where), value.local_identity
    return as_key(value)


@dataclass(frozen=True, slots=True)
class Sought:
    """What a reading may have left out: an instance, or those of an association in which one stands."""

    source: Source
    about: Path
    referring: bool = False


class Source:
    """A provider and its last reading, with what was sought since."""

    def __init__(self, provider: Provider[Any], cls: Class, constants: Row) -> None:
        self.provider = provider
        self.cls = cls
        self.constants = constants
        self.taken = float("-inf")
        self.version: object = None
        self.group = Group(cls, provider.namespace, ())
        self.pending: asyncio.Future[None] | None = None
        self.failing = False
        self._read: _Rows = [], []
        self._found: dict[Sought, tuple[float, _Rows]] = {}

    def read(self, host: Host) -> _Rows:
        return self._rows(self.provider.read(host))

    def seek(self, host: Host, sought: Sought) -> _Rows:
        """The elements that the provider finds when it is asked for them."""
        provider = self.provider
        if sought.referring:
            return self._rows(provider.refer(host, sought.about) if provider.refer else ())
        found = provider.find(host, sought.about) if provider.find else None
        return self._rows(() if found is None else (found,))

    def _rows(self, given: Iterable[Any]) -> _Rows:
        provider, constants, elements = self.provider, self.constants, list(given)
        rows: list[Row] = [{**constants, **provider.instance(element)} for element in elements]
        for key in self.cls.keys:
            if None in [row.get(key) for row in rows]:
                raise TypeError(f"{self.cls.name}: key {key} is NULL")
        return elements, rows

    def keep(self, elements: list[Any], rows: list[Row], now: float, freshness_s: float) -> None:
        self.taken = now
        self.failing = False
        self._read = elements, rows
        self._found = {key: each for key, each in self._found.items() if each[0] >= now - freshness_s}
        self._show()

    def add(self, sought: Sought, found: _Rows, now: float) -> None:
        """Shows what was found as well, until it is too old."""
        self._found[sought] = now, found
        self._show()

    def forget(self) -> None:
        """What was sought is sought anew."""
        self._found = {}

    def _show(self) -> None:
        elements, rows = self._read
        if self._found:
            elements, rows = list(elements), list(rows)
            known = {key_of(self.cls, row, self.provider.namespace) for row in rows}
            for _, found in self._found.values():
                for element, row in zip(*found, strict=True):
                    key = key_of(self.cls, row, self.provider.namespace)
                    if key not in known:
                        known.add(key)
                        elements.append(element)
                        rows.append(row)
        if rows != self.group.rows:
            self.group = Group(self.cls, self.provider.namespace, rows, elements)
