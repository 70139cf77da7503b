"""esmctl cert install: a certificate of one's own, checked as a pair before it takes its place."""

import argparse
import sys
from pathlib import Path

from esmctl.place import reload_agent, settings_of
from esmd.tls import fingerprint, install
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cert", type=Path, metavar="CERT", help=say("esmctl.argument-cert"))
    parser.add_argument("key", type=Path, metavar="KEY", help=say("esmctl.argument-key"))


def run(args: argparse.Namespace) -> int:
    tls = settings_of(args).tls
    install(tls, args.cert.absolute(), args.key.absolute())
    done = say("esmctl.cert-installed", sha256=fingerprint(tls.cert))
    sys.stdout.write(f"{done}\n{reload_agent(args)}\n")
    return 0
