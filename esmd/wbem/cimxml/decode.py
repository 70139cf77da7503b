"""From the body of a CIM-XML request to a `Request` (DSP0201 5, DSP0203 2.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from esmd.wbem.cimxml.elements import attribute, invalid, name_of, only, text_of
from esmd.wbem.cimxml.objects import embedded_kind, instance, named_instance, typed
from esmd.wbem.cimxml.paths import instance_name, local_class_path, local_instance_path, local_namespace
from esmd.wbem.cimxml.xml import parse
from esmd.wbem.http1 import HttpError
from esmd.wbem.results import Call
from esmd.wbem.signatures import PARAMETERS
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import CIM_TYPES, Instance, TypedValue, parse_boolean, parse_integer

_VERSION = re.compile(r"(?P<major>[0-9]{1,3})\.(?P<minor>[0-9]{1,3})(?:\.[0-9]{1,3})?\Z")
_VALUE_TAGS = ("VALUE", "VALUE.ARRAY", "VALUE.REFERENCE", "VALUE.REFARRAY")


@dataclass(frozen=True, slots=True)
class Request:
    """A message with one operation request."""

    message_id: str
    protocol_version: str
    call: Call
    intrinsic: bool
    is_export: bool = False
    is_batch: bool = False


def _check_version(text: str, error: str) -> None:
    match = _VERSION.match(text)
    if not match or match["major"] != "2":
        raise HttpError(501, error)


def check_protocol_version(text: str) -> None:
    """Any 1.x is spoken; else 501 (DSP0200 6.3.5)."""
    if not re.fullmatch(r"1\.[0-9]{1,3}", text):
        raise HttpError(501, "unsupported-protocol-version")


def decode(body: bytes) -> Request:
    """Reads a request.

    Raises:
        HttpError: 400 `request-not-well-formed` or `request-not-valid`; 501 for versions not spoken.
    """
    root = parse(body)
    if root.tag != "CIM":
        raise invalid()
    _check_version(attribute(root, "CIMVERSION"), "unsupported-cim-version")
    _check_version(attribute(root, "DTDVERSION"), "unsupported-dtd-version")
    message = only(root, "MESSAGE")
    message_id, version = attribute(message, "ID"), attribute(message, "PROTOCOLVERSION")
    check_protocol_version(version)
    kind = only(message, "SIMPLEREQ", "MULTIREQ", "SIMPLEEXPREQ", "MULTIEXPREQ")
    if kind.tag != "SIMPLEREQ":
        batch = kind.tag.startswith("MULTI")
        nothing = Call("", "", {})
        return Request(message_id, version, nothing, True, kind.tag.endswith("EXPREQ"), batch)
    children = [child for child in kind if child.tag != "CORRELATOR"]
    if len(children) != 1 or children[0].tag not in ("IMETHODCALL", "METHODCALL"):
        raise invalid()
    intrinsic = children[0].tag == "IMETHODCALL"
    call = _intrinsic(children[0]) if intrinsic else _extrinsic(children[0])
    return Request(message_id, version, call, intrinsic)


# -- operations and methods


def _intrinsic(element: Element) -> Call:
    name = attribute(element, "NAME")
    if not len(element):
        raise invalid()
    namespace = local_namespace(element[0])
    declared = PARAMETERS.get(name, {})
    arguments: dict[str, Any] = {}
    problem: CIMError | None = None
    for parameter in element[1:]:
        if parameter.tag != "IPARAMVALUE":
            raise invalid()
        key = attribute(parameter, "NAME").lower()
        kind = declared.get(key)
        if name in PARAMETERS and (kind is None or key in arguments):
            wrong = "cim.no-parameter" if kind is None else "cim.repeated-parameter"
            problem = problem or CIMError.of(
                Status.INVALID_PARAMETER, wrong, name=attribute(parameter, "NAME"), operation=name
            )
        elif kind is not None:
            arguments[key] = _parameter(parameter, kind)
    return Call(name, namespace, arguments, problem=problem)


def _extrinsic(element: Element) -> Call:
    name = attribute(element, "NAME")
    if not len(element):
        raise invalid()
    target: Path | str
    if element[0].tag == "LOCALINSTANCEPATH":
        target = local_instance_path(element[0])
        namespace = target.namespace
    elif element[0].tag == "LOCALCLASSPATH":
        namespace, target = local_class_path(element[0])
    else:
        raise invalid()
    arguments: dict[str, TypedValue] = {}
    problem: CIMError | None = None
    for parameter in element[1:]:
        if parameter.tag != "PARAMVALUE":
            raise invalid()
        key = attribute(parameter, "NAME").lower()
        if key in arguments:
            problem = CIMError.of(
                Status.INVALID_PARAMETER, "cim.repeated-parameter", name=key, operation=name
            )
        arguments[key] = _param_value(parameter)
    return Call(name, namespace, arguments, target, problem)


def _param_value(element: Element) -> TypedValue:
    declared = (element.get("PARAMTYPE") or "").lower()
    if declared and declared not in CIM_TYPES and declared != "reference":
        raise invalid()
    if not len(element):
        return TypedValue(None, declared)
    child = only(element, *_VALUE_TAGS, "INSTANCENAME", "CLASSNAME", "INSTANCE", "VALUE.NAMEDINSTANCE")
    if child.tag == "INSTANCE":
        return TypedValue(instance(child), "string")
    if child.tag == "VALUE.NAMEDINSTANCE":
        return TypedValue(named_instance(child), "string")
    if child.tag == "INSTANCENAME":
        return TypedValue(instance_name(child), "reference")
    if child.tag == "CLASSNAME":
        return TypedValue(Path(name_of(child), ()), "reference")
    return typed(child, declared, embedded_kind(element), 0)


def _parameter(element: Element, kind: str) -> Any:
    """The value of an intrinsic parameter; None when it came without one."""
    if not len(element):
        return None
    return _READERS[kind](element)


def _string(element: Element) -> str:
    return text_of(only(element, "VALUE"))


def _boolean(element: Element) -> bool:
    try:
        return parse_boolean(_string(element).strip())
    except ValueError:
        raise invalid() from None


def _uint32(element: Element) -> int:
    try:
        return parse_integer(_string(element).strip(), "uint32")
    except ValueError:
        raise invalid() from None


def _strings(element: Element) -> list[str]:
    array = element[0]
    if array.tag == "VALUE" and len(element) == 1:
        return [text_of(array)]
    array = only(element, "VALUE.ARRAY")
    if any(child.tag != "VALUE" for child in array):
        raise invalid()
    return [text_of(child) for child in array]


def _class_name(element: Element) -> str:
    """A class name; an empty one stands for none, as some clients send it."""
    child = only(element, "CLASSNAME", "VALUE")
    return attribute(child, "NAME") if child.tag == "CLASSNAME" else text_of(child)


def _object(element: Element) -> Path | str:
    child = only(element, "CLASSNAME", "INSTANCENAME")
    return name_of(child) if child.tag == "CLASSNAME" else instance_name(child)


def _new_value(element: Element) -> TypedValue:
    return typed(only(element, *_VALUE_TAGS), "", "", 0)


def _modified(element: Element) -> Instance:
    child = only(element, "VALUE.NAMEDINSTANCE", "VALUE.INSTANCEWITHPATH")
    return named_instance(child)


_READERS: Mapping[str, Callable[[Element], Any]] = {
    "string": _string,
    "boolean": _boolean,
    "uint32": _uint32,
    "strings": _strings,
    "class": _class_name,
    "object": _object,
    "instancename": lambda element: instance_name(only(element, "INSTANCENAME")),
    "instance": lambda element: instance(only(element, "INSTANCE")),
    "namedinstance": _modified,
    "value": _new_value,
}
