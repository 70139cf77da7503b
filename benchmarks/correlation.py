"""Events a CPU second through correlation, beside SEC (Debian's `sec`) on the same work.

    python -m benchmarks.correlation

10, 100 and 1,000 conditions of each kind; half of the events belong to one of them, the others to none. SEC
gets fewer events, because its cost grows with the conditions. Limits: at least 150,000 a CPU second at 1,000
conditions, and an event costs there at most 1.5 times what it costs at 10. Conditions by regular expressions
only are stated for themselves: no table helps them. Memory is that of 20,000 open sets. Durable is the same
work out of the event log, with a commit for each batch (at least 80,000); a restart finds 20,000 open sets.
"""

from __future__ import annotations

import gc
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.report import Limit, report
from esmd.correlation.correlator import Correlator, append
from esmd.tables import EVENTS as EVENT_LOG
from indications.correlation.deciding import Succeeded
from indications.correlation.definition import Definition
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.reading import read
from openesm.store import Store

KINDS = ("threshold", "sequence", "combination")
SIZES = (10, 100, 1000)
EVENTS, ROUNDS = 100_000, 3
SEC_EVENTS = {10: 40_000, 100: 20_000, 1000: 4_000}
WORDS = ("start", "end")
Work = list[tuple[str, str]]  # object, word


def definition(kind: str, count: int) -> Definition:
    cons = {
        "threshold": ("CON=E.OBJECT_NAME==obj{n},E.SEVERITY==start", "TYPE=threshold:3"),
        "sequence": (*_pair(), "TYPE=sequence"),
        "combination": (*_pair(), "TYPE=combination"),
        "pattern": ("CON=E.OBJECT_NAME*=^obj{n}$,E.SEVERITY==start", "TYPE=threshold:3"),
    }[kind]
    lines = ["VERSION=2"]
    for n in range(count):
        lines += [f"[c{n}]", *(line.format(n=n) for line in cons), "SUCCESS_EVENT=E.SEVERITY:Alert"]
        lines.append("CORRELATION_NUM=1024")
    return read("\n".join(lines), "benchmark")


def _pair() -> tuple[str, str]:
    first, second = (f"CON=E.OBJECT_NAME==obj{{n}},E.SEVERITY=={word}" for word in WORDS)
    return first, second


def work(kind: str, count: int, events: int) -> Work:
    dice = random.Random(7)
    words = ("start",) if kind in ("threshold", "pattern") else WORDS
    return [
        (f"obj{dice.randrange(count)}" if dice.random() < 0.5 else "other", dice.choice(words))
        for _ in range(events)
    ]


def ours(kind: str, count: int, events: int = EVENTS) -> tuple[float, int]:
    """CPU seconds, and successes."""
    engine = Engine(definition(kind, count))
    stream = [
        Event(number, number / 1000, {"E.OBJECT_NAME": name, "E.SEVERITY": word, "B.MESSAGE": "x"})
        for number, (name, word) in enumerate(work(kind, count, events), 1)
    ]
    gc.collect()
    began, met = time.process_time(), 0
    for event in stream:
        for decision in engine.step(event):
            met += isinstance(decision, Succeeded)
    return time.process_time() - began, met


@contextmanager
def event_log() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.db", (EVENT_LOG,))
        try:
            yield store
        finally:
            store.close()


def durable(kind: str, count: int, events: int = EVENTS // 2) -> float:
    """CPU seconds of one event of the log; correlation events are written too, and not counted."""
    with event_log() as store:

        def fill(db: sqlite3.Connection) -> None:
            for number, (name, word) in enumerate(work(kind, count, events), 1):
                append(db, number / 1000, {"E.OBJECT_NAME": name, "E.SEVERITY": word, "B.MESSAGE": "x"})

        store.write(fill).result()
        correlator = Correlator(store, definition(kind, count))
        gc.collect()
        began = time.process_time()
        while not correlator.advance().result().is_caught_up:
            pass
        return (time.process_time() - began) / events


def restart(count: int) -> float:
    """Seconds until an engine goes on with so many open sets of the store."""
    with event_log() as store:

        def fill(db: sqlite3.Connection) -> None:
            for number in range(1, count + 1):
                append(db, number / 1e6, {"E.OBJECT_NAME": f"obj{number % 20}", "E.SEVERITY": "start"})

        store.write(fill).result()
        wanted = definition("sequence", 20)
        while not Correlator(store, wanted).advance().result().is_caught_up:
            pass
        began = time.monotonic()
        Correlator(store, wanted).advance().result()
        return time.monotonic() - began


def sec_rules(kind: str, count: int) -> Iterator[str]:
    for n in range(count):
        head = f"ptype=RegExp\npattern=^obj{n} start$\ndesc=c{n}\n"
        second = f"ptype2=RegExp\npattern2=^obj{n} end$\ndesc2=c{n}\n"
        if kind == "threshold":
            yield f"type=SingleWithThreshold\n{head}action=none\nwindow=60\nthresh=3\n"
        elif kind == "sequence":
            yield f"type=PairWithWindow\n{head}action=none\n{second}action2=none\nwindow=60\n"
        else:
            ends = f"ptype2=RegExp\npattern2=^obj{n} end$\n"
            starts = f"ptype=RegExp\npattern=^obj{n} start$\n"
            yield f"type=EventGroup2\n{starts}{ends}desc=c{n}\naction=none\nwindow=60\n"


def sec(kind: str, count: int) -> float:
    """CPU seconds of one event."""
    lines = [f"{name} {word}\n" for name, word in work(kind, count, SEC_EVENTS[count])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules").write_text("\n".join(sec_rules(kind, count)))
        (folder / "empty").write_text("")
        (folder / "events").write_text("".join(lines))

        def cost(events: str) -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [
                "sec",
                f"--conf={folder}/rules",
                f"--input={folder}/{events}",
                "--notail",
                "--fromstart",
            ]
            subprocess.run([*command, "--quoting"], check=True, capture_output=True, timeout=600)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        return (cost("events") - cost("empty")) / len(lines)


def memory_of_sets(count: int) -> float:
    """Bytes of one open set with its event, of so many."""
    engine = Engine(definition("sequence", 20))
    tracemalloc.start()
    for number in range(1, count + 1):
        name = f"obj{number % 20}"
        engine.step(Event(number, number / 1e6, {"E.OBJECT_NAME": name, "E.SEVERITY": "start"}))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(list(engine.sets())) == count
    return taken / count


def ours_s(kind: str, count: int) -> float:
    return ours(kind, count)[0]


def best(measure: Callable[[], float]) -> float:
    return median(measure() for _ in range(ROUNDS))


def main() -> int:
    rows: list[tuple[object, ...]] = []
    cost: dict[tuple[str, int], float] = {}
    has_sec = shutil.which("sec") is not None
    for kind in KINDS:
        for count in SIZES:
            cost[kind, count] = best(partial(ours_s, kind, count)) / EVENTS
            peer = sec(kind, count) if has_sec else float("nan")
            rows.append((kind, count, 1 / cost[kind, count], 1 / peer))
    few = EVENTS // 10
    rows += [
        ("regular expressions only", count, few / ours("pattern", count, few)[0], float("nan"))
        for count in SIZES[:2]
    ]
    kept = {kind: best(partial(durable, kind, 1000)) for kind in KINDS}
    rows += [(f"{kind}, durable", 1000, 1 / each, float("nan")) for kind, each in kept.items()]
    slowest = max(cost[kind, 1000] for kind in KINDS)
    growth = max(cost[kind, 1000] / cost[kind, 10] for kind in KINDS)
    limits = [
        Limit("CPU of an event at 1,000 conditions", slowest * 1e6, 1e6 / 150_000, "us"),
        Limit("cost at 1,000 conditions / at 10", growth, 1.5),
        Limit("CPU of a durable event at 1,000 conditions", max(kept.values()) * 1e6, 1e6 / 80_000, "us"),
        Limit("restart with 20,000 open sets", restart(20_000), 1.0, "s"),
        Limit("memory of 20,000 open sets", memory_of_sets(20_000) * 20_000 / 2**20, 64, "MiB"),
    ]
    if not has_sec:
        print("sec is not installed: measured without it")
    return report(("kind", "conditions", "events a CPU second", "SEC"), rows, limits)


if __name__ == "__main__":
    sys.exit(main())
