"""Query text as tokens: names, strings, numbers and symbols, each with its offset (DSP0202 annex A)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from subscription.query import wrong

MAX_BYTES = 8192
MAX_DIGITS = 80  # a 64-bit number in binary, with room for a sign and a suffix

Kind = Literal["name", "string", "number", "symbol", "end"]

_SPACE = re.compile(r"[ \t\r\n]*")
_NAME = re.compile(r"[A-Za-z_\u0080-\uFFEF][A-Za-z0-9_\u0080-\uFFEF]*")  # DSP0004 annex A: IDENTIFIER
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'" + r'|"(?:[^"\\]|\\.)*"', re.DOTALL)
_HEX = re.compile(r"[+-]?0[xX][0-9A-Fa-f]+")
_BINARY = re.compile(r"[+-]?[01]+[bB]")
_DECIMAL = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?")
_NUMBER = re.compile("|".join(form.pattern for form in (_HEX, _BINARY, _REAL, _DECIMAL)))
_SYMBOL = re.compile(r"<>|<=|>=|!=|::|[=<>().,*{}\[\]]")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
QUOTED: Mapping[str, str] = {"\\": "\\", "'": "'", '"': '"'}  # what a backslash takes the meaning from
CONTROLS: Mapping[str, str] = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is what stands there; `value` what a string or a number means."""

    kind: Kind
    text: str
    offset: int
    value: str | int | float = ""

    @property
    def word(self) -> str:
        """A name in upper case, as keywords are compared; "" for anything else."""
        return self.text.upper() if self.kind == "name" else ""


def tokens(text: str, *, controls: bool) -> list[Token]:
    """All tokens, and one of kind "end" at last.

    A backslash in a string escapes a quote or itself, with `controls` also spells a control character or a
    code unit (`\\t`, `\\u0041`: DSP0202 char-escape), and stands for itself before anything else.

    Raises:
        CIMError: 15 (INVALID_QUERY), the text is longer than 8 KiB or has something that is no token.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise wrong.because("too-long", limit=MAX_BYTES)
    found: list[Token] = []
    offset = _skip(text, 0)
    while offset < len(text):
        token = _token(text, offset, controls)
        found.append(token)
        offset = _skip(text, offset + len(token.text))
    return [*found, Token("end", "", len(text))]


def _skip(text: str, offset: int) -> int:
    space = _SPACE.match(text, offset)
    return space.end() if space else offset


def _token(text: str, offset: int, controls: bool) -> Token:
    if name := _NAME.match(text, offset):
        return Token("name", name[0], offset)
    if number := _NUMBER.match(text, offset):
        following = _NAME.match(text, number.end())
        if following or len(number[0]) > MAX_DIGITS:
            raise wrong.at(offset, "bad-number")
        return Token("number", number[0], offset, _number(number[0], offset))
    if symbol := _SYMBOL.match(text, offset):
        return Token("symbol", symbol[0], offset)
    if string := _STRING.match(text, offset):
        return Token("string", string[0], offset, _unescaped(string[0][1:-1], controls))
    raise wrong.at(offset, "open-string" if text[offset] in "'\"" else "bad-character")


def _number(text: str, offset: int) -> int | float:
    if _HEX.fullmatch(text):
        value = int(text, 16)
    elif _BINARY.fullmatch(text):
        value = int(text[:-1], 2)
    elif _DECIMAL.fullmatch(text):
        value = int(text)
    else:
        real = float(text)
        if real in (float("inf"), float("-inf")):
            raise wrong.at(offset, "bad-number")
        return real
    if not -(2**63) <= value < 2**64:
        raise wrong.at(offset, "bad-number")
    return value


def _unescaped(text: str, controls: bool) -> str:
    def plain(escape: re.Match[str]) -> str:
        code, letter = escape.groups()
        if code:
            return chr(int(code, 16)) if controls else escape[0]
        if controls and letter in CONTROLS:
            return CONTROLS[letter]
        return QUOTED.get(letter, escape[0])

    return _ESCAPE.sub(plain, text)


def spell_string(text: str) -> str:
    """A string literal that reads back to `text`."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
