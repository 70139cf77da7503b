"""esmctl threshold list: what is watched, within which limits, and how it stands."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from esmctl import agent
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import span

HEADER = "element", "watched", "every", "warning", "clear", "critical", "critical clear", "state"
LIMITS = "WarningThreshold", "WarningClearThreshold", "CriticalThreshold", "CriticalClearThreshold"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> Table:
    return Table(HEADER, tuple(rows(agent.ask(socket_path(args), "threshold-list")["elements"])))


def rows(elements: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """A row for each element that can be watched."""
    for each in elements:
        settings = each["settings"]
        if each["monitorable"]:
            yield (
                each["element"],
                "yes" if settings["MonitoringEnabled"] else "no",
                span(settings["MonitoringInterval"]),
                *(str(settings.get(name, "-")) for name in LIMITS),
                each["state"],
            )
