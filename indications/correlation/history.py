"""What the history keeps of a decision: enough to explain it without anything else (R-70, R-72)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indications.correlation.deciding import Decision, Failed, Group, Limited, LimitEnded, Succeeded
from indications.correlation.issuing import Match


class Record(NamedTuple):
    """One decision.

    Attributes:
        what: `success`, `fail`, `limited` (a first event that no set could be opened for), `limit-ended`,
            `discarded` (a set that was given up), `saved` (one that was kept at a stop), `open` (of a
            back-fill, undecided at its end); of no condition: `start`, `stop`, `applied`, `refused`.
        opened: number of the event that opened the set; None where there was none.
        group: values of SAME_ATTRIBUTE.
        sources: number of the event condition, number of the event and its arrival, as acquired.
        missing: numbers of the event conditions that stayed open.
        deadline: agent time, of what failed.
        issued: number of the correlation event in the log.
        detail: what else belongs to it: why a set was given up, with which options it was started.
    """

    what: str
    condition: str = ""
    opened: int | None = None
    group: Group = ()
    sources: Sequence[tuple[int, int, float]] = ()
    missing: Sequence[int] = ()
    deadline: float | None = None
    issued: int | None = None
    detail: Mapping[str, object] = {}


def record(decision: Decision, issued: int | None) -> Record | None:
    """What is kept of a decision; None of the steps of a set, which stand in its end."""
    match decision:
        case Succeeded(key=(name, opened), group=group, matches=matches):
            return Record("success", name, opened, group, sources(matches), issued=issued)
        case Failed(key=(name, opened), group=group, matches=matches, missing=missing, deadline=deadline):
            return Record("fail", name, opened, group, sources(matches), missing, deadline, issued)
        case Limited(condition=name, event=event, begins=True):
            return Record("limited", name, None, (), ((0, event.number, event.arrived),))
        case LimitEnded(condition=name):
            return Record("limit-ended", name)
        case _:
            return None


def sources(matches: Sequence[Match]) -> tuple[tuple[int, int, float], ...]:
    """As in `Record.sources`."""
    return tuple((con, event.number, event.arrived) for con, event in matches)
