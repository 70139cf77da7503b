"""esmctl user passwd: another password."""

import argparse

from esmctl import password
from esmctl.accounts import add_name, edit
from esmd.auth.users import Users, hash_password
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)
    password.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    password.check_arguments(args)
    word = password.obtain(args)
    hashed = hash_password(word)

    def replace(users: Users) -> Users:
        replaced = users.set_password(args.name, hashed)
        password.deliver(args, word)
        return replaced

    return edit(args, replace, say("esmctl.password-changed", user=args.name))
