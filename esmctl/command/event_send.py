"""esmctl event send: puts events into the event log, for correlation."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from esmctl import agent
from esmctl.failure import FailureError
from esmctl.output import Statement
from esmctl.place import socket_path
from openesm.text import say

BATCH, BATCH_BYTES = 1000, 4 << 20


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("attributes", nargs="*", metavar="NAME=VALUE", help=say("esmctl.event-attributes"))
    parser.add_argument("--file", type=Path, metavar="FILE", help=say("esmctl.event-file"))


def run(args: argparse.Namespace) -> Statement:
    if bool(args.attributes) is (args.file is not None):
        raise FailureError.of("event-what")
    events: Iterable[object] = (
        [_of_words(args.attributes)] if args.file is None else list(_of_file(args.file))
    )
    socket, numbers = socket_path(args), list[int]()
    for batch in _batches(events):
        try:
            numbers += agent.ask(socket, "event-send", events=batch)["numbers"]
        except FailureError:  # those before it are in
            sys.stdout.write("".join(f"{number}\n" for number in numbers))
            raise
    return Statement([str(number) for number in numbers], {"numbers": numbers})


def _batches(events: Iterable[object]) -> Iterator[list[object]]:
    """As many as one order takes; each batch is put in whole or not at all."""
    batch, size = list[object](), 0
    for event in events:
        length = len(json.dumps(event))
        if batch and (len(batch) == BATCH or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def _of_words(words: list[str]) -> dict[str, str]:
    event: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in event:
            raise FailureError.of("event-word", word=word)
        event[name] = value
    return event


def _of_file(path: Path) -> Iterator[object]:
    """One JSON object of attributes a line; `-` is standard input."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except UnicodeDecodeError as failed:
        raise FailureError.of("file-failed", path=path, reason=failed) from failed
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as wrong:
                raise FailureError.of("bad-event", file=path, line=number, reason=wrong) from wrong
