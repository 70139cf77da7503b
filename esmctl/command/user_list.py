"""esmctl user list: who there is."""

import argparse
from collections.abc import Iterable, Iterator

from esmctl.output import Table
from esmctl.place import settings_of
from esmd.auth.users import User, Users

HEADER = "name", "role", "namespaces"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> Table:
    return Table(HEADER, tuple(rows(Users.load(settings_of(args).auth.users_file))))


def rows(users: Iterable[User]) -> Iterator[tuple[str, ...]]:
    for user in sorted(users, key=lambda user: user.name):
        yield user.name, str(user.role), ",".join(sorted(user.namespaces)) or "*"
