"""The role of a local user, by uid, for the agent's unix socket."""

from __future__ import annotations

import grp
import os
import pwd

from esmd.auth.users import Role


def admin_group(group: str) -> str:
    """The group of administrators beside the agent's group (`openesm-admin` beside `openesm`)."""
    return f"{group}-admin"


def role_of_uid(uid: int, group: str) -> Role:
    """root, the agent's own user and members of the administrators' group are admins; others may look."""
    if uid in (0, os.geteuid()):
        return Role.ADMIN
    return Role.ADMIN if admin_group(group) in groups_of(uid) else Role.VIEWER


def groups_of(uid: int) -> frozenset[str]:
    """Names of the groups of a user; none for a uid without a name."""
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    names = set()
    for gid in os.getgrouplist(account.pw_name, account.pw_gid):
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue
    return frozenset(names)
