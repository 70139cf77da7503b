"""esmctl user add: a new user, who may only look unless a role says more."""

import argparse

from esmctl import password
from esmctl.accounts import add_name, add_namespaces, edit, role
from esmd.auth.users import Role, User, Users, hash_password
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    parser.add_argument(
        "--role", type=role, choices=list(Role), default=Role.VIEWER, help=say("esmctl.option-role")
    )
    add_namespaces(parser)
    password.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    password.check_arguments(args)
    word = password.obtain(args)
    user = User(args.name, hash_password(word), args.role, args.namespaces or frozenset())

    def add(users: Users) -> Users:
        added = users.add(user)
        password.deliver(args, word)
        return added

    return edit(args, add, say("esmctl.user-added", user=args.name, role=args.role))
