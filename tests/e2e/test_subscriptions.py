"""Subscriptions as management tools make, list and remove them (pywbem, pywbemcli)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pywbem

from tests.e2e.managers import ALL_ALERTS, ESM, INTEROP, connected, subscribe
from tests.e2e.test_pywbemcli import Pywbemcli
from tests.running import RunningAgent

URL = "http://127.0.0.1:9"  # nobody is there, and nothing needs to be
OWNED = [pytest.param(True, id="owned"), pytest.param(False, id="permanent")]


@pytest.fixture
def manager(connection: pywbem.WBEMConnection) -> Iterator[tuple[pywbem.WBEMSubscriptionManager, str]]:
    """pywbem's manager of subscriptions; what it owns is gone afterwards."""
    with pywbem.WBEMSubscriptionManager("tests") as made:
        yield made, made.add_server(pywbem.WBEMServer(connection))


@pytest.mark.parametrize("owned", OWNED)
def test_subscription_manager(manager: tuple[pywbem.WBEMSubscriptionManager, str], owned: bool) -> None:
    made, server = manager
    names = {} if owned else {"name": "permanent"}
    ids = ({"filter_id": "f"}, {"destination_id": "d"}) if owned else (names, names)
    wanted = made.add_filter(server, ESM, ALL_ALERTS, "WQL", owned=owned, **ids[0])
    sink = made.add_destination(server, URL, owned=owned, **ids[1])
    (subscription,) = made.add_subscriptions(server, wanted.path, sink.path, owned=owned)
    listed = {
        "filters": made.get_owned_filters(server) if owned else made.get_all_filters(server),
        "destinations": made.get_owned_destinations(server) if owned else made.get_all_destinations(server),
        "subscriptions": (
            made.get_owned_subscriptions(server) if owned else made.get_all_subscriptions(server)
        ),
    }
    assert wanted.path in [each.path for each in listed["filters"]]
    assert sink.path in [each.path for each in listed["destinations"]]
    (found,) = [each for each in listed["subscriptions"] if each.path == subscription.path]
    assert (found["Filter"], found["Handler"]) == (subscription.path["Filter"], subscription.path["Handler"])
    assert (found["SubscriptionState"], found["OnFatalErrorPolicy"]) == (2, 2)
    with pytest.raises(pywbem.CIMError) as still_used:
        made.remove_filter(server, wanted.path)
    assert still_used.value.status_code == pywbem.CIM_ERR_FAILED
    made.remove_subscriptions(server, subscription.path)
    made.remove_destinations(server, sink.path)
    made.remove_filter(server, wanted.path)
    assert subscription.path not in [each.path for each in made.get_all_subscriptions(server)]
    assert wanted.path not in [each.path for each in made.get_all_filters(server)]


def test_a_second_manager_finds_what_the_first_owns(connection: pywbem.WBEMConnection) -> None:
    """The owner is in the name, so that a tool that comes back finds its own."""
    first = pywbem.WBEMSubscriptionManager("comes-back")
    server = first.add_server(pywbem.WBEMServer(connection))
    first.add_destination(server, URL, owned=True, destination_id="d")
    with pywbem.WBEMSubscriptionManager("comes-back") as second:
        again = second.add_server(pywbem.WBEMServer(connection))
        assert [each["Destination"] for each in second.get_owned_destinations(again)] == [URL]
    assert not [each for each in first.get_all_destinations(server) if "comes-back" in each["Name"]]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(
            {"Query": "SELECT * FROM ESM_Nothing"}, pywbem.CIM_ERR_INVALID_QUERY, id="no such class"
        ),
        pytest.param({"Query": "SELECT FROM"}, pywbem.CIM_ERR_INVALID_QUERY, id="no query"),
        pytest.param(
            {"QueryLanguage": "SQL"}, pywbem.CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, id="another language"
        ),
        pytest.param({"Query": ""}, pywbem.CIM_ERR_INVALID_PARAMETER, id="no text"),
    ],
)
def test_a_filter_that_cannot_be_served_is_refused_at_once(
    connection: pywbem.WBEMConnection, change: dict[str, str], status: int
) -> None:
    given = {
        "Name": "wrong",
        "Query": ALL_ALERTS,
        "QueryLanguage": "WQL",
        "SourceNamespaces": [ESM],
        **change,
    }
    with pytest.raises(pywbem.CIMError) as refused:
        connection.CreateInstance(pywbem.CIMInstance("CIM_IndicationFilter", given), namespace=INTEROP)
    assert refused.value.status_code == status


def test_the_same_subscription_twice_exists_already(agent: RunningAgent) -> None:
    """I12."""
    subscribe(agent, URL, "twice")
    with connected(agent, INTEROP) as connection:
        (path,) = [
            p for p in connection.EnumerateInstanceNames("CIM_IndicationSubscription") if "twice" in str(p)
        ]
        again = pywbem.CIMInstance("CIM_IndicationSubscription", dict(path.keybindings))
        with pytest.raises(pywbem.CIMError) as refused:
            connection.CreateInstance(again)
        assert refused.value.status_code == pywbem.CIM_ERR_ALREADY_EXISTS
        connection.DeleteInstance(path)
        for name in "Handler", "Filter":
            connection.DeleteInstance(path[name])


def test_the_filter_that_comes_with_the_agent_stays(agent: RunningAgent) -> None:
    """I13."""
    with connected(agent, INTEROP) as connection:
        (path,) = [
            p
            for p in connection.EnumerateInstanceNames("CIM_IndicationFilter")
            if p["Name"].startswith("ESM:")
        ]
        with pytest.raises(pywbem.CIMError):
            connection.DeleteInstance(path)
        assert connection.GetInstance(path)["Query"] == ALL_ALERTS


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("owned", ["--owned", "--permanent"])
def test_pywbemcli_subscription(agent: RunningAgent, tmp_path: Path, scheme: str, owned: str) -> None:
    cli = Pywbemcli(agent, scheme, tmp_path)

    destination, filter_ = (f"{kind}{owned}-{scheme}" for kind in ("d", "f"))

    def run(*command: str, form: str = "table") -> str:
        return cli.good("subscription", *command, form=form)

    run("add-destination", destination, "--listener-url", URL, owned)
    run(
        "add-filter",
        filter_,
        "--query",
        ALL_ALERTS,
        "--query-language",
        "WQL",
        "--source-namespaces",
        ESM,
        owned,
    )
    run("add-subscription", destination, filter_, owned)
    assert destination in run("list-destinations", "--names-only", form="mof")
    assert filter_ in run("list-filters", "--names-only", form="mof")
    shown = run("list-subscriptions", "--names-only", form="mof")
    assert destination in shown and filter_ in shown
    assert run("list", "--summary")
    run("remove-subscription", destination, filter_)
    run("remove-filter", filter_, owned)
    run("remove-destination", destination, owned)
    assert destination not in run("list-destinations", "--names-only", form="mof")
    assert filter_ not in run("list-filters", "--names-only", form="mof")
