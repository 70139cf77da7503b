"""How times are written and read on the command line, and the wait for a test alert."""

import argparse
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from esmctl import agent
from esmctl.failure import FailureError
from esmctl.output import Table
from openesm.text import say

TEST_HEADER = "filter", "destination", "url", "result"
_POLL_S = 0.1
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_SPAN = re.compile(r"([0-9]{1,6})([dhms])")


def moment(seconds: float) -> str:
    """A moment (seconds since the epoch) in the time zone of this machine."""
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"


def span(seconds: float | None) -> str:
    """A span in its two largest units, as `2d 3h` or `45s`; `-` for none."""
    if seconds is None:
        return "-"
    parts: list[str] = []
    rest = max(0, round(seconds))
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def since(text: str, now: float | None = None) -> float:
    """What `--since` names: a date and time (ISO 8601), or a span before now such as `2h`.

    Returns seconds since the epoch.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    if match := _SPAN.fullmatch(text):
        return (time.time() if now is None else now) - int(match[1]) * _UNITS[match[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(say("esmctl.bad-since", text=text)) from None


def add_test_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--severity",
        choices=("information", "warning", "critical"),
        default="information",
        help=say("esmctl.option-severity"),
    )
    parser.add_argument("--wait", type=float, default=10.0, metavar="SECONDS", help=say("esmctl.option-wait"))


def test(socket: Path, wait_s: float, **args: object) -> Table:
    """Publishes a test alert, waits for its listeners, and shows what became of it; code 1 if one waits.

    Raises:
        FailureError: no subscription selects it.
    """
    begun = time.monotonic()
    published = agent.ask(socket, "alert-test", **args)
    waiting = {each["number"]: each for each in published["selected"]}
    if not waiting:
        raise FailureError.of("test-nobody", uuid=published["uuid"])
    outcome: dict[int, str] = {}
    while True:
        left = _left(socket, published["uuid"], waiting)
        took = time.monotonic() - begun
        for number in waiting.keys() - left.keys() - outcome.keys():
            outcome[number] = say("esmctl.test-delivered", time=f"{took:.1f}")
        if not left or took >= wait_s:
            break
        time.sleep(_POLL_S)
    outcome |= {number: _why(each) for number, each in left.items()}
    return Table(TEST_HEADER, tuple(_rows(waiting, outcome)), 1 if left else 0)


def _left(socket: Path, uuid: str, waiting: Mapping[int, Any]) -> dict[int, Mapping[str, Any]]:
    shown = agent.ask(socket, "alert-show", uuid=uuid)
    return {each["number"]: each for each in shown["waits"] if each["number"] in waiting}


def _why(each: Mapping[str, Any]) -> str:
    reason = agent.text_of(each["error"]) if each.get("error") else "-"
    return say("esmctl.test-waits", reason=reason)


def _rows(waiting: Mapping[int, Mapping[str, Any]], outcome: Mapping[int, str]) -> Iterator[tuple[str, ...]]:
    for number, each in waiting.items():
        yield str(each["filter"]), str(each["destination"]), str(each["url"]), outcome[number]
