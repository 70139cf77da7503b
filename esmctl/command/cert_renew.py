"""esmctl cert renew: a new self-signed certificate for the key that is there."""

import argparse
import sys

from esmctl.place import reload_agent, settings_of
from esmd.tls import certificate_names, fingerprint, renew
from openesm.text import say


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    renew(settings.tls, certificate_names(settings.host.system_name))
    done = say("esmctl.cert-renewed", sha256=fingerprint(settings.tls.cert))
    sys.stdout.write(f"{done}\n{reload_agent(args)}\n")
    return 0
