"""Token buckets on a clock of the test's own (SEC-05)."""

from __future__ import annotations

import pytest

from esmd.auth.limiter import Buckets, Limiter, source_network

FAR = "192.0.2.1"
HERE = "127.0.0.1"


def admitted(limiter: Limiter, tries: int, *, user: str = "ann", address: str = FAR, at: float = 0.0) -> int:
    return sum(limiter.admit(user, address, at) for _ in range(tries))


def test_a_bucket_fills_with_time_up_to_its_burst() -> None:
    buckets = Buckets(per_second=0.5, burst=2)
    story = []
    for now in (0.0, 0.0, 0.0, 1.9, 2.0, 100.0, 100.0, 100.0):
        story.append(buckets.has_token("k", now))
        if story[-1]:
            buckets.take("k", now)
    assert story == [True, True, False, False, True, True, True, False]


def test_a_token_given_back_never_exceeds_the_burst() -> None:
    buckets = Buckets(per_second=0.0, burst=2)
    for _ in range(5):
        buckets.give_back("k", 0.0)
    for _ in range(2):
        buckets.take("k", 0.0)
    assert not buckets.has_token("k", 0.0)


def test_the_least_used_bucket_is_forgotten_first() -> None:
    buckets = Buckets(per_second=0.0, burst=1, size=2)
    buckets.take("a", 0.0)
    buckets.take("b", 0.0)
    assert not buckets.has_token("a", 0.0)  # used again, so b is the least used
    buckets.take("c", 0.0)
    assert not buckets.has_token("a", 0.0)
    assert buckets.has_token("b", 0.0)


@pytest.mark.parametrize(
    ("guesses", "expected"),
    [
        pytest.param([(0.0, 1000)], 5, id="a burst"),
        pytest.param([(0.0, 5), (1.0, 5), (2.0, 5)], 10, id="ten of one user, then five a minute"),
        pytest.param([(0.0, 5), (1.0, 5), (13.0, 5), (14.0, 5)], 11, id="one more in twelve seconds"),
        pytest.param([(0.0, 5), (1.0, 5), (61.0, 1000)], 15, id="five more in a minute"),
    ],
)
def test_guesses_at_one_user(guesses: list[tuple[float, int]], expected: int) -> None:
    limiter = Limiter()
    assert sum(admitted(limiter, tries, at=at) for at, tries in guesses) == expected


def test_another_user_is_not_held_up_by_guesses_at_one() -> None:
    limiter = Limiter()
    for second in range(10):
        admitted(limiter, 100, user="ann", address=HERE, at=float(second))
    assert limiter.admit("bob", HERE, 10.0)


def test_guesses_at_many_users_from_one_source_are_held_up_too() -> None:
    limiter = Limiter()
    reached = sum(limiter.admit(f"user{n}", FAR, n / 10) for n in range(1000))
    assert reached == 10 + int(99.9 * 5 / 60)


def test_this_machine_is_exempt_from_the_bucket_of_sources_but_not_from_the_others() -> None:
    times = [n / 100 for n in range(1000)]
    limiter = Limiter()
    assert sum(limiter.admit(f"user{n}", HERE, at) for n, at in enumerate(times)) == 54
    limiter = Limiter()
    assert sum(limiter.admit("ann", HERE, at) for at in times) == 10


def test_at_most_five_a_second_reach_a_back_end_whoever_asks() -> None:
    limiter = Limiter()
    reached = [limiter.admit(f"user{n}", f"198.51.{n % 250}.{n // 250}", n / 1000) for n in range(10000)]
    assert sum(reached) <= 5 + 5 * 10
    for second in range(10):
        assert sum(reached[second * 1000 : (second + 1) * 1000]) <= 10


def test_right_passwords_cost_nothing() -> None:
    limiter = Limiter()
    for _ in range(1000):
        assert limiter.admit("ann", FAR, 0.0)
        limiter.succeeded("ann", FAR, 0.0)


def test_a_refusal_takes_nothing() -> None:
    limiter = Limiter()
    assert admitted(limiter, 1000, address=HERE) == 5
    assert admitted(limiter, 5, user="bob", address=HERE, at=1.0) == 5


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="IPv4"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 by its /64"),
        pytest.param("2001:db8:1:2::", "2001:db8:1:2::/64", id="the same /64"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="scope"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="mapped IPv4"),
        pytest.param("127.0.0.1", "", id="loopback"),
        pytest.param("127.255.0.9", "", id="all of 127"),
        pytest.param("::1", "", id="IPv6 loopback"),
        pytest.param("::ffff:127.0.0.1", "", id="mapped loopback"),
        pytest.param("no address", "no address", id="what is no address is a source of its own"),
    ],
)
def test_sources(address: str, expected: str) -> None:
    assert source_network(address) == expected
