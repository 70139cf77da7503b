"""esmctl correlation metrics: what correlation did since the agent started, and how it does now."""

import argparse

from esmctl import agent
from esmctl.correlating import nothing
from esmctl.output import Table
from esmctl.place import socket_path

arguments = nothing


def run(args: argparse.Namespace) -> Table:
    told = agent.ask(socket_path(args), "correlation-metrics")
    rows = [(name, "", str(value)) for name, value in told.items() if name != "open_sets"]
    rows += [("open_sets", condition, str(count)) for condition, count in told["open_sets"].items()]
    return Table(("metric", "condition", "value"), tuple(rows))
