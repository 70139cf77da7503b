"""Names while the resolver is well, slow, wrong or gone (F14)."""

import asyncio
import threading
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from indications.delivery import Undelivered
from indications.delivery import resolve as module
from indications.delivery.guard import Address
from indications.delivery.resolve import THREADS, Resolver, system_lookup

OLD, NEW = ip_address("192.0.2.1"), ip_address("192.0.2.2")


class Script:
    """A look-up that answers as told: addresses, an error, or nothing until it is released."""

    def __init__(self, *answers: "Address | OSError | threading.Event") -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str) -> Sequence[Address]:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, threading.Event):
            answer.wait()
            raise OSError("too late")
        if isinstance(answer, OSError):
            raise answer
        return [answer]


async def ask(resolver: Resolver, *hosts: str) -> list[str]:
    """What each question in turn brings: an address, or the name of the reason."""
    told = []
    for host in hosts:
        try:
            told.append(str((await resolver.addresses(host))[0]))
        except Undelivered as failed:
            assert failed.retry
            told.append(failed.reason.key.partition(".")[2])
    return told


@pytest.mark.parametrize(
    ("answers", "expected", "asked"),
    [
        pytest.param([OLD, NEW], ["192.0.2.1", "192.0.2.2"], 2, id="changed"),
        pytest.param([OLD, OSError(-3, "down")], ["192.0.2.1", "192.0.2.1"], 2, id="down: last good"),
        pytest.param([OSError(-2, "unknown"), NEW], ["unknown-host", "192.0.2.2"], 2, id="back"),
    ],
)
def test_stories(
    monkeypatch: pytest.MonkeyPatch, answers: list[Address | OSError], expected: list[str], asked: int
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    script = Script(*answers)
    assert asyncio.run(ask(Resolver(script), "host", "host")) == expected
    assert script.asked == asked


def test_a_fresh_answer_is_not_asked_for_again_and_digits_never() -> None:
    script = Script(OLD)
    hosts = ["host", "host", "192.0.2.9", "2001:db8::1"]
    expected = ["192.0.2.1", "192.0.2.1", "192.0.2.9", "2001:db8::1"]
    assert asyncio.run(ask(Resolver(script), *hosts)) == expected
    assert script.asked == 1


def test_a_stuck_resolver_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    release = threading.Event()
    script = Script(OLD, release)
    resolver = Resolver(script, resolve_s=0.05)
    try:
        assert asyncio.run(ask(resolver, "host", "host", "host")) == ["192.0.2.1"] * 3
        assert script.asked == 2
    finally:
        release.set()


def test_stuck_look_ups_are_few() -> None:
    release = threading.Event()
    hosts = [f"host{number}" for number in range(THREADS + 3)]
    script = Script(*[release] * len(hosts))
    resolver = Resolver(script, resolve_s=0.001)
    try:
        assert asyncio.run(ask(resolver, *hosts)) == ["resolve-late"] * len(hosts)
        assert script.asked == THREADS
    finally:
        release.set()


def test_one_look_up_serves_all_who_wait() -> None:
    script = Script(OLD)
    resolver = Resolver(script)

    async def together() -> list[tuple[Address, ...]]:
        return await asyncio.gather(*(resolver.addresses("host") for _ in range(9)))

    assert asyncio.run(together()) == [(OLD,)] * 9
    assert script.asked == 1


def test_the_system() -> None:
    assert {str(address) for address in system_lookup("localhost")} & {"127.0.0.1", "::1"}
    assert asyncio.run(ask(Resolver(), "no-such-host.invalid", "a" * 300)) == ["unknown-host"] * 2
