"""The events of a set on a line of time (R-94): pure, records of the history in, text or SVG out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from esmctl.events import told_time
from esmctl.output import shortened, visible, width
from esmctl.telling import moment
from indications.correlation.event import Event
from openesm.text import say

COLUMNS = 48
LABEL_COLUMNS = 60
WIDTH, LEFT, ROW, PLOT = 960, 220, 28, 420


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment: what it is, and what is said of it."""

    after_s: float
    name: str
    label: str
    kind: str  # event, deadline or end


@dataclass(frozen=True, slots=True)
class Timeline:
    """A set.

    Attributes:
        title: the condition, and what became of it.
        marks: in the order of time; seconds from the first event.
    """

    title: str
    marks: Sequence[Mark]

    @property
    def length_s(self) -> float:
        return max([each.after_s for each in self.marks] + [0.0])


def of_record(record: Mapping[str, Any], events: Mapping[int, Event | None]) -> Timeline:
    """A record of the history, with the events that it names as far as they are still there."""
    sources = record["sources"]
    begin = min(arrived for _, _, arrived in sources)
    marks = [
        Mark(arrived - begin, f"CON {con + 1}", _label(number, events.get(number)), "event")
        for con, number, arrived in sources
    ]
    if record.get("deadline") is not None:
        missing = ", ".join(f"CON {con + 1}" for con in record.get("missing", ()))
        marks.append(Mark(record["deadline"] - begin, say("esmctl.timeline-deadline"), missing, "deadline"))
    if record.get("issued") is not None:
        last = max(each.after_s for each in marks)
        marks.append(Mark(last, say("esmctl.timeline-issued"), str(record["issued"]), "end"))
    group = " ".join(each for each in record.get("group", ()) if each.isprintable())
    first = events.get(sources[0][1])
    at = "" if first is None or (told := told_time(first)) is None else f", {moment(told)}"
    title = f"[{record['condition']}] {group} {record['what']}".replace("  ", " ") + at
    return Timeline(title, marks)


def _label(number: int, event: Event | None) -> str:
    if event is None:
        return str(number)
    told = [event.attributes.get(name, "") for name in ("E.SEVERITY", "B.SOURCESERVER", "B.MESSAGE")]
    return " ".join([str(number), *filter(None, told)])


def text(drawn: Timeline) -> str:
    """Lines of a terminal: when, what, a mark at its place, and the event."""
    lines = [visible(drawn.title)]
    names = max(width(each.name) for each in drawn.marks)
    for each in drawn.marks:
        at = round(each.after_s / drawn.length_s * (COLUMNS - 1)) if drawn.length_s else 0
        line = "-" * at + _SIGNS[each.kind] + " " * (COLUMNS - 1 - at)
        name = each.name + " " * (names - width(each.name))
        lines.append(
            f"{each.after_s:+10.3f} s  {name}  |{line}|  {shortened(each.label, LABEL_COLUMNS)}".rstrip()
        )
    return "\n".join(lines) + "\n"


_SIGNS = {"event": "o", "deadline": "!", "end": ">"}


def svg(drawn: Sequence[Timeline]) -> str:
    """A picture with all of them, one below the other; no script, no reference outside of it."""
    parts, y = list[str](), 20
    for each in drawn:
        parts.append(_svg_text(10, y, each.title, "title"))
        y += ROW
        for mark in each.marks:
            x = LEFT + (mark.after_s / each.length_s * PLOT if each.length_s else 0)
            parts.append(f'<line x1="{LEFT}" y1="{y - 4}" x2="{LEFT + PLOT}" y2="{y - 4}" class="axis"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y - 4}" r="5" class="{mark.kind}"/>')
            parts.append(_svg_text(10, y, f"{mark.after_s:+.3f} s  {mark.name}", "name"))
            parts.append(_svg_text(LEFT + PLOT + 12, y, shortened(mark.label, 48), "label"))
            y += ROW
        y += ROW // 2
    body = "\n".join(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">'
    return f"{head}\n<style>{_STYLE}</style>\n{body}\n</svg>\n"


_STYLE = (
    "text{font:12px sans-serif}.title{font-weight:bold}.axis{stroke:#bbb}"
    ".event{fill:#1f6feb}.deadline{fill:#c62828}.end{fill:#2e7d32}"
)


def _svg_text(x: float, y: int, words: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y}" class="{kind}">{escape(visible(words))}</text>'
