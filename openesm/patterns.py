"""Regular expressions that somebody else has written, and texts that come from anywhere (SEC-51).

RE2 searches in linear time whatever the pattern is. What it does not know (look-around, back references, more
than 1,000 repetitions) is searched by Python in a process of its own, which ends itself after `BUDGET_S` of
CPU time; a pattern that has done so `HITS` times is not tried any more.
"""

from __future__ import annotations

import logging
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

BUDGET_S = 0.1
HITS = 3
SET_MOST = 100  # patterns that are searched in one go
_HEAD = struct.Struct(">II")  # bytes of the pattern, bytes of the text

Search = Callable[[str], bool]

log = logging.getLogger("openesm.patterns")


class PatternError(ValueError):
    """A pattern is no regular expression."""


class Patterns(Protocol):
    def compile(self, pattern: str) -> Search:
        """Says of a text whether the pattern is found in it."""


def check(pattern: str) -> None:
    """Whether it can be used.

    Raises:
        PatternError: with the reason.
    """
    if _linear(pattern) is None:
        _plain(pattern)


def is_linear(pattern: str) -> bool:
    """Whether RE2 knows it."""
    return _linear(pattern) is not None


class PlainPatterns:
    """For a tool that its user can interrupt: what RE2 does not know is searched here and now."""

    def compile(self, pattern: str) -> Search:
        """PatternError where it is none."""
        return _linear(pattern) or _found_by(_plain(pattern).search)


class GuardedPatterns:
    """For a daemon: a pattern that takes too long is not found in the text, and its process is gone.

    Args:
        disabled: told of a pattern that is not tried any more.
    """

    def __init__(self, disabled: Callable[[str], None] = lambda _pattern: None) -> None:
        self._disabled = disabled
        self._searcher: subprocess.Popen[bytes] | None = None

    def compile(self, pattern: str) -> Search:
        """PatternError where it is none."""
        known = _linear(pattern)
        if known is not None:
            return known
        _plain(pattern)
        hits = 0

        def search(text: str) -> bool:
            nonlocal hits
            if hits >= HITS:
                return False
            found = self._ask(pattern, text)
            if found is None:
                hits += 1
                log.warning("a regular expression took more than %g s: %s", BUDGET_S, pattern)
                if hits == HITS:
                    self._disabled(pattern)
            return bool(found)

        return search

    def close(self) -> None:
        """Ends the process, if there is one."""
        searcher, self._searcher = self._searcher, None
        if searcher is not None:
            searcher.kill()
            searcher.communicate()

    def _ask(self, pattern: str, text: str) -> bool | None:
        """None where the process has ended over it; one that ended for another reason is tried once more."""
        wanted, given = _encoded(pattern), _encoded(text)
        request = _HEAD.pack(len(wanted), len(given)) + wanted + given
        for _ in range(2):
            searcher = self._searcher = self._searcher or _searcher()
            assert searcher.stdin is not None
            assert searcher.stdout is not None
            with suppress(BrokenPipeError):
                searcher.stdin.write(request)
                searcher.stdin.flush()
            answer = searcher.stdout.read(1)
            if answer:
                return answer == b"1"
            self._searcher = None
            searcher.stdout.close()
            with suppress(BrokenPipeError):
                searcher.stdin.close()
            if searcher.wait() == -signal.SIGVTALRM:
                return None
        return None


def _searcher() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-c", _START, *sys.path]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


_START = "import sys; sys.path[:] = sys.argv[1:]; from openesm.patterns import serve; serve()"


def serve() -> None:
    """The process that searches: a pattern and a text on stdin, `1` or `0` on stdout.

    The timer counts CPU time of this process, and its signal is not caught: a search that is deep in `re`
    ends with it, and a machine that is busy takes nothing from the budget.
    """
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, signal.SIG_IGN)  # it ends with its stdin
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    source, out = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(_HEAD.size):
        sizes = _HEAD.unpack(head)
        pattern, text = (source.read(size).decode(errors="surrogatepass") for size in sizes)
        compiled = re.compile(pattern)
        signal.setitimer(signal.ITIMER_VIRTUAL, BUDGET_S)
        found = compiled.search(text) is not None
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        out.write(b"1" if found else b"0")
        out.flush()


class Scan:
    """Many patterns that RE2 knows, searched in one go.

    Too big ones are searched one by one. A set that runs out of memory while it searches does not say so;
    then the pattern that every text has is missing in what it found.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._searches = [_linear(pattern) or _found_by(_plain(pattern).search) for pattern in patterns]
        self._sets = [
            (start, _set(patterns[start : start + SET_MOST])) for start in range(0, len(patterns), SET_MOST)
        ]

    def found(self, text: str) -> list[int]:
        """Numbers of the patterns that are found in a text."""
        numbers, encoded = list[int](), _encoded(text)
        for start, patterns in self._sets:
            if patterns is not None:
                inside = patterns.Match(encoded) or ()
                if 0 in inside:
                    numbers += [start + each - 1 for each in sorted(inside) if each]
                    continue
            searches = self._searches[start : start + SET_MOST]
            numbers += [start + number for number, search in enumerate(searches) if search(text)]
        return numbers


def _set(patterns: Sequence[str]) -> Any | None:
    made = _re2().Set.SearchSet(_options())
    try:
        for pattern in ("", *patterns):
            made.Add(pattern)
        made.Compile()
    except _re2().error:
        return None
    return made


def _linear(pattern: str) -> Search | None:
    re2 = _re2()
    try:
        compiled = re2.compile(pattern, _options())
    except (re2.error, UnicodeEncodeError):
        return None
    alone = _set([pattern])  # says yes or no for half of what a search with its place costs

    def search(text: str) -> bool:
        encoded = _encoded(text)
        found = () if alone is None else alone.Match(encoded) or ()
        return 1 in found if 0 in found else compiled.search(encoded) is not None

    return search


def _encoded(text: str) -> bytes:
    """RE2 sees a surrogate without its other half as a character that is no letter."""
    return text.encode(errors="surrogatepass")


def _plain(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as wrong:
        raise PatternError(str(wrong)) from wrong


def _found_by(search: Callable[[str], object]) -> Search:
    return lambda text: search(text) is not None


def _options() -> Any:
    options = _re2().Options()
    options.log_errors = False
    return options


def _re2() -> Any:
    """Loaded where a regular expression is first used."""
    import re2

    return re2
