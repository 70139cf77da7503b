"""Events of WS-Management at a sink over HTTPS: modes, acknowledgement, what ends a subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from esmctl.agent import ask
from esmd.wbem.wsman.events import ACKS, EVENT, EVENTS
from esmd.wbem.wsman.names import (
    CQL_DIALECT,
    GET_STATUS,
    HTTPS_BASIC,
    RENEW,
    SELECTOR_DIALECT,
    UNSUBSCRIBE,
)
from subscription.model import SINK_CLASS, DeliveryMode
from tests.e2e.eventing import (
    ALERTS,
    MODE_URIS,
    PROPERTIES,
    WQL,
    about,
    alert,
    post,
    settings,
    subscribed,
    subscription,
)
from tests.e2e.managers import connected
from tests.e2e.sink import Sink, sinking
from tests.e2e.test_cimsub import cimsub
from tests.esmd.wbem.wsman.asking import DMTF
from tests.faults.rig import GoneError, kill
from tests.running import RunningAgent, eventually, running_agent

PUSHED = (DeliveryMode.PUSH, DeliveryMode.PUSH_WITH_ACK, DeliveryMode.EVENTS)
RETRY = ("wsman:InvalidParameter", "ConnectionRetry")


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with sinking(tmp_path) as sink:
        yield sink


@pytest.fixture
def agent(tmp_path: Path, sink: Sink) -> Iterator[RunningAgent]:
    with running_agent(tmp_path / "agent", settings=settings(sink)) as agent:
        yield agent


@pytest.mark.parametrize("mode", PUSHED, ids=lambda mode: mode.name)
@pytest.mark.parametrize("ack", ACKS)
def test_the_modes(agent: RunningAgent, sink: Sink, mode: DeliveryMode, ack: str) -> None:
    sink.ack = "" if mode is DeliveryMode.PUSH else ack
    body = subscription(f"{sink.url}/a", MODE_URIS[mode], properties=PROPERTIES)
    identifier = subscribed(post(agent, body))
    uuids = [alert(agent) for _ in range(3)]
    events = sink.wait_for("/a", 3)
    assert [event.value("AlertUUID") for event in events] == uuids
    assert [int(event.value("SequenceNumber")) for event in events] == [0, 1, 2]
    first = events[0]
    assert first.header("a:Action") == (EVENTS if mode is DeliveryMode.EVENTS else EVENT)
    assert first.header("a:To") == f"{sink.url}/a"
    assert first.header("{urn:test}Tag") == "a & b"
    assert (first.root.find(".//{*}AckRequested") is None) == (mode is DeliveryMode.PUSH)
    assert first.instance.tag == f"{{{ALERTS}}}ESM_AlertIndication"
    assert len({event.header("a:MessageID") for event in events}) == 3
    assert post(agent, about(UNSUBSCRIBE, identifier)).status == 200
    alert(agent)
    eventually(lambda: not ask(agent.local_socket, "subscription-list")["destinations"], "the sink is gone")
    assert len(sink.at("/a")) == 3


@pytest.mark.parametrize("mode", [DeliveryMode.PUSH_WITH_ACK, DeliveryMode.EVENTS])
def test_without_acknowledgement_it_comes_again(agent: RunningAgent, sink: Sink, mode: DeliveryMode) -> None:
    sink.ack = ""
    subscribed(post(agent, subscription(f"{sink.url}/a", MODE_URIS[mode])))
    uuids = [alert(agent), alert(agent)]
    first, again = sink.wait_for("/a", 2)[:2]
    assert first.value("AlertUUID") == again.value("AlertUUID") == uuids[0]
    assert first.header("a:MessageID") == again.header("a:MessageID")
    sink.ack = ACKS[0]
    eventually(lambda: sink.at("/a")[-1].value("AlertUUID") == uuids[1], "the next came", 20)


def test_nothing_is_lost_over_kill_and_restart(tmp_path: Path, sink: Sink) -> None:
    folder, uuids = tmp_path / "agent", []
    sink.status = 503
    with suppress(GoneError), running_agent(folder, settings=settings(sink)) as agent:
        for name, mode in zip("abc", PUSHED, strict=True):
            subscribed(post(agent, subscription(f"{sink.url}/{name}", MODE_URIS[mode])))
        uuids += [alert(agent) for _ in range(5)]
        sink.wait_for("/c", 1)
        kill(agent)
    with running_agent(folder, settings=settings(sink)) as agent:
        uuids += [alert(agent) for _ in range(5)]
        sink.events.clear()
        sink.status = 200
        for name in "abc":
            sink.wait_for(f"/{name}", 10)
            taken = list(dict.fromkeys(event.value("AlertUUID") for event in sink.at(f"/{name}")))
            assert taken == uuids


def test_renew_status_and_expiry(agent: RunningAgent, sink: Sink) -> None:
    identifier = subscribed(post(agent, subscription(f"{sink.url}/a")))
    renewed = post(agent, about(RENEW, identifier, "<v:Expires>PT1H</v:Expires>"))
    assert renewed.value("s:Body/v:RenewResponse/v:Expires") == "PT3600S"
    left = post(agent, about(GET_STATUS, identifier)).value("s:Body/v:GetStatusResponse/v:Expires")
    assert 3590 <= int(left[2:-1]) <= 3600
    post(agent, about(RENEW, identifier, "<v:Expires>PT1S</v:Expires>"))
    eventually(lambda: not ask(agent.local_socket, "subscription-list")["destinations"], "it has expired")
    for action, fault in (
        (RENEW, "wse:UnableToRenew"),
        (GET_STATUS, "wse:InvalidMessage"),
        (UNSUBSCRIBE, "wse:InvalidMessage"),
    ):
        answer = post(agent, about(action, identifier))
        assert (answer.status, answer.fault[0]) == (400, fault)
    with connected(agent) as connection:
        names = [f["Name"] for f in connection.EnumerateInstances("CIM_IndicationFilter", "root/interop")]
    assert names == ["ESM:AlertIndications"]


def test_both_faces_show_it(agent: RunningAgent, sink: Sink) -> None:
    identifier = subscribed(post(agent, subscription(f"{sink.url}/a", MODE_URIS[DeliveryMode.EVENTS])))
    (shown,) = ask(agent.local_socket, "subscription-list")["subscriptions"]
    assert (shown["destination"], shown["url"], shown["state"]) == (identifier, f"{sink.url}/a", "enabled")
    with connected(agent) as connection:
        (destination,) = connection.EnumerateInstances(SINK_CLASS, "root/interop")
        (found,) = connection.EnumerateInstances("CIM_IndicationSubscription", "root/interop")
        assert (destination["Name"], destination["DeliveryMode"], destination["Protocol"]) == (
            identifier,
            4,
            4,
        )
        assert found["Handler"].keybindings == destination.path.keybindings
        assert 590 <= found["SubscriptionTimeRemaining"] <= 600
        assert identifier in cimsub(agent, "-ls")[1]
        connection.DeleteInstance(found.path)
    assert post(agent, about(GET_STATUS, identifier)).fault[0] == "wse:InvalidMessage"


@pytest.mark.parametrize(
    ("wanted", "uri"),
    [
        ("", ALERTS),
        (WQL, f"{DMTF}/*"),
        (f'<v:Filter Dialect="{CQL_DIALECT}">SELECT * FROM ESM_AlertIndication</v:Filter>', ALERTS),
    ],
)
def test_filters(agent: RunningAgent, sink: Sink, wanted: str, uri: str) -> None:
    subscribed(post(agent, subscription(f"{sink.url}/a", wanted=wanted, uri=uri)))
    uuid = alert(agent)
    assert sink.wait_for("/a", 1)[0].value("AlertUUID") == uuid


def test_a_filter_that_exists(agent: RunningAgent, sink: Sink) -> None:
    existing: dict[str, Any] = {
        "uri": f"{DMTF}/CIM_IndicationFilter",
        "selectors": {"Name": "ESM:AlertIndications"},
    }
    body = subscription(f"{sink.url}/a", wanted="", **existing)
    identifier = subscribed(post(agent, body))
    uuid = alert(agent)
    assert sink.wait_for("/a", 1)[0].value("AlertUUID") == uuid
    (shown,) = ask(agent.local_socket, "subscription-list")["subscriptions"]
    assert shown["filter"] == "ESM:AlertIndications"
    assert post(agent, about(UNSUBSCRIBE, identifier)).status == 200
    refused = post(agent, subscription(f"{sink.url}/a", **existing))
    assert refused.fault[0] == "wsman:InvalidParameter"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"mode": "urn:other"}, ("wse:DeliveryModeRequestedUnavailable", "")),
        ({"to": ""}, ("wse:InvalidMessage", "")),
        ({"to": "ftp://localhost/"}, ("wse:InvalidMessage", "")),
        ({"expires": "<v:Expires>soon</v:Expires>"}, ("wse:InvalidExpirationTime", "")),
        ({"expires": "<v:Expires>-PT1S</v:Expires>"}, ("wse:InvalidExpirationTime", "")),
        ({"expires": "<v:Expires>2020-01-01T00:00:00Z</v:Expires>"}, ("wse:InvalidExpirationTime", "")),
        ({"wanted": WQL + WQL}, ("wse:InvalidMessage", "")),
        ({"wanted": "<w:Filter>//x</w:Filter>"}, ("wse:FilteringRequestedUnavailable", "")),
        (
            {"wanted": f'<w:Filter Dialect="{SELECTOR_DIALECT}"/>'},
            ("wse:FilteringRequestedUnavailable", ""),
        ),
        ({"wanted": WQL.replace("WHERE", "WHEN")}, ("wsen:CannotProcessFilter", "")),
        ({"uri": f"{DMTF}/CIM_AlertIndication"}, ("wse:EventSourceUnableToProcess", "")),
        ({"wanted": "", "uri": f"{DMTF}/*"}, ("wsman:UnsupportedFeature", "FilteringRequired")),
        (
            {"wanted": "", "uri": f"{DMTF}/ESM_Processor"},
            ("wsa:DestinationUnreachable", "InvalidResourceURI"),
        ),
        ({"delivery": "<w:Heartbeats>often</w:Heartbeats>"}, ("wsman:InvalidParameter", "Heartbeats")),
        ({"delivery": '<w:ConnectionRetry Total="x">PT1S</w:ConnectionRetry>'}, RETRY),
        ({"delivery": '<w:ConnectionRetry Total="2">PT0S</w:ConnectionRetry>'}, RETRY),
        ({"first": "<v:EndTo/>"}, ("wse:InvalidMessage", "")),
        ({"wanted": WQL + "<w:Bookmark>17</w:Bookmark>"}, ("wsman:InvalidBookmark", "InvalidFormat")),
        ({"wanted": f"{WQL}<w:Bookmark>{uuid4()}</w:Bookmark>"}, ("wsman:InvalidBookmark", "Expired")),
        ({"delivery": f'<w:Auth Profile="{HTTPS_BASIC}"/>'}, ("wse:InvalidMessage", "")),
        ({"delivery": '<w:Auth Profile="urn:other"/>'}, ("wsman:UnsupportedFeature", "AuthorizationMode")),
        (
            {"to": "http://localhost:1/a", "delivery": f'<w:Auth Profile="{HTTPS_BASIC}"/>'},
            ("wsman:UnsupportedFeature", "AuthorizationMode"),
        ),
    ],
)
def test_what_is_refused(agent: RunningAgent, changed: dict[str, str], fault: tuple[str, str]) -> None:
    answer = post(agent, subscription(**{"to": "https://localhost:1/a", **changed}))
    assert answer.fault == fault, answer.text
    assert answer.status == (500 if "Unable" in fault[0] else 400)
    assert not ask(agent.local_socket, "subscription-list")["destinations"]


@pytest.mark.parametrize("user", ["viewer", "operator"])
def test_only_administrators_subscribe(agent: RunningAgent, sink: Sink, user: str) -> None:
    identifier = subscribed(post(agent, subscription(f"{sink.url}/a")))
    for body in (
        subscription(f"{sink.url}/b"),
        about(RENEW, identifier, "<v:Expires>PT1H</v:Expires>"),
        about(UNSUBSCRIBE, identifier),
    ):
        assert post(agent, body, user).fault[0] == "wsman:AccessDenied"
    assert re.search(f" access-denied .*{user}", agent.audit)
    assert post(agent, about(GET_STATUS, identifier), user).status == 200, "looking is for everybody"
