"""What a command shows: a table for people, JSON for programs; nothing that steers a terminal (SEC-68)."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; `code` is the exit code that they mean."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    code: int = 0

    def text(self) -> str:
        """Aligned columns, two blanks apart; the last column as long as it is."""
        lines = [self.header, *self.rows]
        widths = [max(width(visible(line[column])) for line in lines) for column in range(len(self.header))]
        return "".join(f"{_aligned(line, widths)}\n" for line in lines)

    def json(self) -> str:
        """A list of objects with the header as names."""
        rows = [dict(zip(self.header, row, strict=True)) for row in self.rows]
        return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Statement:
    """What was done: lines for people, facts for programs."""

    lines: Sequence[str]
    facts: Mapping[str, object]
    code: int = 0

    def text(self) -> str:
        return "".join(f"{visible(line)}\n" for line in self.lines)

    def json(self) -> str:
        return json.dumps(self.facts, ensure_ascii=False, indent=2) + "\n"


def visible(text: str) -> str:
    """The text with every character that is not printable spelled out."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def width(text: str) -> int:
    """Columns on a terminal; wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def shortened(text: str, columns: int) -> str:
    """The visible text, cut to so many columns with … at the end."""
    text = visible(text)
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = [visible(cell) for cell in line]
    padded = [cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()
