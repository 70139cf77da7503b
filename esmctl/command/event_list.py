"""esmctl event list: the event stream as correlation reads it, oldest first."""

import argparse
from collections.abc import Mapping
from typing import Any

from esmctl import events
from esmctl.output import Table

HEADER = "number", "time", "severity", "id", "host", "message", "attributes"
_SHOWN = ("E.SEVERITY", "B.ID", "B.SOURCESERVER", "B.MESSAGE")
arguments = events.arguments


def run(args: argparse.Namespace) -> Table:
    return Table(HEADER, tuple(_row(each) for each in events.rows(args)))


def _row(told: Mapping[str, Any]) -> tuple[str, ...]:
    event = events.of_told(told)
    shown = [event.attributes.get(name, "") for name in _SHOWN]
    rest = [f"{name}={value}" for name, value in event.attributes.items() if name not in _SHOWN]
    return str(event.number), events.shown_time(told), *shown, " ".join(rest)
