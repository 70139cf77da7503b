"""The agent on another machine, over CIM-XML."""

import argparse
import importlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from esmctl import password
from esmctl.failure import FailureError
from esmctl.output import Table
from openesm.text import say

NAMESPACE = "root/ESMPRO/AS"
CLASSES = "ESM_GeneralInformation", "ESM_Alive"
TIMEOUT_S = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", metavar="URL", help=say("esmctl.option-server"))
    parser.add_argument("--user", metavar="NAME", help=say("esmctl.option-user"))
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help=say("esmctl.option-remote-password")
    )
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument("--ca", type=Path, metavar="FILE", help=say("esmctl.option-ca"))
    trust.add_argument("--insecure", action="store_true", help=say("esmctl.option-insecure"))


def status(args: argparse.Namespace) -> Table:
    """What the agent there says of itself, a property a row; FailureError when it cannot be asked."""
    pywbem = _pywbem()
    try:
        with connection(args) as server:
            instances = [one for name in CLASSES for one in server.EnumerateInstances(name)]
    except pywbem.Error as failed:
        raise FailureError.of("remote-failed", server=args.server, reason=str(failed).rstrip(".")) from failed
    return Table(("property", "value"), tuple(row for one in instances for row in _rows(one)))


def connection(args: argparse.Namespace) -> Any:
    """A WBEM connection as the options say; FailureError when they do not suffice."""
    url = urlsplit(args.server)
    if url.scheme != "https" or not url.hostname or url.username or url.path.strip("/"):
        raise FailureError.of("bad-server", server=args.server)
    if not args.user or args.password_file is None:
        raise FailureError.of("remote-needs-user")
    if args.ca is not None and not args.ca.is_file():
        raise FailureError.of("no-ca", file=args.ca)
    server = _pywbem().WBEMConnection(
        args.server,
        (args.user, password.from_file(args.password_file).decode("utf-8", "surrogateescape")),
        default_namespace=NAMESPACE,
        ca_certs=str(args.ca) if args.ca else None,
        no_verification=args.insecure,
        timeout=TIMEOUT_S,
    )
    server.session.trust_env = False  # else REQUESTS_CA_BUNDLE would win over --ca and --insecure
    return server


def _pywbem() -> Any:
    return importlib.import_module("pywbem")  # costly, so only when another machine is asked


def _rows(instance: Any) -> list[tuple[str, str]]:
    found = ((name, instance[name]) for name in instance)
    return [(name, _text(value)) for name, value in found if value is not None]


def _text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
