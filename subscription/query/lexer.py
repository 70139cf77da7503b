"""From the text of a query to tokens with their positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from openesm.cim.errors import CIMError, Status

MAX_LENGTH = 8192

Kind = Literal["name", "string", "number", "symbol", "end"]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[+-]?(?:0[xX][0-9A-Fa-f]{1,16}(?![0-9A-Za-z_])
        |(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?(?![0-9A-Za-z_])))
    |(?P<name>[A-Za-z_\u0080-\uffef][A-Za-z0-9_\u0080-\uffef]*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<symbol><>|<=|>=|!=|::|[=<>(),.*\[\]])
    )""",
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"\s*\Z")
_ESCAPE = re.compile(r"""\\(["'\\])""")  # any other backslash stands for itself


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `text` is the value of a string, `position` counts characters from 1."""

    kind: Kind
    text: str
    position: int

    def is_word(self, word: str) -> bool:
        """A keyword, in any case."""
        return self.kind == "name" and self.text.upper() == word

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind == "symbol" and self.text in symbols


def invalid(key: str, **args: object) -> CIMError:
    return CIMError.of(Status.INVALID_QUERY, f"query.{key}", **args)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query and one "end".

    Raises:
        CIMError: INVALID_QUERY for a character that starts none, or a text over `MAX_LENGTH`.
    """
    if len(text) > MAX_LENGTH:
        raise invalid("too-long", most=MAX_LENGTH)
    position = 0
    while not _BLANK.match(text, position):
        match = _TOKEN.match(text, position)
        if match is None:
            start = len(text) - len(text[position:].lstrip())
            raise invalid("bad-character", position=start + 1, found=text[start : start + 1])
        kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are the kinds
        found = match[kind]
        if kind == "string":
            found = _ESCAPE.sub(r"\1", found[1:-1])
        yield Token(kind, found, match.start(kind) + 1)
        position = match.end()
    yield Token("end", "", len(text) + 1)
