"""A small table, the limits, and the exit status that says whether they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure that must not be above its limit."""

    what: str
    value: float
    most: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.value <= self.most

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"{self.what}: {self.value:.2f} {self.unit}, limit {self.most:g} {self.unit}: {verdict}"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Text in columns; numbers to the right."""
    cells = [list(header), *([_spell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )


def _spell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    return str(value)


def report(header: Sequence[str], rows: Sequence[Sequence[object]], limits: Sequence[Limit]) -> int:
    """Prints table and limits; 1 when a limit does not hold, else 0."""
    print(table(header, rows))
    for limit in limits:
        print(limit)
    return 0 if all(limit.holds for limit in limits) else 1
