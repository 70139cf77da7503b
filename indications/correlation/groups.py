"""Business groups: which hosts belong together, and who looks after them (R-60 to R-64).

The file is TOML, a table for each group by its path:

    ["/sales"]
    hosts = ["web1", "web2"]
    users = ["alice"]

    ["/sales/database"]
    hosts = ["db1"]

A host belongs to its groups and to all above them; host names are compared without regard to case. Where any
group has users, reference and operation are restricted (R-62).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from indications.correlation.limits import GROUP_DEPTH_MOST, GROUPS_MOST
from openesm.text import Message

_PATH = re.compile(r"(?:/[^/\x00-\x1f]+)+\Z")


class GroupsError(ValueError):
    """The file cannot be used; `message` says why."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


@dataclass(frozen=True, slots=True)
class Groups:
    """Business groups.

    Attributes:
        hosts: by path, in lower case, those of the groups below it included.
        users: by path, who belongs to it.
    """

    hosts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    users: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_restricted(self) -> bool:
        return any(self.users.values())

    def belongs(self, host: str, path: str) -> bool:
        """Whether a host belongs to a group or to one below it."""
        return host.lower() in self.hosts.get(path, ())

    def is_foreign(self, user: str, host: str) -> bool:
        """Whether a host belongs to groups, none of which is of a user who has some (R-63)."""
        mine = [path for path, users in self.users.items() if user in users]
        its = [path for path in self.hosts if self.belongs(host, path)]
        return bool(mine and its) and not any(self.belongs(host, path) for path in mine)


NO_GROUPS = Groups()


def read_groups(text: str) -> Groups:
    """The groups that a file spells.

    Raises:
        GroupsError: with the first thing that is wrong.
    """
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:  # an integer may have too many digits for Python
        raise _wrong("bad-groups", reason=wrong) from wrong
    if len(given) > GROUPS_MOST:
        raise _wrong("too-many-groups", most=GROUPS_MOST)
    hosts: dict[str, set[str]] = {}
    users: dict[str, frozenset[str]] = {}
    for path, table in given.items():
        if not _PATH.match(path) or path.count("/") > GROUP_DEPTH_MOST:
            raise _wrong("bad-group-path", path=path)
        if not isinstance(table, dict) or (unknown := table.keys() - {"hosts", "users"}):
            raise _wrong("bad-group", path=path, name=next(iter(unknown)) if isinstance(table, dict) else "")
        hosts.setdefault(path, set())
        own = {each.lower() for each in _names(path, "hosts", table)}
        for above in _upwards(path):
            hosts.setdefault(above, set()).update(own)
        users[path] = frozenset(_names(path, "users", table))
    return Groups({path: frozenset(found) for path, found in hosts.items()}, users)


def _names(path: str, name: str, table: Mapping[str, object]) -> list[str]:
    given = table.get(name, [])
    if not isinstance(given, list) or not all(isinstance(each, str) and each for each in given):
        raise _wrong("bad-group", path=path, name=name)
    return given


def _upwards(path: str) -> Iterator[str]:
    """The group itself, and each one above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _wrong(key: str, **args: object) -> GroupsError:
    return GroupsError(Message.of(f"correlation.{key}", **args))
