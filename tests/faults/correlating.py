"""Correlates the log of a store to its end, in a process of its own that can be killed.

With `careless` the position is written in a transaction of its own: the control of what kills would do then.
"""

from __future__ import annotations

import random
import sqlite3
import sys
from pathlib import Path

from esmd.correlation import correlator
from esmd.correlation.correlator import Correlator, append
from esmd.tables import EVENTS
from indications.correlation.definition import Definition
from indications.correlation.reading import read
from openesm.store import Store

BATCH = 200
HOSTS, KINDS = 20, ("a", "b", "c", "d")


def definition() -> Definition:
    """Each kind of condition, by host, one of them over correlation events."""
    return read(
        "VERSION=2\n"
        "[seq]\nCON=E.K==a\nCON=E.K==b\nTYPE=sequence\nTIMEOUT=30\nSAME_ATTRIBUTE=E.HOST\nCORRELATION_NUM=1024\n"
        "SUCCESS_EVENT=E.K:seq\nFAIL_EVENT=E.K:noseq\n"
        "[all]\nCON=E.K==a\nCON=E.K==c\nCON=E.K==d\nTIMEOUT=60\nSAME_ATTRIBUTE=E.HOST\nCORRELATION_NUM=1024\n"
        "SUCCESS_EVENT=E.K:all\n"
        "[many]\nCON=E.K==d\nTYPE=threshold:5\nTIMEOUT=20\nSUCCESS_EVENT=E.K:many\n"
        "[of]\nCON=E.K==seq\nCON=E.K==many\nTIMEOUT=10\nSUCCESS_EVENT=E.K:of\n",
        "faults",
    )


def open_store(path: Path) -> Store:
    return Store(path, (EVENTS,))


def fill(path: Path, count: int) -> None:
    dice = random.Random(11)

    def work(db: sqlite3.Connection) -> None:
        for number in range(count):
            host = f"h{dice.randrange(HOSTS)}"
            append(db, number / 20, {"E.K": dice.choice(KINDS), "E.HOST": host})

    store = open_store(path)
    store.write(work).result()
    store.close()


class Careless(Correlator):
    """Keeps what it has decided, and how far it has got only after the next batch."""

    def run(self) -> None:
        known = 0
        while not self.advance().result().is_caught_up:
            say("batch")
            self._note(known)
            known = self._processed

    def _note(self, processed: int) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute("UPDATE correlation SET processed = ?", (processed,))

        self._store.write(work).result()


def say(word: str) -> None:
    """To the one who kills."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(path: str, how: str) -> None:
    correlator.BATCH = BATCH
    store = open_store(Path(path))
    say("ready")
    if how == "careless":
        Careless(store, definition()).run()
    else:
        correlating = Correlator(store, definition())
        while not correlating.advance().result().is_caught_up:
            say("batch")
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
