"""esmctl expose: who may connect, this machine only or all networks."""

import argparse
import sys
from pathlib import Path

from esmctl.failure import FailureError
from esmctl.place import config_path, reload_agent
from esmd.auth.users import Users
from esmd.tls import check_pair
from openesm import atomic
from openesm.settings import Settings, load, parse
from openesm.settings.edit import NotEditableError, with_value
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scope", choices=("all", "loopback"), help=say("esmctl.argument-scope"))


def run(args: argparse.Namespace) -> int:
    path = config_path(args)
    with atomic.locked(path.with_name(f"{path.name}.lock")):
        _set_scope(path, args.scope)
    sys.stdout.write(f"{say(f'esmctl.exposed-{args.scope}')}\n{reload_agent(args)}\n")
    return 0


def _set_scope(path: Path, scope: str) -> None:
    load(path)
    before = path.read_bytes()
    text = before.decode("utf-8-sig")
    try:
        edited = with_value(text, "listen", "scope", scope)
    except NotEditableError as refused:
        raise FailureError.of("not-editable", file=path, scope=scope) from refused
    settings = parse(edited, path)
    if scope == "all":
        _refuse_unsafe(settings)
    if edited != text:
        mode = path.stat().st_mode & 0o777
        atomic.write(path.with_name(f"{path.name}.bak"), before, mode)
        atomic.write(path, edited.encode(), mode)


def _refuse_unsafe(settings: Settings) -> None:
    if not (settings.auth.client_ca or len(Users.load(settings.auth.users_file))):
        raise FailureError.of("expose-needs-user")
    check_pair(settings.tls.cert, settings.tls.key)
