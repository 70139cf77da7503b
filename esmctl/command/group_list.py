"""esmctl group list: the business groups in force."""

import argparse

from esmctl import agent
from esmctl.correlating import nothing
from esmctl.output import Table
from esmctl.place import socket_path

arguments = nothing


def run(args: argparse.Namespace) -> Table:
    rows = (
        (each["path"], " ".join(each["hosts"]), " ".join(each["users"]))
        for each in agent.ask(socket_path(args), "group-list")["groups"]
    )
    return Table(("path", "hosts", "users"), tuple(rows))
