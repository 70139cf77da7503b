"""esmctl listen: receives indications and shows them, to see what a manager would see.

Exit codes: 0 all that was numbered came in order; 3 something was lost or came late.
"""

import argparse
import asyncio
import io
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from esmctl.failure import FailureError
from esmctl.listener.server import bind, every_address, listening, server_context
from esmctl.listener.session import Session
from esmctl.output import visible
from esmd.tls import certificate_names, ensure_certificate, fingerprint, renew_if_due
from openesm.settings import Tls
from openesm.text import Message, say

PORT = 6736  # of the original's managers (PRT-4)
INCOMPLETE = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=say("listen.option-port"))
    parser.add_argument("--bind", metavar="ADDRESS", help=say("listen.option-bind"))
    parser.add_argument("--http", action="store_true", help=say("listen.option-http"))
    parser.add_argument("--cert", type=Path, metavar="FILE", help=say("listen.option-cert"))
    parser.add_argument("--key", type=Path, metavar="FILE", help=say("listen.option-key"))
    parser.add_argument("--state", type=Path, metavar="DIR", help=say("listen.option-state"))
    parser.add_argument("--count", type=int, default=0, metavar="N", help=say("listen.option-count"))


def run(args: argparse.Namespace) -> int:
    if not 0 <= args.port < 65536 or args.count < 0 or bool(args.cert) != bool(args.key):
        raise FailureError(Message.of("listen.wrong-options"), 2)
    pair = None if args.http else _pair(args)
    context = server_context(pair.cert, pair.key) if pair else None
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may not know every character
        sys.stdout.reconfigure(errors="backslashreplace")
    sockets = bind([args.bind] if args.bind else every_address(), args.port)
    banner = "".join(f"{line}\n" for line in _banner(sockets, pair))

    async def listen() -> int:
        session = Session(_write, as_json=args.json, count=args.count)
        loop = asyncio.get_running_loop()
        for number in signal.SIGINT, signal.SIGTERM:
            loop.add_signal_handler(number, session.stop)
        async with listening(sockets, context, session.receive):
            sys.stderr.write(banner)
            sys.stderr.flush()
            await session.ended()
            await asyncio.sleep(0)  # the last answer goes out
        session.finish()
        return 0 if session.totals.is_clean else INCOMPLETE

    return asyncio.run(listen())


def _pair(args: argparse.Namespace) -> Tls:
    """The certificate to show: the one given, else one of our own, which is made when it is missing."""
    if args.cert:
        return Tls(args.cert.absolute(), args.key.absolute())
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    folder = (args.state or data / "openesm").absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pair = Tls(folder / "listener.pem", folder / "listener.key")
    names = certificate_names()
    ensure_certificate(pair, names)
    renew_if_due(pair, names, time.time())
    return pair


def _banner(sockets: Iterable[socket.socket], pair: Tls | None) -> Iterable[str]:
    for opened in sockets:
        address, port = opened.getsockname()[:2]
        host = f"[{address}]" if ":" in address else address
        yield visible(say("listen.listening", url=f"{'https' if pair else 'http'}://{host}:{port}"))
    if pair is None:
        yield say("listen.plaintext")
        return
    pin = fingerprint(pair.cert).replace(":", "").lower()
    yield say("listen.trust")
    yield f"  esmctl destination trust NAME pin sha256:{pin}"


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
