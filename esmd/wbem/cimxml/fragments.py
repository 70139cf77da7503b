"""INSTANCE and INSTANCENAME elements of rows, from fragments made once for a class.

The text of single values is `openesm.cim.xmltext`, whose names are at hand here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, repeat
from operator import itemgetter

from openesm.cim.provider import Row
from openesm.cim.schema import Class, Property
from openesm.cim.values import Value
from openesm.cim.xmltext import (
    REPLACEMENT,
    ColumnEncoder,
    Encoder,
    attribute,
    column_encoder,
    escape,
    full_namespace_path,
    instance_by_value,
    instance_name,
    key_binding,
    key_value,
    local_instance_path,
    namespace_path,
    scalar_text,
    typed_property,
    value_encoder,
    value_references,
)

__all__ = [
    "REPLACEMENT",
    "Encoder",
    "InstanceWriter",
    "NameWriter",
    "attribute",
    "escape",
    "full_namespace_path",
    "instance_by_value",
    "instance_name",
    "key_binding",
    "key_value",
    "local_instance_path",
    "namespace_path",
    "scalar_text",
    "typed_property",
    "value_encoder",
    "value_references",
]

KEPT_NAMES = 1024


class NameWriter:
    """Writes rows of one class as INSTANCENAME elements from a fragment made once.

    Args:
        namespace: of references that name none.
    """

    def __init__(self, cls: Class, namespace: str) -> None:
        self._names = cls.keys
        self._types = tuple(cls.properties[name.lower()].type for name in cls.keys)
        self._namespace = namespace
        bindings = "".join(f'<KEYBINDING NAME="{attribute(name)}">%s</KEYBINDING>' for name in cls.keys)
        self._template = f'<INSTANCENAME CLASSNAME="{attribute(cls.name)}">{bindings}</INSTANCENAME>'
        self._written = lru_cache(KEPT_NAMES)(self._write)

    def write(self, row: Row) -> str:
        """One INSTANCENAME element; TypeError when a key has no value of a key's type."""
        return self._written(tuple([row[name] for name in self._names]))

    def _write(self, values: tuple[Value, ...]) -> str:
        typed = zip(values, self._types, strict=True)
        return self._template % tuple([key_value(value, self._namespace, kind) for value, kind in typed])


class InstanceWriter:
    """Writes rows of one class as INSTANCE elements from fragments made once.

    Args:
        cls: the class; its order of properties is the order of the text.
        names: lower-cased names to show; None shows all.
        class_origin: add CLASSORIGIN to each property.
        namespace: of references that name none.
    """

    def __init__(self, cls: Class, names: frozenset[str] | None, class_origin: bool, namespace: str) -> None:
        self._cls = cls
        self._names = names
        self._class_origin = class_origin
        self._namespace = namespace
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def write(self, rows: Sequence[Row]) -> Iterator[str]:
        """An INSTANCE element for each row.

        Raises:
            TypeError: a row has a name or a type that the class does not declare.
        """
        for names, alike in groupby(rows, tuple):
            shape = self._shapes.get(names)
            if shape is None:
                shape = self._shapes[names] = self._prepare(names)
            yield from shape.write(alike)

    def _prepare(self, names: tuple[str, ...]) -> _Shape:
        given = {name.lower(): name for name in names}
        unknown = given.keys() - self._cls.properties.keys()
        if unknown:
            raise TypeError(f"{self._cls.name} has no property {min(unknown)}")
        text = f'<INSTANCE CLASSNAME="{attribute(self._cls.name)}">'
        holes = []
        for key, prop in self._cls.properties.items():
            if self._names is not None and key not in self._names:
                continue
            head, tail = self._tags(prop)
            text += head
            if key in given:
                encode = value_encoder(prop.type, prop.is_array, self._namespace)
                column = None if prop.is_array else column_encoder(prop.type)
                holes.append(_Hole(given[key], text, encode, column))
                text = ""
            text += tail
        return _Shape(holes, f"{text}</INSTANCE>")

    def _tags(self, prop: Property) -> tuple[str, str]:
        """The start and end tag of a property."""
        origin = f' CLASSORIGIN="{attribute(prop.class_origin)}"' if self._class_origin else ""
        if prop.type == "reference":
            tag, more = "PROPERTY.REFERENCE", f' REFERENCECLASS="{attribute(prop.reference_class)}"'
        else:
            tag = "PROPERTY.ARRAY" if prop.is_array else "PROPERTY"
            more = f' TYPE="{prop.type}"'
        embedded = f' EmbeddedObject="{prop.embedded}"' if prop.embedded else ""
        head = f'<{tag} NAME="{attribute(prop.name)}"{more}{origin}{embedded}>'
        return head, f"</{tag}>"


@dataclass(frozen=True, slots=True)
class _Hole:
    """A property of a row: the text before its value, and how the value is written."""

    name: str
    before: str
    encode: Encoder
    column: ColumnEncoder | None


class _Shape:
    """Writes rows that have the same names in the same order."""

    def __init__(self, holes: Sequence[_Hole], after: str) -> None:
        self._holes = holes
        self._after = after
        names = [hole.name for hole in holes]
        self._values = itemgetter(*names) if len(names) > 1 else lambda row: tuple(row[n] for n in names)

    def write(self, rows: Iterable[Row]) -> Iterator[str]:
        """Property by property: what holds for all its values is found out once, not for each."""
        picked = list(map(self._values, rows))
        pieces: list[Iterable[str]] = []
        end = ""
        for hole, values in zip(self._holes, zip(*picked, strict=True), strict=True):
            plain = hole.column(values) if hole.column is not None else None
            if plain is None:
                pieces += repeat(end + hole.before), map(hole.encode, values)
                end = ""
            else:
                pieces += repeat(f"{end}{hole.before}<VALUE>"), plain
                end = "</VALUE>"
        return map("".join, zip(*pieces, repeat(end + self._after, len(picked)), strict=False))
