"""`esmd --config FILE`: the command that runs the agent in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import openesm
from esmd import journal
from esmd.auth.users import UsersError
from esmd.daemon import Agent
from esmd.prerequisites import StartError
from esmd.service import RefusedError
from openesm.cim.mofc import MofError
from openesm.settings import Settings, SettingsError, load, with_overrides
from openesm.store import StoreError
from openesm.text import locale_language, say

EXIT_USAGE = 2
EXIT_START = 1

log = logging.getLogger("openesm")


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 stopped as asked, 1 cannot start, 2 the command line or the configuration is wrong."""
    args = _parser().parse_args(argv)

    def reread() -> Settings:
        return with_overrides(
            load(args.config),
            state_dir=args.state,
            port_offset=args.port_offset,
            closed=args.host == "pegasus",
        )

    try:
        settings = reread()
    except SettingsError as wrong:
        sys.stderr.write(f"{wrong.text(locale_language())}\n")
        return EXIT_USAGE
    if args.check:
        sys.stdout.write(f"{say('daemon.config-good', path=args.config)}\n")
        return 0
    os.umask(0o077)
    journal.start(settings.log)
    try:
        return _run(settings, reread)
    except (StartError, StoreError) as failed:
        sys.stderr.write(f"esmd: {failed.message.text(locale_language())}\n")
    except (UsersError, MofError) as failed:
        sys.stderr.write(f"esmd: {failed.text(locale_language())}\n")
    return EXIT_START


def run() -> NoReturn:
    """The command `esmd`: `main`, then the end of the process at once.

    A reading that was abandoned may still sit in a system call (a dead mount, F20), in a thread that nobody
    waits for; the interpreter must not be taken apart under it.
    """
    status = main()
    logging.shutdown()
    for stream in sys.stdout, sys.stderr:
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="esmd", description=say("daemon.description"))
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help=say("daemon.help-config"))
    parser.add_argument("--state", type=Path, metavar="DIR", help=say("daemon.help-state"))
    parser.add_argument(
        "--port-offset", type=int, default=0, metavar="N", help=say("daemon.help-port-offset")
    )
    parser.add_argument("--host", choices=("own", "pegasus"), default="own", help=say("daemon.help-host"))
    parser.add_argument("--check", action="store_true", help=say("daemon.help-check"))
    parser.add_argument("--version", action="version", version=f"openesm {openesm.__version__}")
    return parser


def _run(settings: Settings, reread: Callable[[], Settings]) -> int:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, reread))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings, reread: Callable[[], Settings]) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(note_lost_error)

    def stop(number: signal.Signals) -> None:
        if stopping.is_set():
            os._exit(128 + number)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    agent = Agent(settings, reread)
    await agent.start()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(_reload(agent))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    gc.collect()
    gc.freeze()
    tell_manager("READY=1")
    _feed_watchdog(loop)
    await stopping.wait()
    tell_manager("STOPPING=1")
    await agent.stop()
    return 0


def note_lost_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waits for any more: a connection that failed after it was given up is no error of ours."""
    lost = context.get("exception")
    if isinstance(lost, OSError) and "future" in context:
        log.debug("given up, and failed: %s", lost)
    else:
        loop.default_exception_handler(context)


def _feed_watchdog(loop: asyncio.AbstractEventLoop) -> None:
    """Tells systemd that the event loop still turns, twice in each WatchdogSec."""
    period_us = os.environ.get("WATCHDOG_USEC", "")
    if period_us.isdigit() and int(period_us):
        tell_manager("WATCHDOG=1")
        loop.call_later(int(period_us) / 2e6, _feed_watchdog, loop)


async def _reload(agent: Agent) -> None:
    tell_manager("RELOADING=1")
    try:
        await agent.reload()
    except RefusedError as refused:
        log.error("reload refused, nothing changed: %s", refused.message)
    tell_manager("READY=1")


def tell_manager(state: str) -> None:
    """Tells who started us: systemd by NOTIFY_SOCKET, others by the descriptor OPENESM_READY_FD."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
    descriptor = os.environ.get("OPENESM_READY_FD", "")
    if descriptor.isdigit() and state == "READY=1":
        del os.environ["OPENESM_READY_FD"]
        os.write(int(descriptor), b"READY=1\n")
        os.close(int(descriptor))


if __name__ == "__main__":
    run()
