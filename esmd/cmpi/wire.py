"""What the C bridge and this side say to each other: one request, one answer, as bytes. Pure.

See `esmd.cmpi.form` for the form of what is in them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from esmd.cmpi.form import NOTHING, U32, Reader, WireError, named_values, path, text, typed_value
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import Instance, TypedValue


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
    ACTIVATE = 14
    DEACTIVATE = 15
    DELIVER = 16
    IS_A = 17


@dataclass(frozen=True, slots=True)
class Request:
    """One operation.

    Attributes:
        number: of the request, by which a provider asks the CIMOM on behalf of its sender.
        user: whom the CIMOM has let in.
        path: what it is about: an instance, or a class where it has no keys.
        properties: the property list; None shows all.
        instance: of CreateInstance and ModifyInstance.
        words: association class, result class, role and result role; the query and its language; the method.
        arguments: of a method.
    """

    operation: Operation
    number: int
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
_WITH_INSTANCE = frozenset({Operation.CREATE_INSTANCE, Operation.MODIFY_INSTANCE, Operation.DELIVER})
_WORDS = {
    Operation.EXEC_QUERY: 2,
    Operation.ASSOCIATORS: 4,
    Operation.ASSOCIATOR_NAMES: 4,
    Operation.REFERENCES: 2,
    Operation.REFERENCE_NAMES: 2,
    Operation.INVOKE_METHOD: 1,
    Operation.NEXT_INDICATIONS: 1,
    Operation.ACTIVATE: 1,
    Operation.DEACTIVATE: 1,
    Operation.IS_A: 1,
}


def read_request(data: bytes) -> Request:
    """Takes a request apart.

    Raises:
        WireError: it is none.
    """
    try:
        reader = Reader(data)
        operation, number = Operation(reader.byte()), reader.number()
        user, path = reader.text(), reader.path()
        properties = reader.texts() if operation in _LISTED else None
        instance = None
        if operation in _WITH_INSTANCE:
            instance = reader.instance()
        words = tuple(reader.optional() for _ in range(_WORDS.get(operation, 0)))
        arguments = reader.values() if operation is Operation.INVOKE_METHOD else {}
        reader.end()
    except (struct.error, ValueError, IndexError) as wrong:
        raise WireError(str(wrong)) from wrong
    return Request(operation, number, user, path, properties, instance, words, arguments)


# -- what the CIMOM is asked for


def asked(
    operation: Operation,
    about: Path,
    *,
    properties: Sequence[str] | None = None,
    instance: Instance | None = None,
    words: Sequence[str | None] = (),
    arguments: Mapping[str, TypedValue] | None = None,
) -> bytes:
    """A request to it; the counterpart of `read_request`.

    Raises:
        TypeError: a value is not of its type.
    """
    pieces = [bytes([operation]), path(about)]
    if operation in _LISTED:
        names = b"".join(map(text, properties or ()))
        pieces.append(U32.pack(NOTHING if properties is None else len(properties)) + names)
    if instance is not None:
        pieces.append(path(instance.path or Path(instance.classname, (), about.namespace)))
        pieces.append(named_values((n, typed_value(v)) for n, v in instance.properties.items()))
    pieces += (b"\0" if word is None else b"\1" + text(word) for word in words)
    if arguments is not None:
        pieces.append(named_values((name, typed_value(typed)) for name, typed in arguments.items()))
    return b"".join(pieces)


def read_asked(data: bytes) -> Request:
    """What `asked` has made, as a request of nobody.

    Raises:
        WireError: it is none.
    """
    return read_request(data[:1] + bytes(8) + text("") + data[1:])


@dataclass(frozen=True, slots=True)
class Told:
    """What it answered: paths or instances, and what a method returned."""

    paths: Sequence[Path]
    instances: Sequence[Instance]
    returned: TypedValue | None = None
    out: Mapping[str, TypedValue] = field(default_factory=dict)


def read_told(data: bytes) -> Told:
    """Takes an answer of the CIMOM apart.

    Raises:
        CIMError: it refuses.
        WireError: it is no answer.
    """
    try:
        reader = Reader(data)
        status, reason = reader.count(), reader.text()
        if status:
            raise CIMError(_status(status), reason)
        paths, instances = list[Path](), list[Instance]()
        for _ in range(reader.count()):
            if reader.byte() == 1:
                paths.append(reader.path())
            else:
                instances.append(reader.instance())
        if reader.is_at_end():
            return Told(paths, instances)
        returned, out = reader.value(), reader.values()
        reader.end()
    except (struct.error, ValueError, IndexError) as wrong:
        raise WireError(str(wrong)) from wrong
    return Told(paths, instances, returned, out)


def read_indications(data: bytes) -> list[tuple[Instance, str]]:
    """Takes an answer to NEXT_INDICATIONS apart: each with its token.

    Raises:
        CIMError: there are none to be had.
        WireError: it is no answer.
    """
    try:
        reader = Reader(data)
        status, reason = reader.count(), reader.text()
        if status:
            raise CIMError(_status(status), reason)
        found = []
        for _ in range(reader.count()):
            reader.byte()
            found.append((reader.instance(), reader.text()))
        reader.end()
    except (struct.error, ValueError, IndexError) as wrong:
        raise WireError(str(wrong)) from wrong
    return found


def _status(code: int) -> Status:
    try:
        return Status(code)
    except ValueError:  # one of CMPI's own
        return Status.FAILED


# -- answers


def refused(status: int, reason: str) -> bytes:
    """An answer that tells a CIM error."""
    return U32.pack(status) + text(reason) + U32.pack(0)


def answer(items: Sequence[bytes], returned: bytes = b"") -> bytes:
    """An answer of paths and instances; a method's return value and output parameters come after them."""
    return b"".join([U32.pack(0), text(""), U32.pack(len(items)), *items, returned])
