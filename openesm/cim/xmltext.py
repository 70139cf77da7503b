"""Text of CIM-XML elements: escaping, values, paths. None is self-closed: wbemcli cannot read that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import cast

from openesm.cim.path import KeyValue, Path
from openesm.cim.values import (
    INTEGER_RANGE,
    REAL_TYPES,
    DateTime,
    Instance,
    TypedValue,
    Value,
    format_real,
)

_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_SPECIAL_IN_ATTRIBUTE = re.compile(f"{_SPECIAL.pattern[:-1]}\t\n]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"} | {c: f"&#{ord(c)};" for c in "\t\n\r"}
REPLACEMENT = "\ufffd"


def _substitute(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0], REPLACEMENT)


def escape(text: str) -> str:
    """`text` as element content; what XML 1.0 does not allow becomes U+FFFD, here and nowhere else (X13)."""
    return _SPECIAL.sub(_substitute, text) if _SPECIAL.search(text) else text


def attribute(text: str) -> str:
    """`text` inside a double-quoted attribute."""
    return _SPECIAL_IN_ATTRIBUTE.sub(_substitute, text) if _SPECIAL_IN_ATTRIBUTE.search(text) else text


def scalar_text(value: Value, cim_type: str) -> str:
    """One value as the content of VALUE.

    Raises:
        TypeError: a provider gave something else than the schema declares.
        OverflowError: an integer outside its type.
    """
    if cim_type in INTEGER_RANGE:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{value!r} is not {cim_type}")
        low, high = INTEGER_RANGE[cim_type]
        if not low <= value <= high:
            raise OverflowError(f"{value} is outside {cim_type}")
        return str(int(value))
    if cim_type == "boolean":
        if not isinstance(value, bool):
            raise TypeError(f"{value!r} is not boolean")
        return "TRUE" if value else "FALSE"
    if cim_type in REAL_TYPES:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise TypeError(f"{value!r} is not {cim_type}")
        return format_real(float(value), cim_type)
    if cim_type == "datetime":
        if isinstance(value, datetime | timedelta):
            return DateTime.of(value).text
        if isinstance(value, DateTime):
            return value.text
        raise TypeError(f"{value!r} is not datetime")
    if isinstance(value, Instance):
        return escape(instance_by_value(value))
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not {cim_type}")
    return escape(value)


Encoder = Callable[[Value], str]
KEPT_VALUES = 512  # of each type


def value_encoder(cim_type: str, is_array: bool, namespace: str = "") -> Encoder:
    """Writes a value of a declared type as VALUE, VALUE.ARRAY, VALUE.REFERENCE; "" for NULL.

    An integer that its type cannot hold is NULL: a counter gone wild empties its own property only (F37).
    """
    if cim_type == "reference":
        return lambda value: value_references(value, namespace)
    item = _scalar_encoder(cim_type)
    return (lambda value: _value_array(value, cim_type, item)) if is_array else item


@cache
def _scalar_encoder(cim_type: str) -> Encoder:
    """The encoder of a type; numbers and times, which come back again and again, are kept as text."""
    if cim_type == "string":
        return _value_string
    kept = lru_cache(KEPT_VALUES, typed=True)(lambda value: _value_slow(value, cim_type))
    return cast(Encoder, kept)  # a value that cannot be hashed is of no type at all: TypeError


ColumnEncoder = Callable[[Sequence[Value]], Iterable[str] | None]


def column_encoder(cim_type: str) -> ColumnEncoder | None:
    """For a type whose values mostly go into VALUE as they are: finds out whether all of a column do.

    The encoder gives the content of each VALUE, or None when one of them is NULL, needs escaping or is of
    another type, so that they have to be written one by one (`value_encoder`).
    """
    if cim_type == "string":
        return _strings
    if cim_type in INTEGER_RANGE:
        low, high = INTEGER_RANGE[cim_type]
        return lambda values: _integers(values, low, high)
    return None


def _strings(values: Sequence[Value]) -> Iterable[str] | None:
    if set(map(type, values)) != {str}:
        return None
    texts = cast(Sequence[str], values)
    return None if _SPECIAL.search("".join(texts)) else texts


def _integers(values: Sequence[Value], low: int, high: int) -> Iterable[str] | None:
    if set(map(type, values)) != {int}:
        return None
    numbers = cast(Sequence[int], values)
    return map(str, numbers) if low <= min(numbers) and max(numbers) <= high else None


def _value_string(value: Value) -> str:
    if type(value) is str:
        return f"<VALUE>{value if _SPECIAL.search(value) is None else escape(value)}</VALUE>"
    return _value_slow(value, "string")


def _value_slow(value: Value, cim_type: str) -> str:
    if value is None:
        return ""
    try:
        return f"<VALUE>{scalar_text(value, cim_type)}</VALUE>"
    except OverflowError:
        return ""


def _value_array(value: Value, cim_type: str, item: Encoder) -> str:
    if value is None:
        return ""
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is not an array of {cim_type}")
    items = [item(one) or "<VALUE.NULL></VALUE.NULL>" for one in value]
    return f"<VALUE.ARRAY>{''.join(items)}</VALUE.ARRAY>"


def value_references(value: Value, namespace: str) -> str:
    """A reference, or an array of them; without a host, so that it equals the path a client was given."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return (
            f"<VALUE.REFARRAY>{''.join(value_references(item, namespace) for item in value)}</VALUE.REFARRAY>"
        )
    if not isinstance(value, Path):
        raise TypeError(f"{value!r} is not a reference")
    return f"<VALUE.REFERENCE>{local_instance_path(value, namespace)}</VALUE.REFERENCE>"


# -- paths


def namespace_path(namespace: str) -> str:
    names = "".join(
        f'<NAMESPACE NAME="{attribute(part)}"></NAMESPACE>' for part in namespace.split("/") if part
    )
    return f"<LOCALNAMESPACEPATH>{names}</LOCALNAMESPACEPATH>"


def full_namespace_path(host: str, namespace: str) -> str:
    return f"<NAMESPACEPATH><HOST>{escape(host)}</HOST>{namespace_path(namespace)}</NAMESPACEPATH>"


def key_binding(name: str, value: KeyValue, namespace: str) -> str:
    return f'<KEYBINDING NAME="{attribute(name)}">{key_value(value, namespace)}</KEYBINDING>'


def key_value(value: Value, namespace: str, number_type: str = "") -> str:
    """A KEYVALUE or VALUE.REFERENCE; TypeError when the value can be no key.

    Args:
        number_type: CIM type of a number; without it a type that holds it is named (DSP0203 wants one).
    """
    if isinstance(value, str):
        return f'<KEYVALUE VALUETYPE="string" TYPE="string">{escape(value)}</KEYVALUE>'
    if isinstance(value, Path):
        return value_references(value, namespace)
    if isinstance(value, bool):
        return f'<KEYVALUE VALUETYPE="boolean" TYPE="boolean">{"TRUE" if value else "FALSE"}</KEYVALUE>'
    if isinstance(value, int | float):
        wide = "real64" if isinstance(value, float) else "uint64" if value >= 0 else "sint64"
        return f'<KEYVALUE VALUETYPE="numeric" TYPE="{number_type or wide}">{value}</KEYVALUE>'
    if isinstance(value, datetime | timedelta):
        value = DateTime.of(value)
    if isinstance(value, DateTime):
        return f'<KEYVALUE VALUETYPE="string" TYPE="datetime">{value.text}</KEYVALUE>'
    raise TypeError(f"{value!r} is not a key")


def instance_name(classname: str, keys: Iterable[tuple[str, KeyValue]], namespace: str = "") -> str:
    bindings = "".join(key_binding(name, value, namespace) for name, value in keys)
    return f'<INSTANCENAME CLASSNAME="{attribute(classname)}">{bindings}</INSTANCENAME>'


def local_instance_path(path: Path, namespace: str) -> str:
    where = path.namespace or namespace
    name = instance_name(path.classname, path.keys, where)
    return f"<LOCALINSTANCEPATH>{namespace_path(where)}{name}</LOCALINSTANCEPATH>"


# -- instances by value


def instance_by_value(instance: Instance) -> str:
    """An INSTANCE element of a free-standing instance, its values typed one by one."""
    properties = "".join(typed_property(name, typed) for name, typed in instance.properties.items())
    return f'<INSTANCE CLASSNAME="{attribute(instance.classname)}">{properties}</INSTANCE>'


def typed_property(name: str, typed: TypedValue) -> str:
    value = typed.value
    start, encode, end = property_parts(
        name, typed.type or "string", typed.is_array, isinstance(value, Instance)
    )
    return f"{start}{encode(value)}{end}"


@lru_cache(KEPT_VALUES)
def property_parts(
    name: str, cim_type: str, is_array: bool, embedded: bool = False
) -> tuple[str, Encoder, str]:
    """What stands before and after the value in a PROPERTY… element, and what writes the value."""
    encode, head = value_encoder(cim_type, is_array), f'NAME="{attribute(name)}"'
    if cim_type == "reference":
        return f"<PROPERTY.REFERENCE {head}>", encode, "</PROPERTY.REFERENCE>"
    more = ' EmbeddedObject="instance"' if embedded else ""
    tag = "PROPERTY.ARRAY" if is_array else "PROPERTY"
    return f'<{tag} {head} TYPE="{cim_type}"{more}>', encode, f"</{tag}>"
