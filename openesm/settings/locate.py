"""Where a key stands in a TOML text: tomllib tells values, not lines."""

import re
from collections.abc import Mapping

Key = tuple[str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_SPLIT = re.compile(_PART)
_FENCES = '"""', "'''"


def key_lines(text: str) -> Mapping[Key, int]:
    """The line (from 1) of every table header and every key; keys of inline tables are not looked into."""
    lines: dict[Key, int] = {}
    table: Key = ()
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            fence = "" if fence in line else fence
        elif header := _HEADER.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault(table + _parts(assignment[1]), number)
            fence = next((mark for mark in _FENCES if line.count(mark) % 2), "")
    return lines


def line_of(lines: Mapping[Key, int], key: Key) -> int:
    """The line of `key`, or of the nearest table that holds it, or 1."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return 1


def _parts(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in _SPLIT.findall(dotted))
