"""The CIMObject header: a namespace, or a class or instance path, against what the body says (H06)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from esmd.wbem.results import Call
from openesm.cim.path import KeyValue, Path

_HEADER = re.compile(r"(?P<namespace>[^:.\"]*)(?::(?P<classname>[^.:\"]+)(?:\.(?P<keys>.+))?)?\Z", re.DOTALL)
_KEY = re.compile(r'(?P<name>[^=,"]+)=(?P<value>"(?:[^"\\]|\\.)*"|[^,"]*)(?:,|\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ObjectHeader:
    """What the header names; `keys` are lower-cased names with the text of their values."""

    namespace: str
    classname: str = ""
    keys: frozenset[tuple[str, str]] = frozenset()


@lru_cache(256)
def parse_object(text: str) -> ObjectHeader | None:
    """Reads a decoded header; None when it is no path."""
    match = _HEADER.match(text)
    if not text or not match:
        return None
    namespace = match["namespace"].strip("/").lower()
    classname = (match["classname"] or "").lower()
    keys: set[tuple[str, str]] = set()
    position, source = 0, match["keys"] or ""
    while position < len(source):
        key = _KEY.match(source, position)
        if not key or key.end() == position:
            return None
        keys.add((key["name"].strip().lower(), _unquoted(key["value"])))
        position = key.end()
    return ObjectHeader(namespace, classname, frozenset(keys))


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def same_object(header: ObjectHeader | None, call: Call) -> bool:
    """Whether the header names what the call is for: a namespace, or a method's class or instance."""
    if header is None or header.namespace != call.namespace.strip("/").lower():
        return False
    target = call.target
    if target is None:
        return not header.classname
    if isinstance(target, str):
        return header.classname == target.lower() and not header.keys
    if header.classname != target.classname.lower():
        return False
    named = {(name.lower(), value) for name, value in target.keys}
    if {name for name, _ in header.keys} != {name for name, _ in named}:
        return False
    told = dict(header.keys)
    return all(_same_value(told[name], value) for name, value in named)


def _same_value(text: str, value: KeyValue) -> bool:
    if isinstance(value, Path):
        return True  # spelled in many ways; the body decides
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, int):
        try:
            return int(text, 0) == value
        except ValueError:
            return text.lstrip("+0") == str(value)
    return text == str(getattr(value, "text", value))
