"""esmctl cert show: the certificate that the files hold."""

import argparse
import time
from datetime import UTC, datetime

from esmctl.output import Table
from esmctl.place import settings_of
from esmd.tls import read_certificate


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> Table:
    tls = settings_of(args).tls
    certificate = read_certificate(tls.cert)
    rows = (
        ("file", str(tls.cert)),
        ("key", str(tls.key)),
        ("from", _date(certificate.starts)),
        ("until", _date(certificate.expires)),
        ("days left", str(int((certificate.expires - time.time()) // 86400))),
        ("renews itself", "yes" if certificate.is_ours else "no"),
        ("sha256", certificate.sha256),
    )
    return Table(("what", "value"), rows)


def _date(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"
