"""esmctl event list: the event stream as correlation reads it, oldest first."""

import argparse

from esmctl import events
from esmctl.output import Table

HEADER = "number", "severity", "id", "host", "message", "attributes"
_SHOWN = ("E.SEVERITY", "B.ID", "B.SOURCESERVER", "B.MESSAGE")
arguments = events.arguments


def run(args: argparse.Namespace) -> Table:
    rows = (
        (
            str(event.number),
            *(event.attributes.get(name, "") for name in _SHOWN),
            " ".join(f"{name}={value}" for name, value in event.attributes.items() if name not in _SHOWN),
        )
        for event in events.events(args)
    )
    return Table(HEADER, tuple(rows))
