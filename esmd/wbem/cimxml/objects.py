"""Instances and values in requests (DSP0203 2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from esmd.wbem.cimxml.elements import attribute, invalid, name_of, text_of
from esmd.wbem.cimxml.paths import instance_name, instance_path, reference
from esmd.wbem.cimxml.xml import parse
from openesm.cim.path import Path
from openesm.cim.values import CIM_TYPES, Instance, Scalar, TypedValue, Value, parse_scalar

MAX_EMBEDDING = 4


def named_instance(element: Element) -> Instance:
    if len(element) != 2 or element[0].tag not in ("INSTANCENAME", "INSTANCEPATH"):
        raise invalid()
    path = instance_name(element[0]) if element[0].tag == "INSTANCENAME" else instance_path(element[0])
    if element[1].tag != "INSTANCE":
        raise invalid()
    return instance(element[1], path=path)


def instance(element: Element, depth: int = 0, path: Path | None = None) -> Instance:
    properties: dict[str, TypedValue] = {}
    seen: set[str] = set()
    for name, value in _properties(element, depth):
        if name.lower() in seen:
            raise invalid()
        seen.add(name.lower())
        properties[name] = value
    return Instance(name_of(element, "CLASSNAME"), properties, path)


def _properties(element: Element, depth: int) -> Iterator[tuple[str, TypedValue]]:
    qualifiers: set[str] = set()
    for child in element:
        if child.tag == "QUALIFIER":
            name = attribute(child, "NAME").lower()
            if name in qualifiers:
                raise invalid()
            qualifiers.add(name)
        elif child.tag in ("PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE"):
            yield name_of(child), _property_value(child, depth)
        else:
            raise invalid()


def _property_value(element: Element, depth: int) -> TypedValue:
    is_array = element.tag == "PROPERTY.ARRAY"
    declared = "reference" if element.tag == "PROPERTY.REFERENCE" else attribute(element, "TYPE").lower()
    if declared != "reference" and declared not in CIM_TYPES:
        raise invalid()
    values = [child for child in element if child.tag != "QUALIFIER"]
    if not values:
        return TypedValue(None, declared, is_array)
    expected = {"PROPERTY": "VALUE", "PROPERTY.ARRAY": "VALUE.ARRAY", "PROPERTY.REFERENCE": "VALUE.REFERENCE"}
    if len(values) != 1 or values[0].tag != expected[element.tag]:
        raise invalid()
    return typed(values[0], declared, embedded_kind(element), depth)


def embedded_kind(element: Element) -> str:
    """ "instance" or "object" where the value is an escaped element; two spellings are in use (X09)."""
    return (element.get("EmbeddedObject") or element.get("EMBEDDEDOBJECT") or "").lower()


def typed(element: Element, declared: str, embedded: str, depth: int) -> TypedValue:
    """A VALUE… element in its declared type; as text where none is declared."""
    if element.tag == "VALUE.REFERENCE":
        return TypedValue(reference(element), "reference")
    if element.tag == "VALUE.REFARRAY":
        if any(child.tag != "VALUE.REFERENCE" for child in element):
            raise invalid()
        return TypedValue([reference(child) for child in element], "reference", True)
    if element.tag == "VALUE.ARRAY":
        if any(child.tag not in ("VALUE", "VALUE.NULL") for child in element):
            raise invalid()
        items: list[Value] = [
            None if child.tag == "VALUE.NULL" else _scalar(child, declared, embedded, depth)
            for child in element
        ]
        return TypedValue(items, declared, True)
    return TypedValue(_scalar(element, declared, embedded, depth), declared)


def _scalar(element: Element, declared: str, embedded: str, depth: int) -> Scalar | Instance:
    text = text_of(element)
    if embedded:
        return _embedded(text, depth)
    if not declared:
        return text
    try:
        return parse_scalar(text, declared)
    except ValueError:
        raise invalid() from None


def _embedded(text: str, depth: int) -> Instance:
    """The instance in an escaped value; the depth limit of the document applies through the escape."""
    if depth >= MAX_EMBEDDING:
        raise invalid()
    element = parse(text.encode("utf-8"))
    if element.tag != "INSTANCE":
        raise invalid()
    return instance(element, depth + 1)
