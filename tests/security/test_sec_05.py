"""SEC-05: guessing is slow, tells nothing, and holds up nobody else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt

from esmd.auth.limiter import Limiter
from esmd.auth.users import Role, User, Users
from tests.running import RunningAgent, eventually, running_agent
from tests.security.wire import ask, basic, request

COST = 8
ROUNDS = 25


def test_sec_05_of_1000_guesses_at_once_five_reach_the_back_end() -> None:
    limiter = Limiter()
    assert sum(limiter.admit("admin", "127.0.0.1", 50.0) for _ in range(1000)) == 5


def test_sec_05_a_patient_attacker_gets_five_guesses_a_minute() -> None:
    limiter = Limiter()
    reached = [limiter.admit("admin", "192.0.2.9", float(second)) for second in range(3600)]
    assert sum(reached[600:]) <= 5 * 50


def guess(agent: RunningAgent, number: int) -> int:
    return ask(agent, request(auth=basic("admin", f"guess {number}"))).status


def test_sec_05_parallel_guesses_at_a_real_agent(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent, ThreadPoolExecutor(25) as attackers:
        assert ask(agent, request(auth=basic("operator"))).status == 200
        started = time.monotonic()
        verdicts = [attackers.submit(guess, agent, number) for number in range(25)]
        assert ask(agent, request(auth=basic("operator"))).status == 200
        assert time.monotonic() - started < 1, "who is known is not held up"
        assert {verdict.result() for verdict in verdicts} == {401}
        checked = agent.audit.count('user="admin" source="127.0.0.1" reason="wrong user or password"')
        assert 0 < checked <= min(10, 5 + 5 * (time.monotonic() - started))
        assert agent.audit.count('reason="too many attempts"') == 25 - checked


def test_sec_05_other_users_log_in_meanwhile(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent, ThreadPoolExecutor(25) as attackers:
        verdicts = [attackers.submit(guess, agent, number) for number in range(25)]
        eventually(lambda: 'user="admin"' in agent.audit, "the attack runs")
        assert ask(agent, request(auth=basic("viewer"))).status == 200
        assert {verdict.result() for verdict in verdicts} == {401}


def test_sec_05_an_unknown_user_costs_as_much_as_a_wrong_password() -> None:
    ann = User("ann", bcrypt.hashpw(b"right", bcrypt.gensalt(COST)).decode(), Role.VIEWER)
    users = Users(Path("users"), (ann,))
    wrong, unknown = (_cpu_s(users, user) for user in (ann, None))
    assert 0.9 < unknown / wrong < 1.1


def _cpu_s(users: Users, user: User | None) -> float:
    """The least CPU time of a refusal, in seconds."""
    spent = []
    for _ in range(ROUNDS):
        started = time.thread_time()
        assert not users.verify(user, b"wrong")
        spent.append(time.thread_time() - started)
    return min(spent)
