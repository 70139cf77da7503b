"""SEC-29: crafted names and keys cost no more than others."""

from __future__ import annotations

import time

from tests.running import RunningAgent
from tests.security.wire import ask, call, request

MERSENNE = (1 << 61) - 1  # integers that differ by it have one hash
MANY = 1000


def get_instance(keys: list[str]) -> bytes:
    bindings = "".join(
        f'<KEYBINDING NAME="K{number}"><KEYVALUE VALUETYPE="numeric">{value}</KEYVALUE></KEYBINDING>'
        for number, value in enumerate(keys)
    )
    name = f'<INSTANCENAME CLASSNAME="ESM_Alive">{bindings}</INSTANCENAME>'
    return call("GetInstance", f'<IPARAMVALUE NAME="InstanceName">{name}</IPARAMVALUE>')


def cpu_s(agent: RunningAgent, body: bytes) -> float:
    before = agent.cpu_s()
    for _ in range(20):
        assert ask(agent, request(body)).code == 6
    return agent.cpu_s() - before


def test_sec_29_colliding_integers_cost_no_more(agent: RunningAgent) -> None:
    plain = cpu_s(agent, get_instance([str(number) for number in range(MANY)]))
    colliding = cpu_s(agent, get_instance([str(number % 8 * MERSENNE) for number in range(MANY)]))
    assert colliding < 2 * plain + 0.1


def test_sec_29_too_many_keys_are_refused_at_once(agent: RunningAgent) -> None:
    started = time.monotonic()
    answer = ask(agent, request(get_instance(["1"] * 5000)))
    assert (answer.status, answer.cim_error) == (400, "request-not-valid")
    assert time.monotonic() - started < 2
