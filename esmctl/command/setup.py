"""esmctl setup: what an agent needs before its first start; may be repeated, never replaces a key."""

import argparse
import sys
from pathlib import Path

from esmctl.failure import FailureError
from esmctl.install import Layout, install, own, write_config
from esmctl.place import config_path
from esmd.auth.users import Users
from esmd.tls import certificate_names, ensure_certificate, fingerprint
from openesm.settings import Settings, Tls, load
from openesm.text import locale_language, say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--install", action="store_true", help=say("esmctl.option-install"))
    parser.add_argument("--yes", action="store_true", help=say("esmctl.option-yes"))
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help=say("esmctl.option-root"))


def run(args: argparse.Namespace) -> int:
    layout = Layout(args.root.absolute())
    if args.install:
        _confirm(args, say("esmctl.ask-install", root=layout.root))
        for step in install(layout):
            _say(step.text(locale_language()))
    path = layout.config if args.install or not layout.is_machine else config_path(args)
    if write_config(path):
        _say(say("esmctl.install-made", file=path))
    settings = load(path)
    created = ensure_certificate(settings.tls, certificate_names(settings.host.system_name))
    if args.install:
        own(layout)
    _report(settings, settings.tls, created)
    if args.install and layout.is_machine:
        _say(say("esmctl.setup-start"))
    return 0


def _report(settings: Settings, tls: Tls, created: bool) -> None:
    _say(say("esmctl.setup-made-cert" if created else "esmctl.setup-kept-cert", cert=tls.cert))
    _say(say("esmctl.setup-fingerprint", sha256=fingerprint(tls.cert)))
    _say(say("esmctl.setup-local"))
    _say(say(f"esmctl.setup-remote-{settings.listen.scope}"))
    if not len(Users.load(settings.auth.users_file)):
        _say(say("esmctl.setup-users"))


def _confirm(args: argparse.Namespace, question: str) -> None:
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise FailureError.of("needs-yes")
    if input(question).strip().lower() not in ("y", "yes", "はい"):
        raise FailureError.of("not-confirmed")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
