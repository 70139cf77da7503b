"""Paths in requests: namespaces, names of instances and classes, references (DSP0203 2.4, 2.5)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from esmd.wbem.cimxml.elements import attribute, invalid, name_of, only, text_of
from openesm.cim.path import KeyValue, Path
from openesm.cim.values import parse_boolean, parse_integer, parse_real

MAX_KEYBINDINGS = 1000


def local_namespace(element: Element) -> str:
    if element.tag != "LOCALNAMESPACEPATH" or not len(element):
        raise invalid()
    if any(child.tag != "NAMESPACE" for child in element):
        raise invalid()
    return "/".join(attribute(child, "NAME") for child in element)


def instance_name(element: Element) -> Path:
    classname = name_of(element, "CLASSNAME")
    if len(element) > MAX_KEYBINDINGS:
        raise invalid()
    if len(element) == 1 and element[0].tag != "KEYBINDING":
        return Path(classname, (("", _key_value(element[0])),))
    keys: dict[str, tuple[str, KeyValue]] = {}
    for binding in element:
        if binding.tag != "KEYBINDING":
            raise invalid()
        name = name_of(binding)
        if name.lower() in keys:
            raise invalid()
        keys[name.lower()] = (name, _key_value(only(binding, "KEYVALUE", "VALUE.REFERENCE")))
    return Path(classname, tuple(keys.values()))


def _key_value(element: Element) -> KeyValue:
    if element.tag == "VALUE.REFERENCE":
        return reference(element)
    if element.tag != "KEYVALUE":
        raise invalid()
    text, kind = text_of(element), (element.get("VALUETYPE") or "string").lower()
    if kind not in ("string", "boolean", "numeric"):
        raise invalid()
    try:
        if kind == "boolean":
            return parse_boolean(text.strip())
        if kind == "numeric":
            return _number(text.strip())
    except ValueError:
        raise invalid() from None
    return text


def _number(text: str) -> int | float:
    try:
        return parse_integer(text, "sint64" if text.startswith("-") else "uint64")
    except ValueError:
        return parse_real(text)


def reference(element: Element) -> Path:
    tags = ("INSTANCEPATH", "LOCALINSTANCEPATH", "INSTANCENAME", "CLASSPATH", "LOCALCLASSPATH", "CLASSNAME")
    child = only(element, *tags)
    match child.tag:
        case "INSTANCEPATH":
            return instance_path(child)
        case "LOCALINSTANCEPATH":
            return local_instance_path(child)
        case "INSTANCENAME":
            return instance_name(child)
        case "CLASSPATH":
            _, namespace, name = _full_path(child, "CLASSNAME")
            return Path(name_of(name), (), namespace)
        case "LOCALCLASSPATH":
            namespace, classname = local_class_path(child)
            return Path(classname, (), namespace)
    return Path(name_of(child), ())


def instance_path(element: Element) -> Path:
    host, namespace, name = _full_path(element, "INSTANCENAME")
    local = instance_name(name)
    return Path(local.classname, local.keys, namespace, host)


def _full_path(element: Element, tag: str) -> tuple[str, str, Element]:
    """Host, namespace and last element of an INSTANCEPATH or CLASSPATH."""
    if len(element) != 2 or element[0].tag != "NAMESPACEPATH" or element[1].tag != tag:
        raise invalid()
    where = element[0]
    if len(where) != 2 or where[0].tag != "HOST":
        raise invalid()
    return text_of(where[0]), local_namespace(where[1]), element[1]


def local_instance_path(element: Element) -> Path:
    if len(element) != 2 or element[1].tag != "INSTANCENAME":
        raise invalid()
    namespace, local = local_namespace(element[0]), instance_name(element[1])
    return Path(local.classname, local.keys, namespace)


def local_class_path(element: Element) -> tuple[str, str]:
    if len(element) != 2 or element[1].tag != "CLASSNAME":
        raise invalid()
    return local_namespace(element[0]), name_of(element[1])
