"""esmctl roles: which role an operation needs, from the table that the agent decides by."""

import argparse

from esmctl.output import Table
from esmd.auth.access import ROLES_TABLE

HEADER = "operation", "role"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(_args: argparse.Namespace) -> Table:
    return Table(HEADER, tuple((operation, str(role)) for operation, role in ROLES_TABLE))
