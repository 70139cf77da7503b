"""Values, paths and instances in the bytes that the C bridge and this side say to each other. Pure.

Numbers are little-endian. A text is its length (u32), its UTF-8 bytes, and a NUL, so that C can use it as it
stands; a text that may be missing has a byte before it. A value is its CMPI type (u16), a byte that is 1 for
NULL, and its content: eight bytes for numbers and truth values, a text for strings and datetimes, a path for
references, an instance, or the count (u32) and the items of an array, each with its own NULL byte.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from openesm.cim.path import KeyValue, Path
from openesm.cim.schema import Class
from openesm.cim.values import DateTime, Instance, TypedValue, Value

# CMPI 2.0, 4: type codes
ARRAY = 1 << 13
TYPES = {
    "boolean": 2,
    "char16": 3,
    "real32": 8,
    "real64": 12,
    "uint8": 128,
    "uint16": 144,
    "uint32": 160,
    "uint64": 176,
    "sint8": 192,
    "sint16": 208,
    "sint32": 224,
    "sint64": 240,
    "instance": 4096,
    "reference": 4352,
    "string": 5632,
    "datetime": 6144,
}
NAMES = {code: name for name, code in TYPES.items()}
_CHARS = 5888  # CMPI_chars, another spelling of a string
NOTHING = 0xFFFFFFFF
_U16, U32, _U64, _S64, _REAL = (struct.Struct(f"<{kind}") for kind in "HIQqd")
_HEAD = struct.Struct("<HB")


class WireError(ValueError):
    """Bytes that are no request."""


class Reader:
    """Takes bytes apart; struct.error, IndexError or ValueError where they are none of this form."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, kind: struct.Struct) -> int:
        (number,) = kind.unpack_from(self._data, self._at)
        self._at += kind.size
        return int(number)

    def is_at_end(self) -> bool:
        return self._at == len(self._data)

    def end(self) -> None:
        if not self.is_at_end():
            raise WireError("more than a request")

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        return self._take(_U64)

    def text(self) -> str:
        length = self._take(U32)
        end = self._at + length
        if end >= len(self._data) or self._data[end]:
            raise WireError("a text without an end")
        found = self._data[self._at : end].decode("utf-8", "replace")
        self._at = end + 1
        return found

    def optional(self) -> str | None:
        return self.text() if self.byte() else None

    def count(self) -> int:
        return self._take(U32)

    def texts(self) -> tuple[str, ...] | None:
        count = self._take(U32)
        return None if count == NOTHING else tuple(self.text() for _ in range(count))

    def path(self, depth: int = 0) -> Path:
        if depth > 8:
            raise WireError("references too deep")
        namespace, classname = self.text(), self.text()
        keys: list[tuple[str, KeyValue]] = []
        for _ in range(self._take(U32)):
            name, value = self.text(), self.value(depth + 1).value
            if not isinstance(value, str | int | float | bool | DateTime | Path):
                raise WireError(f"{name} is no key")
            keys.append((name, value))
        return Path(classname, tuple(keys), namespace)

    def instance(self, depth: int = 0) -> Instance:
        path = self.path(depth + 1)
        return Instance(path.classname, self.values(depth + 1), path)

    def values(self, depth: int = 0) -> dict[str, TypedValue]:
        count = self._take(U32)
        return {self.text(): self.value(depth) for _ in range(count)}

    def value(self, depth: int = 0) -> TypedValue:
        code, null = _HEAD.unpack_from(self._data, self._at)
        self._at += _HEAD.size
        is_array = bool(code & ARRAY)
        code &= ~ARRAY
        cim_type = "string" if code == _CHARS else NAMES.get(code, "")
        if null or not cim_type:
            return TypedValue(None, cim_type or "string", is_array)
        told = "string" if cim_type == "instance" else cim_type
        if not is_array:
            return TypedValue(self._scalar(cim_type, depth), told)
        items = [None if self.byte() else self._scalar(cim_type, depth) for _ in range(self._take(U32))]
        return TypedValue(items, told, is_array=True)

    def _scalar(self, cim_type: str, depth: int) -> Value:
        if cim_type == "string":
            return self.text()
        if cim_type == "datetime":
            return DateTime.parse(self.text())
        if cim_type == "reference":
            return self.path(depth + 1)
        if cim_type == "instance":
            return self.instance(depth + 1)
        if cim_type in ("real32", "real64"):
            (real,) = _REAL.unpack_from(self._data, self._at)
            self._at += 8
            return float(real)
        number = self._take(_S64 if cim_type.startswith("sint") else _U64)
        if cim_type == "boolean":
            return number != 0
        return chr(number) if cim_type == "char16" else number


# -- writing


def text(content: str) -> bytes:
    """A NUL inside would end it in C: it becomes U+FFFD."""
    encoded = content.replace("\0", "\ufffd").encode("utf-8", "replace")
    return b"%b%b\0" % (U32.pack(len(encoded)), encoded)


def path(named: Path, namespace: str = "") -> bytes:
    keys = b"".join(text(name) + value(given, _key_type(given)) for name, given in named.keys)
    where = named.namespace or namespace
    return text(where) + text(named.classname) + U32.pack(len(named.keys)) + keys


def item(named: bytes, values: bytes | None = None) -> bytes:
    """A path, or an instance: a path and its values."""
    return b"\1" + named if values is None else b"\2" + named + values


def named_values(values: Iterable[tuple[str, bytes]]) -> bytes:
    pieces = [text(name) + written for name, written in values]
    return U32.pack(len(pieces)) + b"".join(pieces)


def value(given: Value, cim_type: str, *, is_array: bool = False, embedded: bool = False) -> bytes:
    """A value of a CIM type.

    Raises:
        TypeError: it is not of that type.
    """
    code = TYPES["instance" if embedded else cim_type]
    scalar = scalar_writer(cim_type)
    if is_array:
        if given is None:
            return _HEAD.pack(code | ARRAY, 1)
        if not isinstance(given, list | tuple):
            raise TypeError(f"{given!r} is no array")
        items = (b"\1" if each is None else b"\0" + scalar(each) for each in given)
        return _HEAD.pack(code | ARRAY, 0) + U32.pack(len(given)) + b"".join(items)
    return _HEAD.pack(code, 1) if given is None else _HEAD.pack(code, 0) + scalar(given)


def typed_value(typed: TypedValue) -> bytes:
    """A value of its own type; a number without one as the widest."""
    first = typed.value[0] if isinstance(typed.value, list | tuple) and typed.value else typed.value
    cim_type = typed.type or _untyped(first)
    return value(typed.value, cim_type, is_array=typed.is_array, embedded=_is_instance(typed.value))


def _untyped(given: Value) -> str:
    return "string" if given is None or isinstance(given, Instance | str) else _key_type(_as_key(given))


def _as_key(given: Value) -> KeyValue:
    if isinstance(given, datetime | timedelta):
        return DateTime.of(given)
    if not isinstance(given, bool | int | float | str | DateTime | Path):
        raise TypeError(f"{given!r} has no type")
    return given


def scalar_writer(cim_type: str) -> Callable[[Value], bytes]:
    """What writes one value of a type."""
    return _WRITERS.get(cim_type) or (_signed if cim_type.startswith("sint") else _unsigned)


def _unsigned(given: Value) -> bytes:
    if not isinstance(given, int):
        raise TypeError(f"{given!r} is no number")
    return _U64.pack(given)


def _signed(given: Value) -> bytes:
    if not isinstance(given, int):
        raise TypeError(f"{given!r} is no number")
    return _S64.pack(given)


def _real(given: Value) -> bytes:
    if not isinstance(given, int | float):
        raise TypeError(f"{given!r} is no number")
    return _REAL.pack(given)


def _character(given: Value) -> bytes:
    return _U64.pack(ord(str(given)))


def _text(given: Value) -> bytes:
    """A string, or an embedded instance."""
    if isinstance(given, Instance):
        inner = (
            (name, value(typed.value, typed.type or "string", is_array=isinstance(typed.value, list | tuple)))
            for name, typed in given.properties.items()
        )
        return path(Path(given.classname, ())) + named_values(inner)
    if not isinstance(given, str):
        raise TypeError(f"{given!r} is no text")
    return text(given)


def _moment(given: Value) -> bytes:
    if isinstance(given, datetime | timedelta):
        given = DateTime.of(given)
    if not isinstance(given, DateTime):
        raise TypeError(f"{given!r} is no datetime")
    return text(given.text)


def _reference(given: Value) -> bytes:
    if not isinstance(given, Path):
        raise TypeError(f"{given!r} is no reference")
    return path(given)


_WRITERS: dict[str, Callable[[Value], bytes]] = {
    "string": _text,
    "datetime": _moment,
    "reference": _reference,
    "real32": _real,
    "real64": _real,
    "char16": _character,
}


def _key_type(given: KeyValue) -> str:
    if isinstance(given, bool):
        return "boolean"
    if isinstance(given, int):
        return "sint64" if given < 0 else "uint64"
    if isinstance(given, float):
        return "real64"
    if isinstance(given, DateTime):
        return "datetime"
    return "reference" if isinstance(given, Path) else "string"


class RowWriter:
    """Writes rows of one class, those properties that are shown.

    Args:
        names: lower-cased; None shows all.
    """

    def __init__(self, cls: Class, names: frozenset[str] | None) -> None:
        self._shown = [prop for key, prop in cls.properties.items() if names is None or key in names]

    def write(self, row: Mapping[str, Value]) -> bytes:
        """The values of a row; TypeError where one is not of its property's type."""
        return named_values(
            (
                prop.name,
                value(
                    row.get(prop.name),
                    prop.type,
                    is_array=prop.is_array,
                    embedded=bool(prop.embedded) and _is_instance(row.get(prop.name)),
                ),
            )
            for prop in self._shown
        )


def _is_instance(given: Value) -> bool:
    first = given[0] if isinstance(given, list | tuple) and given else given
    return isinstance(first, Instance)
