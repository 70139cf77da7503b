"""The part of XPath 1.0 that WS-Management asks for: conditions on an instance, and fragments (SEC-48).

`PATH` is what DSP0226 D.1 calls level 1: a property by its name, `../CLASS` and `CLASS` before it, an index,
`text()`, and comparisons joined by `and` and `or`. No axis, no `//`, no other function: time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from esmd.wbem.reads import Candidate
from esmd.wbem.wsman.fault import Fault
from openesm.cim.values import DateTime, Value

MOST_CHARS = 1024
MOST_DEPTH = 16
Condition = Callable[[Candidate], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<string>\"[^\"]*\"|'[^']*')|(?P<name>[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)"
    r"|(?P<op>!=|<=|>=|=|<|>|\(\)|\(|\)|\[|\]|\.\./|\.\.|\./|/))"
)
_FRAGMENT = re.compile(
    r"(?:/?(?:[\w.-]+:)?(?P<cls>\w+)/)?(?:[\w.-]+:)?(?P<name>[A-Za-z_]\w*)"
    r"(?:\[(?P<index>\d{1,6})\])?(?P<text>/text\(\))?\Z"
)


def condition(wanted: Element) -> Condition:
    """The condition of a Filter element.

    Raises:
        Fault: CannotProcessFilter for what is no level-1 expression.
    """
    text = "".join(wanted.itertext()).strip()
    if not text or len(text) > MOST_CHARS:
        raise Fault("wsen:CannotProcessFilter")
    parser = _Parser(_tokens(text))
    found = parser.expression(0)
    if parser.position != len(parser.tokens):
        raise Fault("wsen:CannotProcessFilter")
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """A fragment of a resource: a property, one of its items by its number from 1, or its text alone."""

    name: str
    index: int | None = None
    is_text: bool = False


def fragment(path: str) -> Part:
    """Reads a fragment path; Fault when it is none of level 1."""
    match = _FRAGMENT.match(path.strip()) if len(path) <= MOST_CHARS else None
    if match is None:
        raise Fault("wsman:CannotProcessFilter")
    return Part(match["name"], int(match["index"]) if match["index"] else None, match["text"] is not None)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            if not text[at:].strip():
                break
            raise Fault("wsen:CannotProcessFilter")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    """Recursive descent: or, and, comparison."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.position] if self.position < len(self.tokens) else ("", "")

    def _take(self, value: str = "") -> str:
        kind, found = self._peek()
        if not kind or (value and found != value):
            raise Fault("wsen:CannotProcessFilter")
        self.position += 1
        return found

    def expression(self, depth: int) -> Condition:
        if depth > MOST_DEPTH:
            raise Fault("wsen:CannotProcessFilter")
        parts = [self._conjunction(depth)]
        while self._peek() == ("name", "or"):
            self._take()
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else lambda candidate: any(part(candidate) for part in parts)

    def _conjunction(self, depth: int) -> Condition:
        parts = [self._term(depth)]
        while self._peek() == ("name", "and"):
            self._take()
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else lambda candidate: all(part(candidate) for part in parts)

    def _term(self, depth: int) -> Condition:
        if self._peek()[1] == "(":
            self._take()
            inner = self.expression(depth + 1)
            self._take(")")
            return inner
        return self._path(depth)

    def _path(self, depth: int) -> Condition:
        """`[..|.]/Class[condition]`, or a property with or without a comparison."""
        while self._peek()[1] in ("../", "./", "/", ".."):
            self._take()
        name = self._name()
        if self._peek()[1] == "[":
            return self._bracket(depth, name)
        while self._peek()[1] == "/":
            self._take()
            if self._peek() == ("name", "text"):
                self._take()
                self._take("()")
                break
            name = self._name()
        return self._comparison(name)

    def _bracket(self, depth: int, classname: str) -> Condition:
        self._take("[")
        inner = self.expression(depth + 1)
        self._take("]")
        return lambda candidate: candidate.isa(classname) and inner(candidate)

    def _name(self) -> str:
        kind, value = self._peek()
        if kind != "name":
            raise Fault("wsen:CannotProcessFilter")
        self.position += 1
        return value.rpartition(":")[2]

    def _comparison(self, name: str) -> Condition:
        operator = self._peek()[1]
        if operator not in _COMPARE:
            return lambda candidate: candidate.value(name) is not None
        self._take()
        kind, raw = self._peek()
        if kind not in ("number", "string"):
            raise Fault("wsen:CannotProcessFilter")
        self.position += 1
        compare = _COMPARE[operator]
        wanted: str | float = float(raw) if kind == "number" else raw[1:-1]
        return lambda candidate: any(compare(item, wanted) for item in _items(candidate.value(name)))


def _items(value: Value) -> list[Value]:
    return [item for item in (value if isinstance(value, list | tuple) else [value]) if item is not None]


def _order(value: Value, wanted: str | float) -> int | None:
    """-1, 0 or 1; None where the two do not compare."""
    if isinstance(wanted, float):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return (value > wanted) - (value < wanted)
    text = _text(value)
    return (text > wanted) - (text < wanted)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | timedelta):
        return DateTime.of(value).text
    return value.text if isinstance(value, DateTime) else str(value)


_COMPARE: dict[str, Callable[[Value, str | float], bool]] = {
    "=": lambda value, wanted: _order(value, wanted) == 0,
    "!=": lambda value, wanted: _order(value, wanted) in (-1, 1),
    "<": lambda value, wanted: _order(value, wanted) == -1,
    ">": lambda value, wanted: _order(value, wanted) == 1,
    "<=": lambda value, wanted: _order(value, wanted) in (-1, 0),
    ">=": lambda value, wanted: _order(value, wanted) in (0, 1),
}
