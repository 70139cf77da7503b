"""pywbem's subscription manager, plain and over TLS: what it makes is found, told, and taken away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pywbem

from esmctl.agent import ask
from tests.e2e.managers import EsmctlManager, Manager
from tests.esmctl.listening import listening
from tests.running import PASSWORD, RunningAgent, running_agent

QUERY, ESM = "SELECT * FROM ESM_AlertIndication", "root/ESMPRO/AS"
SUBSCRIPTION = "CIM_IndicationSubscription"
FAILED, INVALID_PARAMETER, NOT_FOUND, ALREADY_EXISTS = 1, 4, 6, 11


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("agent")) as running:
        yield running
        assert "Traceback" not in running.log, running.log


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    with listening(tmp_path_factory.mktemp("listener"), "--json", "--http") as listener:
        yield EsmctlManager(listener.url, "", listener)


@dataclass
class Desk:
    """A manager's desk: its subscription manager, and the agent as one of its servers."""

    manager: pywbem.WBEMSubscriptionManager
    server: str
    connection: pywbem.WBEMConnection

    def destination(self, url: str, **how: Any) -> pywbem.CIMInstance:
        return self.manager.add_destination(self.server, url, **how)

    def filter(self, query: str = QUERY, **how: Any) -> pywbem.CIMInstance:
        return self.manager.add_filter(self.server, [ESM], query, **how)

    def subscribe(self, of: Any, to: Any, **how: Any) -> pywbem.CIMInstance:
        (made,) = self.manager.add_subscriptions(self.server, of.path, to.path, **how)
        return made

    def owned(self) -> tuple[int, int, int]:
        """Counts of filters, destinations and subscriptions."""
        found = (
            self.manager.get_owned_filters(self.server),
            self.manager.get_owned_destinations(self.server),
            self.manager.get_owned_subscriptions(self.server),
        )
        return len(found[0]), len(found[1]), len(found[2])

    def names(self) -> set[str]:
        """Of all filters and destinations that the agent has."""
        every = self.manager.get_all_filters(self.server) + self.manager.get_all_destinations(self.server)
        return {str(each["Name"]) for each in every}

    def links(self) -> list[pywbem.CIMInstanceName]:
        return [each.path for each in self.manager.get_all_subscriptions(self.server)]


def sit_down(agent: RunningAgent, scheme: str, name: str = "desk") -> Desk:
    """A manager that has just started: what it owns, it finds at the agent."""
    connection = pywbem.WBEMConnection(
        agent.http if scheme == "http" else agent.https,
        ("admin", PASSWORD),
        ca_certs=str(agent.certificate),
        timeout=30,
    )
    manager = pywbem.WBEMSubscriptionManager(name)
    return Desk(manager, manager.add_server(pywbem.WBEMServer(connection)), connection)


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(served: RunningAgent, scheme: str) -> Iterator[Desk]:
    """Begins and ends with nothing but what comes with the agent."""
    sitting = sit_down(served, scheme)
    before = sitting.names()
    assert before == {"ESM:AlertIndications"}
    yield sitting
    sitting.manager.remove_all_servers()
    assert sit_down(served, scheme).names() == before
    sitting.connection.close()


def refusal(ask_for: Callable[[], Any]) -> int:
    with pytest.raises(pywbem.CIMError) as refused:
        ask_for()
    return int(refused.value.status_code)


def told(agent: RunningAgent, receiver: Manager) -> int:
    """How many copies of a test alert arrive, and nothing that was left over from before."""
    sent = ask(agent.local_socket, "alert-test", severity="information")
    arrived = [receiver.next()["AlertUUID"] for _ in sent["selected"]]
    assert arrived == [sent["uuid"]] * len(arrived)
    return len(arrived)


def test_owned(served: RunningAgent, desk: Desk, scheme: str, receiver: Manager) -> None:
    sink, wanted = desk.destination(receiver.url, destination_id="d"), desk.filter(filter_id="f")
    assert (sink["Name"], wanted["Name"]) == ("pywbemdestination:desk:d", "pywbemfilter:desk:f")
    assert (sink["PersistenceType"], sink["Destination"]) == (3, receiver.url)
    assert (wanted["Query"], wanted["QueryLanguage"], wanted["SourceNamespaces"]) == (QUERY, "WQL", [ESM])
    link = desk.subscribe(wanted, sink)
    assert (link["Filter"], link["Handler"]) == (link.path["Filter"], link.path["Handler"])
    assert link["SubscriptionState"] == 2
    assert desk.owned() == (1, 1, 1)
    assert told(served, receiver) == 1
    again = sit_down(served, scheme)
    assert again.owned() == (1, 1, 1)
    assert sit_down(served, scheme, "other").owned() == (0, 0, 0)
    again.manager.remove_server(again.server)
    assert desk.links() == []
    assert told(served, receiver) == 0
    desk.manager = again.manager = pywbem.WBEMSubscriptionManager("desk")


def test_permanent(served: RunningAgent, desk: Desk, scheme: str, receiver: Manager) -> None:
    """What is permanent outlives the manager, and goes only one by one."""
    sink = desk.destination(receiver.url, owned=False, name="console-1")
    wanted = desk.filter(f"{QUERY} WHERE IsTest = TRUE", owned=False, name="tests")
    link = desk.subscribe(wanted, sink, owned=False)
    assert sink["PersistenceType"] == 2
    assert desk.owned() == (0, 0, 0)
    desk.manager.remove_all_servers()
    later = sit_down(served, scheme)
    assert later.names() == {"ESM:AlertIndications", "console-1", "tests"}
    assert later.links() == [link.path]
    assert told(served, receiver) == 1
    later.manager.remove_subscriptions(later.server, link.path)
    later.manager.remove_filter(later.server, wanted.path)
    later.manager.remove_destinations(later.server, sink.path)


def test_to_the_filter_of_the_agent(served: RunningAgent, desk: Desk, receiver: Manager) -> None:
    (static,) = desk.manager.get_all_filters(desk.server)
    link = desk.subscribe(static, desk.destination(receiver.url, destination_id="d"))
    assert link.path["Filter"]["Name"] == "ESM:AlertIndications"
    assert told(served, receiver) == 1


def test_added_again(desk: Desk, receiver: Manager) -> None:
    """What is there already is refused, by pywbem from what it read and by the agent itself."""
    first, wanted = desk.destination(receiver.url, destination_id="d"), desk.filter(filter_id="f")
    assert refusal(lambda: desk.destination(receiver.url, destination_id="d")) == ALREADY_EXISTS
    assert refusal(lambda: desk.filter(filter_id="f")) == ALREADY_EXISTS
    link = desk.subscribe(wanted, first)
    assert desk.subscribe(wanted, first).path == link.path
    assert desk.owned() == (1, 1, 1)
    fixed = desk.filter(owned=False, name="fixed")
    for there in first, wanted, fixed:
        assert refusal(partial(desk.connection.CreateInstance, there, namespace="interop")) == ALREADY_EXISTS
    same = pywbem.CIMInstance(SUBSCRIPTION, {"Filter": wanted.path, "Handler": first.path})
    assert refusal(lambda: desk.connection.CreateInstance(same, namespace="interop")) == ALREADY_EXISTS
    desk.manager.remove_filter(desk.server, fixed.path)


def test_removed_in_the_wrong_order(desk: Desk, receiver: Manager) -> None:
    """I12: what a subscription needs stays, both by pywbem's own check and by the agent's."""
    sink = desk.destination(receiver.url, owned=False, name="console-2")
    wanted = desk.filter(owned=False, name="needed")
    link = desk.subscribe(wanted, sink, owned=False)
    for path in wanted.path, sink.path:
        assert refusal(partial(desk.connection.DeleteInstance, path)) == FAILED
    assert refusal(lambda: desk.manager.remove_filter(desk.server, wanted.path)) == FAILED
    assert refusal(lambda: desk.manager.remove_destinations(desk.server, sink.path)) == FAILED
    assert desk.links() == [link.path]
    desk.manager.remove_subscriptions(desk.server, link.path)
    desk.manager.remove_filter(desk.server, wanted.path)
    desk.manager.remove_destinations(desk.server, sink.path)
    for path in link.path, wanted.path, sink.path:
        assert refusal(partial(desk.connection.DeleteInstance, path)) == NOT_FOUND
    gone = pywbem.CIMInstance(SUBSCRIPTION, {"Filter": wanted.path, "Handler": sink.path})
    assert refusal(lambda: desk.connection.CreateInstance(gone, namespace="interop")) == INVALID_PARAMETER


def test_a_destination_that_is_transient(desk: Desk, receiver: Manager) -> None:
    """I12: it may vanish with its listener, and takes its subscriptions along."""
    sink, wanted = desk.destination(receiver.url, destination_id="d"), desk.filter(filter_id="f")
    desk.subscribe(wanted, sink)
    desk.connection.DeleteInstance(sink.path)
    assert desk.links() == []
    desk.connection.DeleteInstance(wanted.path)
    desk.manager = pywbem.WBEMSubscriptionManager("desk")


@pytest.mark.parametrize(
    ("how", "status"),
    [
        pytest.param({"query_language": "SQL"}, 14, id="language"),
        pytest.param({"query": "SELECT FROM"}, 15, id="no query"),
        pytest.param({"query": "SELECT Nope FROM ESM_AlertIndication"}, 15, id="no such property"),
    ],
)
def test_filters_refused(desk: Desk, how: dict[str, str], status: int) -> None:
    assert refusal(lambda: desk.filter(filter_id="x", **how)) == status


def test_subscriptions_outlive_the_agent(tmp_path: Path) -> None:
    """I15."""
    for start in range(2):
        with running_agent(tmp_path) as agent:
            desk = sit_down(agent, "https")
            if start == 0:
                desk.subscribe(
                    desk.filter(filter_id="f"), desk.destination("http://127.0.0.1:9", destination_id="d")
                )
            assert desk.owned() == (1, 1, 1)
            desk.connection.close()
