"""The same log through partitions in processes of their own gives what one engine gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest

from indications.correlation.deciding import Failed, Succeeded
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.partitions import Part, Router
from indications.correlation.reading import read

TEXT = """VERSION=2
[seq]
CON=E.K==a
CON=E.K==b
TYPE=sequence
TIMEOUT=20
SAME_ATTRIBUTE=B.SOURCESERVER
CORRELATION_NUM=1024
SUCCESS_EVENT=B.MESSAGE:both
FAIL_EVENT=B.MESSAGE:no b
[all]
CON=E.K==a
CON=E.K==c
CON=E.K*=^[dx]$
TIMEOUT=40
SAME_ATTRIBUTE=B.SOURCESERVER
CORRELATION_NUM=1024
SUCCESS_EVENT=B.MESSAGE:all
[burst]
CON=E.K==d
TYPE=threshold:5
TIMEOUT=10
CORRELATION_NUM=1024
SUCCESS_EVENT=B.MESSAGE:five
FAIL_EVENT=B.MESSAGE:fewer
"""
COUNT, BATCH = 20_000, 100


def log() -> Iterator[Event]:
    dice = random.Random(7)
    for number in range(1, COUNT + 1):
        host, kind = f"h{dice.randrange(20)}", dice.choice("abcdx")
        yield Event(number, number / 10, {"E.K": kind, "B.SOURCESERVER": host})


def told(decisions: object) -> list[tuple[str, float]]:
    assert isinstance(decisions, list)
    ended = [each.event for each in decisions if isinstance(each, Succeeded | Failed)]
    return [(issued.key, issued.at) for issued in ended if issued is not None]


def work(pipe: Connection, number: int, count: int) -> None:
    part = Part(read(TEXT, "x"), number, count)
    while (batch := pipe.recv()) is not None:
        pipe.send(told(part.run(*batch)))


@pytest.mark.parts
@pytest.mark.parametrize("count", [1, 2, 7])
def test_processes(count: int) -> None:
    definition = read(TEXT, "x")
    engine, expected = Engine(definition), list[tuple[str, float]]()
    for event in log():
        expected += told(engine.step(event))
    expected += told(engine.expire(1e9))
    context, found = get_context("spawn"), list[tuple[str, float]]()
    router = Router(definition, count)
    pipes, processes = [], []
    for number in range(count):
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=work, args=(theirs, number, count)))
        processes[-1].start()
        pipes.append(ours)
    stream = list(log())
    for start in range(0, COUNT, BATCH):
        batch = stream[start : start + BATCH]
        until = 1e9 if start + BATCH >= COUNT else batch[-1].arrived
        routed = [(event, router.route(event)) for event in batch]
        for number, pipe in enumerate(pipes):
            pipe.send(([event for event, parts in routed if number in parts], until))
        for pipe in pipes:
            found += pipe.recv()
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()
    assert len(expected) > 4000
    assert sorted(found) == sorted(expected)
