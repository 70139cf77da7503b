"""INSTANCE and INSTANCENAME elements of rows, from fragments made once for a class.

The text of single values is `openesm.cim.xmltext`, whose names are at hand here too.
"""

from __future__ import annotations

from functools import lru_cache

from openesm.cim.provider import Row
from openesm.cim.schema import Class
from openesm.cim.values import Value
from openesm.cim.xmltext import (
    REPLACEMENT,
    Encoder,
    attribute,
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
        self._shapes: dict[tuple[str, ...], tuple[str, tuple[tuple[str, Encoder], ...]]] = {}

    def write(self, row: Row) -> str:
        """One INSTANCE element.

        Raises:
            TypeError: the row has a name or a type that the class does not declare.
        """
        shape = tuple(row)
        known = self._shapes.get(shape)
        if known is None:
            known = self._shapes[shape] = self._prepare(shape)
        template, encoders = known
        return template % tuple([encode(row[name]) for name, encode in encoders])

    def _prepare(self, shape: tuple[str, ...]) -> tuple[str, tuple[tuple[str, Encoder], ...]]:
        given = {name.lower(): name for name in shape}
        unknown = given.keys() - self._cls.properties.keys()
        if unknown:
            raise TypeError(f"{self._cls.name} has no property {min(unknown)}")
        pieces = [f'<INSTANCE CLASSNAME="{attribute(self._cls.name)}">'.replace("%", "%%")]
        encoders = []
        for key, prop in self._cls.properties.items():
            if self._names is not None and key not in self._names:
                continue
            origin = f' CLASSORIGIN="{attribute(prop.class_origin)}"' if self._class_origin else ""
            if prop.type == "reference":
                tag, more = "PROPERTY.REFERENCE", f' REFERENCECLASS="{attribute(prop.reference_class)}"'
            else:
                tag = "PROPERTY.ARRAY" if prop.is_array else "PROPERTY"
                more = f' TYPE="{prop.type}"'
            embedded = f' EmbeddedObject="{prop.embedded}"' if prop.embedded else ""
            head = f'<{tag} NAME="{attribute(prop.name)}"{more}{origin}{embedded}>'.replace("%", "%%")
            hole = "%s" if key in given else ""
            pieces.append(f"{head}{hole}</{tag}>")
            if key in given:
                encoders.append((given[key], value_encoder(prop.type, prop.is_array, self._namespace)))
        pieces.append("</INSTANCE>")
        return "".join(pieces), tuple(encoders)
