"""esmctl event tail: the last events, and each one that comes."""

import argparse
import json
import sys
import time

from esmctl import agent
from esmctl.events import line
from esmctl.place import socket_path
from openesm.text import say

POLL_S = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lines", type=int, default=10, metavar="N", help=say("esmctl.tail-lines"))
    parser.add_argument("--count", type=int, metavar="N", help=say("esmctl.tail-count"))


def run(args: argparse.Namespace) -> int:
    socket, left = socket_path(args), args.count
    lines = max(1, min(args.lines, 1000))
    rows = agent.ask(socket, "event-list", newest=True, limit=lines)["events"]
    after = rows[-1]["number"] if rows else 0
    if args.lines < 1:
        rows = []
    while True:
        for row in rows if left is None else rows[:left]:
            sys.stdout.write(f"{json.dumps(row, ensure_ascii=False) if args.json else line(row)}\n")
        sys.stdout.flush()
        if left is not None:
            left -= len(rows)
            if left <= 0:
                return 0
        time.sleep(POLL_S)
        rows = agent.ask(socket, "event-list", after=after)["events"]
        after = rows[-1]["number"] if rows else after
