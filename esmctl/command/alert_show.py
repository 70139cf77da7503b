"""esmctl alert show: one alert of the history, and who has not been told yet."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from esmctl import agent
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import moment
from openesm.text import say

HEADER = "name", "value"
_AS_IT_IS = "element", "path", "process", "before", "after", "metric", "value", "limit", "units"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uuid", metavar="UUID", help=say("esmctl.argument-uuid"))


def run(args: argparse.Namespace) -> Table:
    return Table(HEADER, tuple(rows(agent.ask(socket_path(args), "alert-show", uuid=args.uuid))))


def rows(alert: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of the alert; what it does not have is left out."""
    yield "uuid", alert["uuid"]
    yield "time", moment(alert["at"])
    yield "severity", alert["severity"]
    yield "event", alert["event"]
    yield "message", agent.text_of(alert["message"])
    if alert["advice"]:
        yield "advice", agent.text_of(alert["advice"])
    for name in _AS_IT_IS:
        if alert[name] not in (None, ""):
            yield name, str(alert[name])
    yield "test", "yes" if alert["test"] else "no"
    for uuid in alert["clears"]:
        yield "clears", uuid
    yield "delivered", str(alert["delivered"])
    for each in alert["waits"]:
        reason = f": {agent.text_of(each['error'])}" if each["error"] else ""
        yield "waits", f"{each['filter']} > {each['destination']} ({each['url']}){reason}"
