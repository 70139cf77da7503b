"""CIM values as XML and back (DSP0230, wsman.md 9): dates wrapped, NULL as xsi:nil, arrays one by one.

What is read may come in every spelling in use: dates as xs:dateTime, xs:duration or CIM's 25 characters,
wrapped or bare; booleans in any case; a nil element that has text all the same means the text.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import cast
from xml.etree.ElementTree import Element

from esmd.wbem.wsman import moments
from esmd.wbem.wsman.envelope import local_name
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import ADDRESSING, COMMON, INSTANCE, tag
from esmd.wbem.wsman.resources import path_of, reference_text
from openesm.cim.path import Path
from openesm.cim.provider import Row
from openesm.cim.schema import Class, Property
from openesm.cim.values import (
    INTEGER_RANGE,
    REAL_TYPES,
    Instance,
    Scalar,
    TypedValue,
    Value,
    parse_scalar,
)
from openesm.cim.xmltext import attribute, scalar_text

EMBEDDING_MOST = 4
NIL = ' xsi:nil="true"'
Declared = dict[str, tuple[str, bool]]
Classes = Callable[[str], Class | None]
_WRAPPERS = frozenset(tag(COMMON, name) for name in ("Datetime", "Interval", "Date", "Time", "CIM_DateTime"))


# -- out


class Writer:
    """Writes rows of one class as elements in the namespace `uri`.

    Args:
        base, namespace: of the references in it, and of the classes of embedded instances.
        names: lower-cased names of the properties shown; None shows all.
    """

    def __init__(
        self, cls: Class, uri: str, base: str, namespace: str, names: frozenset[str] | None = None
    ) -> None:
        self._name = cls.name
        self._open = f'<p:{cls.name} xmlns:p="{attribute(uri)}">'
        shown = (prop for key, prop in cls.properties.items() if names is None or key in names)
        self._parts = [
            (prop.name, f"<p:{prop.name}{NIL}/>", _element(prop, base, namespace))
            for prop in sorted(shown, key=lambda prop: prop.name)
        ]

    def write(self, row: Row) -> str:
        """One instance; TypeError when a value is not of its property's type."""
        pieces = [self._open]
        for name, nil, element in self._parts:
            value = row.get(name)
            if value is None:
                pieces.append(nil)
            elif isinstance(value, list | tuple):
                pieces += [nil if item is None else element(item) for item in value]
            else:
                pieces.append(element(value))
        pieces.append(f"</p:{self._name}>")
        return "".join(pieces)


def _element(prop: Property, base: str, namespace: str) -> Callable[[Value], str]:
    start, end = f"<p:{prop.name}>", f"</p:{prop.name}>"
    if prop.type == "reference":
        return lambda value: f"{start}{_reference(value, base, namespace)}{end}"
    if prop.embedded:
        return lambda value: _embedded(f"p:{prop.name}", value, base)
    encode = scalar_encoder(prop.type)
    return lambda value: f"{start}{encode(value)}{end}"


def _reference(value: Value, base: str, namespace: str) -> str:
    if not isinstance(value, Path):
        raise TypeError(f"{value!r} is no reference")
    return reference_text(value, base, namespace)


def scalar_encoder(cim_type: str) -> Callable[[Value], str]:
    """What writes a value of a type as the content of its element."""
    if cim_type == "boolean":
        return lambda value: scalar_text(value, cim_type).lower()
    if cim_type == "datetime":
        return moments.written
    if cim_type == "string":
        return lambda value: scalar_text(value, cim_type)
    return lambda value: _number(cast(Hashable, value), cim_type)


@lru_cache(1024, typed=True)
def _number(value: Hashable, cim_type: str) -> str:
    try:
        return scalar_text(cast(Value, value), cim_type)
    except OverflowError:
        return ""


def _embedded(name: str, value: Value, base: str) -> str:
    """An instance inside a property: its own properties in place, its class as xsi:type (DSP0230)."""
    if not isinstance(value, Instance):
        return f"<{name}>{scalar_text(value, 'string')}</{name}>"
    pieces = [f'<{name} xsi:type="q:{value.classname}_Type" xmlns:q="{attribute(base + value.classname)}">']
    for inner, typed in value.properties.items():
        encode = scalar_encoder(typed.type or "string")
        for item in typed.value if isinstance(typed.value, list | tuple) else [typed.value]:
            if item is None:
                pieces.append(f"<q:{inner}{NIL}/>")
            elif isinstance(item, Instance):
                pieces.append(_embedded(f"q:{inner}", item, base))
            else:
                pieces.append(f"<q:{inner}>{encode(item)}</q:{inner}>")
    return "".join([*pieces, f"</{name}>"])


# -- in


def values_in(
    element: Element,
    declared: Declared,
    fault: Fault,
    classes: Classes = lambda _name: None,
) -> dict[str, TypedValue]:
    """The values of an element's children, by the names that are declared (in any case).

    Args:
        declared: lower-cased name -> (CIM type, is_array).
        fault: raised for a name that is not declared, and for a value of another type.
        classes: gives the classes of embedded instances; values of one that is not known are text.
    """
    try:
        return _values(element, declared, classes, 0)
    except ValueError:
        raise fault from None


def _values(element: Element, declared: Declared, classes: Classes, depth: int) -> dict[str, TypedValue]:
    found: dict[str, list[Element]] = {}
    for child in element:
        found.setdefault(local_name(child), []).append(child)
    values: dict[str, TypedValue] = {}
    for name, children in found.items():
        if name.lower() not in declared:
            raise ValueError(name)
        cim_type, is_array = declared[name.lower()]
        items = [_value(child, cim_type, classes, depth) for child in children]
        if not is_array and len(items) > 1:
            raise ValueError(name)
        values[name] = TypedValue(_gathered(items, is_array), cim_type, is_array)
    return values


def _gathered(items: Sequence[Value], is_array: bool) -> Value:
    if not is_array:
        return items[0]
    return None if list(items) == [None] else list(items)


def _value(element: Element, cim_type: str, classes: Classes, depth: int) -> Value:
    text = element.text or ""
    nil = (element.get(tag(INSTANCE, "nil")) or "").strip().lower() in ("true", "1")
    if nil and not text.strip() and not len(element):
        return None
    if cim_type == "reference":
        return _path_in(element)
    if cim_type == "datetime":
        return moments.read(_wrapped(element))
    if cim_type == "string" and len(element):
        return _instance_in(element, classes, depth + 1)
    return _scalar(text, cim_type)


def _scalar(text: str, cim_type: str) -> Scalar:
    if cim_type == "string":
        return text
    if cim_type == "boolean":
        return parse_scalar({"1": "true", "0": "false"}.get(text.strip(), text.strip()), cim_type)
    if cim_type in INTEGER_RANGE or cim_type in REAL_TYPES:
        return parse_scalar(text.strip(), cim_type)
    return parse_scalar(text, cim_type)


def _path_in(element: Element) -> Path:
    inner = element.find(tag(ADDRESSING, "EndpointReference"))
    return path_of(element if inner is None else inner)


def _wrapped(element: Element) -> str:
    inner = next((child for child in element if child.tag in _WRAPPERS), None)
    return ((element if inner is None else inner).text or "").strip()


def _instance_in(element: Element, classes: Classes, depth: int) -> Instance:
    """An embedded instance, named by xsi:type or by an element of its own."""
    if depth > EMBEDDING_MOST:
        raise ValueError(depth)
    kind = (element.get(tag(INSTANCE, "type")) or "").rpartition(":")[2].removesuffix("_Type")
    holder = element
    if not kind:
        holder = next(iter(element))
        kind = local_name(holder)
    cls = classes(kind)
    declared = (
        {local_name(child).lower(): ("string", False) for child in holder}
        if cls is None
        else declared_by(cls.properties.values())
    )
    return Instance(kind if cls is None else cls.name, _values(holder, declared, classes, depth))


def declared_by(properties: Iterable[Property]) -> Declared:
    """What `values_in` needs to know of a class."""
    return {prop.name.lower(): (prop.type, prop.is_array) for prop in properties}
