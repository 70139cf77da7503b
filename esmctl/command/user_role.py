"""esmctl user role: what a user may do, and where."""

import argparse

from esmctl.accounts import add_name, add_namespaces, edit, role
from esmd.auth.users import Role
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument("role", type=role, choices=list(Role), metavar="ROLE", help=say("esmctl.option-role"))
    add_namespaces(parser)


def run(args: argparse.Namespace) -> int:
    done = say("esmctl.role-changed", user=args.name, role=args.role)
    return edit(args, lambda users: users.set_role(args.name, args.role, args.namespaces), done)
