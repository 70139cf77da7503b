"""The rules of filters, destinations and subscriptions: what is done with a book -> what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from openesm.cim.errors import CIMError, Status
from subscription.book import MAX_DESTINATIONS, MAX_SUBSCRIPTIONS, Book
from subscription.model import Destination, Filter, Persistence, RepeatPolicy, Subscription, SubscriptionState

FILTER = Filter("F", "SELECT * FROM ESM_AlertIndication")
STATIC = replace(FILTER, name="S", static=True)
GROUPED = replace(FILTER, name="G", individual=False)
SINK = Destination("D", "https://manager.example.com")
PASSING = Destination("P", "https://passing.example.com", Persistence.TRANSIENT)
BOND = Subscription(FILTER.key, SINK.key, 0.0)
BOOK = (
    Book()
    .with_filter(FILTER)
    .with_filter(STATIC)
    .with_filter(GROUPED)
    .with_destination(SINK)
    .with_destination(PASSING)
    .with_subscription(BOND)
)
DELAY = replace(BOND, repeat=RepeatPolicy.DELAY, repeat_count=2, repeat_interval_s=9)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(lambda b: b.with_filter(FILTER), Status.ALREADY_EXISTS, id="filter twice"),
        pytest.param(lambda b: b.with_destination(SINK), Status.ALREADY_EXISTS, id="destination twice"),
        pytest.param(lambda b: b.with_subscription(BOND), Status.ALREADY_EXISTS, id="subscription twice"),
        pytest.param(lambda b: b.without_filter(FILTER.key), Status.FAILED, id="filter in use"),
        pytest.param(lambda b: b.without_filter(STATIC.key), Status.FAILED, id="static filter"),
        pytest.param(lambda b: b.without_destination(SINK.key), Status.FAILED, id="destination in use"),
        pytest.param(
            lambda b: b.with_subscription(replace(BOND, filter_key=("x", "F"))),
            Status.INVALID_PARAMETER,
            id="no such filter",
        ),
        pytest.param(
            lambda b: b.with_subscription(replace(BOND, destination_key=("x", "D"))),
            Status.INVALID_PARAMETER,
            id="no such destination",
        ),
        pytest.param(
            lambda b: b.with_subscription(replace(BOND, filter_key=GROUPED.key)),
            Status.FAILED,
            id="filter of a collection only",
        ),
        pytest.param(
            lambda b: b.changed(replace(BOND, duration_s=0)), Status.INVALID_PARAMETER, id="no duration"
        ),
        pytest.param(
            lambda b: b.changed(replace(BOND, failure_trigger_s=-1)),
            Status.INVALID_PARAMETER,
            id="negative trigger",
        ),
        pytest.param(lambda b: b.changed(DELAY), Status.INVALID_PARAMETER, id="delay without a gap"),
    ],
)
def test_refused(change: Callable[[Book], Book], status: Status) -> None:
    with pytest.raises(CIMError) as refused:
        change(BOOK)
    assert refused.value.status is status


def test_transient_destination_takes_its_subscriptions() -> None:
    """I12."""
    more = BOOK.with_subscription(replace(BOND, destination_key=PASSING.key))
    after = more.without_destination(PASSING.key)
    assert list(after.subscriptions) == [BOND.key]
    assert list(after.destinations) == [SINK.key]


def test_delay_with_all_it_needs() -> None:
    whole = replace(DELAY, repeat_gap_s=5)
    assert BOOK.changed(whole).subscriptions[BOND.key] == whole


def test_all_gone_in_order() -> None:
    after = BOOK.without_subscription(BOND.key).without_destination(SINK.key).without_filter(FILTER.key)
    assert FILTER.key not in after.filters
    assert not after.subscriptions


@pytest.mark.parametrize(
    ("state", "expires_at", "now", "active", "shown"),
    [
        pytest.param(SubscriptionState.ENABLED, None, 1e12, 1, 1, id="for ever"),
        pytest.param(SubscriptionState.ENABLED, 10.0, 9.9, 1, 1, id="in time"),
        pytest.param(SubscriptionState.ENABLED, 10.0, 10.0, 0, 0, id="over"),
        pytest.param(SubscriptionState.DEGRADED, None, 0.0, 1, 1, id="degraded"),
        pytest.param(SubscriptionState.DISABLED, None, 0.0, 0, 1, id="disabled"),
    ],
)
def test_who_is_told(
    state: SubscriptionState, expires_at: float | None, now: float, active: int, shown: int
) -> None:
    book = BOOK.changed(replace(BOND, state=state, expires_at=expires_at))
    assert len(list(book.active(now))) == active
    assert len(list(book.active_or_disabled(now))) == shown
    assert len(book.expired(now)) == 1 - shown


def test_most() -> None:
    sinks = {d.key: d for d in (replace(SINK, name=f"{n}") for n in range(MAX_DESTINATIONS))}
    bonds = dict.fromkeys(range(MAX_SUBSCRIPTIONS), BOND)
    with pytest.raises(CIMError) as refused:
        Book(destinations=sinks).with_destination(SINK)
    assert refused.value.status is Status.SERVER_LIMITS_EXCEEDED
    full = replace(BOOK, subscriptions={((str(n), ""), SINK.key): bond for n, bond in bonds.items()})
    with pytest.raises(CIMError) as refused:
        full.with_subscription(BOND)
    assert refused.value.status is Status.SERVER_LIMITS_EXCEEDED
