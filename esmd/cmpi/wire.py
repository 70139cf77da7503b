"""What the C bridge and this side say to each other: one request, one answer, as bytes. Pure.

Numbers are little-endian. A text is its length (u32), its UTF-8 bytes, and a NUL, so that C can use it as it
stands; a text that may be missing has a byte before it. A value is its CMPI type (u16), a byte that is 1 for
NULL, and its content: eight bytes for numbers and truth values, a text for strings and datetimes, a path for
references, an instance, or the count (u32) and the items of an array, each with its own NULL byte.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

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
_NOTHING = 0xFFFFFFFF
_U16, _U32, _U64, _S64, _REAL = (struct.Struct(f"<{kind}") for kind in "HIQqd")
_HEAD = struct.Struct("<HB")


class WireError(ValueError):
    """Bytes that are no request."""


class Operation(IntEnum):
    ENUMERATE_INSTANCE_NAMES = 1
    ENUMERATE_INSTANCES = 2
    GET_INSTANCE = 3
    CREATE_INSTANCE = 4
    MODIFY_INSTANCE = 5
    DELETE_INSTANCE = 6
    EXEC_QUERY = 7
    ASSOCIATORS = 8
    ASSOCIATOR_NAMES = 9
    REFERENCES = 10
    REFERENCE_NAMES = 11
    INVOKE_METHOD = 12
    NEXT_INDICATIONS = 13


@dataclass(frozen=True, slots=True)
class Request:
    """One operation.

    Attributes:
        user: whom the CIMOM has let in.
        path: what it is about: an instance, or a class where it has no keys.
        properties: the property list; None shows all.
        instance: of CreateInstance and ModifyInstance.
        words: association class, result class, role and result role; the query and its language; the method.
        arguments: of a method.
    """

    operation: Operation
    user: str
    path: Path
    properties: tuple[str, ...] | None = None
    instance: Instance | None = None
    words: tuple[str | None, ...] = ()
    arguments: Mapping[str, TypedValue] = field(default_factory=dict)


_LISTED = frozenset(
    {
        Operation.ENUMERATE_INSTANCES,
        Operation.GET_INSTANCE,
        Operation.MODIFY_INSTANCE,
        Operation.ASSOCIATORS,
        Operation.REFERENCES,
    }
)
_WORDS = {
    Operation.EXEC_QUERY: 2,
    Operation.ASSOCIATORS: 4,
    Operation.ASSOCIATOR_NAMES: 4,
    Operation.REFERENCES: 2,
    Operation.REFERENCE_NAMES: 2,
    Operation.INVOKE_METHOD: 1,
    Operation.NEXT_INDICATIONS: 1,
}


def read_request(data: bytes) -> Request:
    """Takes a request apart.

    Raises:
        WireError: it is none.
    """
    try:
        reader = _Reader(data)
        operation = Operation(reader.byte())
        user, path = reader.text(), reader.path()
        properties = reader.texts() if operation in _LISTED else None
        instance = None
        if operation in (Operation.CREATE_INSTANCE, Operation.MODIFY_INSTANCE):
            instance = reader.instance()
        words = tuple(reader.optional() for _ in range(_WORDS.get(operation, 0)))
        arguments = reader.values() if operation is Operation.INVOKE_METHOD else {}
        reader.end()
    except (struct.error, ValueError, IndexError) as wrong:
        raise WireError(str(wrong)) from wrong
    return Request(operation, user, path, properties, instance, words, arguments)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, kind: struct.Struct) -> int:
        (number,) = kind.unpack_from(self._data, self._at)
        self._at += kind.size
        return int(number)

    def end(self) -> None:
        if self._at != len(self._data):
            raise WireError("more than a request")

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def text(self) -> str:
        length = self._take(_U32)
        end = self._at + length
        if end >= len(self._data) or self._data[end]:
            raise WireError("a text without an end")
        found = self._data[self._at : end].decode("utf-8", "replace")
        self._at = end + 1
        return found

    def optional(self) -> str | None:
        return self.text() if self.byte() else None

    def texts(self) -> tuple[str, ...] | None:
        count = self._take(_U32)
        return None if count == _NOTHING else tuple(self.text() for _ in range(count))

    def path(self, depth: int = 0) -> Path:
        if depth > 8:
            raise WireError("references too deep")
        namespace, classname = self.text(), self.text()
        keys: list[tuple[str, KeyValue]] = []
        for _ in range(self._take(_U32)):
            name, value = self.text(), self.value(depth + 1).value
            if not isinstance(value, str | int | float | bool | DateTime | Path):
                raise WireError(f"{name} is no key")
            keys.append((name, value))
        return Path(classname, tuple(keys), namespace)

    def instance(self, depth: int = 0) -> Instance:
        path = self.path(depth + 1)
        return Instance(path.classname, self.values(depth + 1), path)

    def values(self, depth: int = 0) -> dict[str, TypedValue]:
        count = self._take(_U32)
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
        items = [None if self.byte() else self._scalar(cim_type, depth) for _ in range(self._take(_U32))]
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


# -- answers


def refused(status: int, reason: str) -> bytes:
    """An answer that tells a CIM error."""
    return _U32.pack(status) + text(reason) + _U32.pack(0)


def answer(items: Sequence[bytes], returned: bytes = b"") -> bytes:
    """An answer of paths and instances; a method's return value and output parameters come after them."""
    return b"".join([_U32.pack(0), text(""), _U32.pack(len(items)), *items, returned])


def text(content: str) -> bytes:
    """A NUL inside would end it in C: it becomes U+FFFD."""
    encoded = content.replace("\0", "\ufffd").encode("utf-8", "replace")
    return b"%b%b\0" % (_U32.pack(len(encoded)), encoded)


def path(named: Path, namespace: str = "") -> bytes:
    keys = b"".join(text(name) + value(given, _key_type(given)) for name, given in named.keys)
    where = named.namespace or namespace
    return text(where) + text(named.classname) + _U32.pack(len(named.keys)) + keys


def item(named: bytes, values: bytes | None = None) -> bytes:
    """A path, or an instance: a path and its values."""
    return b"\1" + named if values is None else b"\2" + named + values


def named_values(values: Iterable[tuple[str, bytes]]) -> bytes:
    pieces = [text(name) + written for name, written in values]
    return _U32.pack(len(pieces)) + b"".join(pieces)


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
        return _HEAD.pack(code | ARRAY, 0) + _U32.pack(len(given)) + b"".join(items)
    return _HEAD.pack(code, 1) if given is None else _HEAD.pack(code, 0) + scalar(given)


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
