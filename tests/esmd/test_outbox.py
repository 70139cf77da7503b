"""Queues of destinations: order, sequence numbers, what is kept, and what the history says of each alert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from openesm.cim.schema import Schema
from openesm.settings import Delivery
from subscription.model import FatalErrorPolicy, Filter, SubscriptionState
from tests.esmd.lab import ALL, NOBODY_REMOVES, Lab, lab

DISKS = Filter("disks", "SELECT * FROM ESM_AlertIndication WHERE SourceName = 'ESM STORAGE SERVICE'")
HOUR = 3600.0


@pytest.fixture
def agent(tmp_path: Path, schema: Schema) -> Iterator[Lab]:
    with lab(tmp_path, schema) as made:
        yield made


def test_each_destination_has_its_own_numbers_from_0(agent: Lab) -> None:
    """I04, I07."""
    ann, ben = agent.subscribe("ann"), agent.subscribe("ben")
    agent.publish("a", "b")
    assert agent.deliver(ann) == [("a", 0), ("b", 1)]
    agent.publish("c")
    assert agent.deliver(ann) == [("c", 2)]
    assert agent.deliver(ben) == [("a", 0), ("b", 1), ("c", 2)]


def test_a_number_once_given_stays(tmp_path: Path, schema: Schema) -> None:
    """I06: what was claimed and not confirmed comes again with its number, after a restart too."""
    with lab(tmp_path, schema) as before:
        ann = before.subscribe("ann")
        before.publish("a", "b", "c")
        claimed = [(row.number, row.sequence, row.context) for row in before.claim(ann, most=2)]
    with lab(tmp_path, schema) as after:
        assert [(row.number, row.sequence, row.context) for row in after.claim(ann)][:2] == claimed
        assert after.deliver(ann) == [("a", 0), ("b", 1), ("c", 2)]


def test_a_cursor_goes_on_where_the_last_claim_ended(agent: Lab) -> None:
    ann = agent.subscribe("ann")
    agent.publish("a", "b", "c")
    first = agent.claim(ann, most=2)
    assert [row.sequence for row in agent.claim(ann, after=first[-1].number)] == [2]
    assert agent.claim(ann, after=agent.claim(ann)[-1].number) == []


def test_unsubscribing_leaves_no_gap(agent: Lab) -> None:
    """What has its number still goes out; the rest does not, and its numbers go to others."""
    ann = agent.subscribe("ann")
    agent.publish("a", "b", "c")
    agent.claim(ann, most=1)
    agent.registry.unsubscribe((ALL.key, ("cim_listenerdestinationcimxml", "ann")))
    agent.subscribe("ann")
    agent.publish("d")
    assert agent.deliver(ann) == [("a", 0), ("d", 1)]
    assert [agent.counts(name) for name in "abcd"] == [(1, 0, 0), (0, 0, 1), (0, 0, 1), (1, 0, 0)]


def test_a_filter_selects(agent: Lab) -> None:
    ann = agent.subscribe("ann", DISKS)
    agent.publish("a")
    assert agent.deliver(ann) == []
    assert agent.counts("a") == (0, 0, 0)
    assert agent.told == [frozenset()]


def test_the_history_counts(agent: Lab) -> None:
    ann, ben = agent.subscribe("ann"), agent.subscribe("ben")
    agent.publish("a")
    assert agent.counts("a") == (0, 2, 0)
    agent.deliver(ann)
    assert agent.counts("a") == (1, 1, 0)
    agent.now += 72 * HOUR
    assert agent.outbox.give_up(ben).result() == 1
    assert agent.counts("a") == (1, 0, 1)


def test_what_a_destination_took_is_known_after_a_restart(tmp_path: Path, schema: Schema) -> None:
    with lab(tmp_path, schema) as before:
        ann = before.subscribe("ann")
        before.publish("a", "b")
        before.now = 5.0
        before.deliver(ann, most=1)
        before.outbox.note_failing(ann, 7.0).result()
    with lab(tmp_path, schema) as after:
        standing = after.standing(ann)
        assert (standing.sent, standing.last_success, standing.failing_since) == (1, 5.0, 7.0)
        after.deliver(ann)
        assert after.standing(ann).failing_since is None


def test_after_the_retention_the_rest_still_goes(agent: Lab) -> None:
    """F09: 72 hours of silence end what is older, and nothing else."""
    ann = agent.subscribe("ann")
    agent.publish("old")
    agent.now = 71 * HOUR
    agent.publish("young")
    agent.now = 72 * HOUR
    (old, young) = agent.claim(ann)
    assert (agent.outbox.is_over(old), agent.outbox.is_over(young)) == (True, False)
    assert agent.outbox.give_up(ann).result() == 1
    assert agent.deliver(ann) == [("young", 1)]
    assert agent.standing(ann).given_up == 1


def test_a_lapsed_subscription_finds_its_backlog(agent: Lab) -> None:
    """REP-5, FAQ-6: same destination and query; the backlog goes first."""
    ann = agent.subscribe("ann", duration_s=5)
    agent.publish("before")
    agent.now = 5.0
    assert [ended.destination_key[1] for ended in agent.registry.expire()] == ["ann"]
    agent.publish("while away")
    assert agent.deliver(ann) == [("before", 0)]
    agent.subscribe("ann", DISKS)
    assert agent.deliver(ann) == []
    agent.subscribe("ann")
    agent.publish("back")
    assert [(row.replayed, row.sequence) for row in agent.claim(ann)] == [(True, 1), (False, 2)]
    assert agent.deliver(ann) == [("while away", 1), ("back", 2)]
    assert [agent.counts(name) for name in ("before", "while away", "back")] == [(1, 0, 0)] * 3


def test_a_backlog_ends_with_the_retention(agent: Lab) -> None:
    agent.subscribe("ann", duration_s=5)
    agent.now = 5.0
    agent.registry.expire()
    agent.publish("a")
    agent.now += 72 * HOUR + 1
    agent.outbox.tidy().result()
    ann = agent.subscribe("ann")
    assert agent.deliver(ann) == []


@pytest.mark.parametrize(
    ("policy", "trigger_s", "failing_s", "removal", "state"),
    [
        pytest.param(2, None, 1e9, "ignore", SubscriptionState.ENABLED, id="nobody minds"),
        pytest.param(3, 60, 59, "ignore", SubscriptionState.ENABLED, id="not long enough"),
        pytest.param(3, 60, 60, "ignore", SubscriptionState.DISABLED, id="own policy disables"),
        pytest.param(4, 60, 60, "ignore", None, id="own policy removes"),
        pytest.param(3, None, 1e9, "ignore", SubscriptionState.ENABLED, id="policy without interval"),
        pytest.param(2, None, 86400, "remove", None, id="service removes"),
        pytest.param(2, None, 86399, "remove", SubscriptionState.ENABLED, id="service waits"),
        pytest.param(3, 60, 86400, "remove", SubscriptionState.DISABLED, id="own policy comes first"),
    ],
)
def test_a_destination_that_fails(
    tmp_path: Path,
    schema: Schema,
    policy: int,
    trigger_s: int | None,
    failing_s: float,
    removal: str,
    state: SubscriptionState | None,
) -> None:
    """I03, I10."""
    settings = replace(Delivery(), removal=removal, removal_days=1)
    with lab(tmp_path, schema, settings) as agent:
        ann = agent.subscribe("ann", on_fatal_error=FatalErrorPolicy(policy), failure_trigger_s=trigger_s)
        agent.registry.delivery_failed(ann, failing_s, agent.pace.service())
        assert [each.state for each in agent.registry.book.subscriptions.values()] == (
            [] if state is None else [state]
        )


def test_another_destination_is_left_alone(agent: Lab) -> None:
    ann = agent.subscribe("ann")
    agent.subscribe("ben", on_fatal_error=FatalErrorPolicy.REMOVE, failure_trigger_s=1)
    agent.registry.delivery_failed(ann, 1e9, NOBODY_REMOVES)
    assert len(agent.registry.book.subscriptions) == 2


def test_nothing_falls_between_the_end_and_its_discovery(agent: Lab) -> None:
    """A second may pass before the agent looks for what has ended."""
    ann = agent.subscribe("ann", duration_s=5)
    agent.now = 5.0
    agent.publish("a")
    assert agent.registry.has_ended
    agent.subscribe("ann")
    agent.publish("b")
    assert agent.deliver(ann) == [("a", 0), ("b", 1)]
    assert [ended.destination_key[1] for ended in agent.registry.expire()] == ["ann"]
    assert agent.registry.expire() == []


def test_no_backlog_beside_a_living_subscription(agent: Lab) -> None:
    """Of two with the same URL and query one ends: the other has it all, and nothing is sent twice."""
    ann = agent.subscribe("ann", duration_s=5)
    agent.subscribe("ann2", url="http://ann.example.com/")
    agent.now = 5.0
    agent.registry.expire()
    agent.publish("a")
    agent.subscribe("ann")
    assert agent.deliver(ann) == []
