"""esmctl correlation status: what it does, and with which definition."""

import argparse

from esmctl import agent
from esmctl.correlating import nothing
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import moment
from openesm.text import say

arguments = nothing


def run(args: argparse.Namespace) -> Table:
    told = agent.ask(socket_path(args), "correlation-status")
    at = told["applied_at"]
    rows = (
        ("state", say(f"esmctl.correlation-{told['state']}")),
        ("applied", "-" if at is None else moment(at)),
        ("conditions", " ".join(told["conditions"]) or "-"),
        ("open sets", str(told["open_sets"])),
        ("events waiting", str(told["waiting_events"])),
        ("events", str(told["events"])),
        ("issued", str(told["issued"])),
        ("problem", told["error"] or "-"),
        ("start option", told["options"]["start"]),
        ("begin", str(told["options"]["begin"])),
        ("integrated database", "on" if told["options"]["integrated_db"] else "off"),
    )
    return Table(("what", "now"), rows)
