"""What a sink of WS-Management may ask for besides its events: signs of life, bookmarks, a last word."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from esmctl.agent import ask
from esmd.wbem.wsman.events import EVENTS, HEARTBEAT, SUBSCRIPTION_END
from esmd.wbem.wsman.names import EVENTING, HTTPS_BASIC, RENEW, TRUST, UNSUBSCRIBE
from esmd.wbem.wsman.subscribing import EARLIEST
from subscription.model import SINK_CLASS, DeliveryMode
from tests.e2e.eventing import (
    MODE_URIS,
    WQL,
    about,
    agent_and_sink,
    alert,
    post,
    settings,
    subscribed,
    subscription,
)
from tests.e2e.managers import connected
from tests.e2e.sink import Event, Sink, sinking
from tests.running import RunningAgent, eventually, running_agent

PUSH = MODE_URIS[DeliveryMode.PUSH]
BEATS = "<w:Heartbeats>PT1S</w:Heartbeats>"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[RunningAgent, Sink]]:
    with agent_and_sink(tmp_path) as both:
        yield both


def end_to(sink: Sink) -> str:
    parameters = '<a:ReferenceParameters><n:Tag xmlns:n="urn:test">last</n:Tag></a:ReferenceParameters>'
    return f"<v:EndTo><a:Address>{sink.url}/end</a:Address>{parameters}</v:EndTo>"


def names(agent: RunningAgent) -> list[str]:
    return [each["name"] for each in ask(agent.local_socket, "subscription-list")["destinations"]]


# -- heartbeats


@pytest.mark.parametrize("mode", [DeliveryMode.PUSH_WITH_ACK, DeliveryMode.EVENTS])
def test_heartbeats_and_events(both: tuple[RunningAgent, Sink], mode: DeliveryMode) -> None:
    agent, sink = both
    subscribed(post(agent, subscription(f"{sink.url}/a", MODE_URIS[mode], delivery=BEATS)))
    for beat in sink.wait_for("/a", 2):
        event = beat.root.find(".//{*}Event")
        inner = None if event is None else event.get("Action")
        assert (beat.action, inner) == (
            (EVENTS, HEARTBEAT) if mode is DeliveryMode.EVENTS else (HEARTBEAT, None)
        )
    uuid = alert(agent)
    eventually(lambda: uuid in values(sink.at("/a")), "the event came between them")


def values(events: list[Event]) -> list[str]:
    found = (event.root.findtext(".//{*}AlertUUID") for event in events)
    return [uuid for uuid in found if uuid]


def test_a_sink_that_is_away_is_seen_by_its_heartbeats(both: tuple[RunningAgent, Sink]) -> None:
    agent, sink = both
    sink.status = 503
    subscribed(post(agent, subscription(f"{sink.url}/a", delivery=BEATS)))

    def failing() -> object:
        (shown,) = ask(agent.local_socket, "subscription-list")["subscriptions"]
        return shown["failing_s"]

    eventually(lambda: failing() is not None, "it is told that the sink takes nothing")
    sink.status = 200
    eventually(lambda: failing() is None, "and that it is back")


# -- bookmarks


def test_a_bookmark_brings_what_was_missed(both: tuple[RunningAgent, Sink]) -> None:
    agent, sink = both
    wanted = f"{WQL}<w:SendBookmarks/>"
    identifier = subscribed(post(agent, subscription(f"{sink.url}/a", wanted=wanted)))
    uuids = [alert(agent)]
    mark = sink.wait_for("/a", 1)[0].header("w:Bookmark")
    assert post(agent, about(UNSUBSCRIBE, identifier)).status == 200
    uuids += [alert(agent) for _ in range(3)]
    for target, bookmark, expected in (("/b", mark, uuids[1:]), ("/c", EARLIEST, uuids)):
        wanted = f"{WQL}<w:Bookmark>{bookmark}</w:Bookmark>"
        subscribed(post(agent, subscription(f"{sink.url}{target}", wanted=wanted)))
        events = sink.wait_for(target, len(expected))
        assert values(events) == expected
        assert {event.value("Replayed") for event in events} == {"true"}
    last = alert(agent)
    eventually(lambda: values(sink.at("/b"))[-1] == last, "and what comes then")
    assert len(sink.at("/b")) == 4


# -- credentials


def tokens(url: str, user: str = "console", password: str = "a < b & ü") -> str:
    escaped = password.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<t:IssuedTokens xmlns:t="{TRUST}" s:mustUnderstand="true"><t:RequestSecurityTokenResponse>'
        f'<t:TokenType>urn:token</t:TokenType><t:RequestedSecurityToken><u:UsernameToken xmlns:u="urn:u">'
        f"<u:Username>{user}</u:Username><u:Password>{escaped}</u:Password></u:UsernameToken>"
        f'</t:RequestedSecurityToken><p:AppliesTo xmlns:p="urn:p"><a:EndpointReference><a:Address>{url}'
        "</a:Address></a:EndpointReference></p:AppliesTo></t:RequestSecurityTokenResponse></t:IssuedTokens>"
    )


def test_credentials_for_the_sink(both: tuple[RunningAgent, Sink]) -> None:
    agent, sink = both
    url, auth = f"{sink.url}/a", f'<w:Auth Profile="{HTTPS_BASIC}"/>'
    refused = post(agent, subscription(url, delivery=auth, more=tokens(f"{sink.url}/b")))
    assert refused.fault[0] == "wse:InvalidMessage", "they are for another address"
    identifier = subscribed(
        post(agent, subscription(url, delivery=auth, more=tokens(url), first=end_to(sink)))
    )
    alert(agent)
    expected = "Basic " + base64.b64encode("console:a < b & ü".encode()).decode()
    assert sink.wait_for("/a", 1)[0].authorization == expected
    with connected(agent) as connection:
        (shown,) = connection.EnumerateInstances(SINK_CLASS, "root/interop")
        assert (shown["DeliveryAuth"], shown["DestinationEndTo"]) == (HTTPS_BASIC, f"{sink.url}/end")
        assert "a < b" not in shown.tomof()
        connection.DeleteInstance(shown.path)
    assert sink.wait_for("/end", 1)[0].authorization == expected
    assert identifier not in names(agent)
    everything = agent.log + agent.audit + str(ask(agent.local_socket, "subscription-list"))
    assert "a < b" not in everything


# -- the end


def check_end(event: Event, identifier: str, status: str) -> None:
    assert event.action == SUBSCRIPTION_END
    assert event.header("{urn:test}Tag") == "last"
    (end,) = event.root.iterfind("{*}Body/*")
    assert end.findtext("{*}SubscriptionManager/{*}ReferenceParameters/{*}Identifier") == identifier
    assert end.findtext("{*}SubscriptionManager/{*}Address")
    assert end.findtext("{*}Status") == f"{EVENTING}/{status}"
    assert end.findtext("{*}Reason")


def remove_by_cim(agent: RunningAgent, _identifier: str) -> None:
    with connected(agent) as connection:
        (found,) = connection.EnumerateInstances("CIM_IndicationSubscription", "root/interop")
        connection.DeleteInstance(found.path)


def remove_by_destination(agent: RunningAgent, _identifier: str) -> None:
    with connected(agent) as connection:
        (found,) = connection.EnumerateInstances(SINK_CLASS, "root/interop")
        connection.DeleteInstance(found.path)


def remove_by_command(agent: RunningAgent, identifier: str) -> None:
    ask(agent.local_socket, "subscription-remove", filter=identifier, destination=identifier)


@pytest.mark.parametrize("remove", [remove_by_cim, remove_by_destination, remove_by_command])
def test_an_administrator_removes_it(both: tuple[RunningAgent, Sink], remove: object) -> None:
    agent, sink = both
    identifier = subscribed(post(agent, subscription(f"{sink.url}/a", first=end_to(sink))))
    assert callable(remove)
    remove(agent, identifier)
    check_end(sink.wait_for("/end", 1)[0], identifier, "SourceCanceling")
    eventually(lambda: not names(agent), "the sink is gone")


def test_its_own_end_and_expiry_are_not_told(both: tuple[RunningAgent, Sink]) -> None:
    agent, sink = both
    for action, content in ((UNSUBSCRIBE, ""), (RENEW, "<v:Expires>PT1S</v:Expires>")):
        identifier = subscribed(post(agent, subscription(f"{sink.url}/a", first=end_to(sink))))
        assert post(agent, about(action, identifier, content)).status == 200
        eventually(lambda: not names(agent), "the sink is gone")
    identifier = subscribed(post(agent, subscription(f"{sink.url}/a", first=end_to(sink))))
    remove_by_command(agent, identifier)
    check_end(sink.wait_for("/end", 1)[0], identifier, "SourceCanceling")
    assert len(sink.at("/end")) == 1


def test_a_sink_out_of_reach_is_given_up_as_it_asked(tmp_path: Path) -> None:
    """And told so at another place, which is within reach; what waited is there when it subscribes again."""
    retry = '<w:ConnectionRetry Total="2">PT1S</w:ConnectionRetry>'
    with sinking(tmp_path) as sink:
        trust = f'"{sink.url}/end" = "ca {sink.certificate}"\n"https://localhost:9/a" = "verify off"\n'
        text = f"[delivery]\ninterval_s = 1\n[delivery.trust]\n{trust}"
        with running_agent(tmp_path / "agent", settings=text) as agent:
            body = subscription("https://localhost:9/a", first=end_to(sink), delivery=retry)
            identifier = subscribed(post(agent, body))
            uuids = [alert(agent), alert(agent)]
            check_end(sink.wait_for("/end", 1)[0], identifier, "DeliveryFailure")
            eventually(lambda: not names(agent), "the sink is gone")
            (kept,) = ask(agent.local_socket, "backlog-list")["backlogs"]
            assert (kept["url"], kept["kept"]) == ("https://localhost:9/a", len(uuids))


def test_a_sink_that_refuses_is_left_alone(both: tuple[RunningAgent, Sink]) -> None:
    agent, sink = both
    sink.refusing = True
    subscribed(post(agent, subscription(f"{sink.url}/a", MODE_URIS[DeliveryMode.PUSH_WITH_ACK])))
    alert(agent)
    eventually(lambda: not names(agent), "the subscription has ended")
    assert len(sink.at("/a")) == 1


def test_a_stop_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    """Who wants to be told is told, and gets what it missed when it subscribes again; others go on."""
    folder, uuids = tmp_path / "agent", []
    with sinking(tmp_path) as sink:
        with running_agent(folder, settings=settings(sink)) as agent:
            identifier = subscribed(post(agent, subscription(f"{sink.url}/a", first=end_to(sink))))
            staying = subscribed(post(agent, subscription(f"{sink.url}/b")))
            uuids.append(alert(agent))
        assert values(sink.at("/a")) == uuids
        check_end(sink.wait_for("/end", 1)[0], identifier, "SourceShuttingDown")
        with running_agent(folder, settings=settings(sink)) as agent:
            eventually(lambda: names(agent) == [staying], "one goes on, the other has ended")
            uuids.append(alert(agent))
            subscribed(post(agent, subscription(f"{sink.url}/a")))
            uuids.append(alert(agent))
            sink.wait_for("/a", 3)
            sink.wait_for("/b", 3)
            assert values(sink.at("/a")) == values(sink.at("/b")) == uuids
            assert [event.value("Replayed") for event in sink.at("/a")] == ["false", "true", "false"]


def test_a_sink_that_cannot_be_told_of_a_stop_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "agent"
    with sinking(tmp_path) as sink:
        with running_agent(folder, settings=settings(sink)) as agent:
            identifier = subscribed(post(agent, subscription(f"{sink.url}/a", first=end_to(sink))))
            sink.status = 503
        sink.status = 200
        with running_agent(folder, settings=settings(sink)) as agent:
            assert names(agent) == [identifier]
            uuid = alert(agent)
            eventually(lambda: uuid in values(sink.at("/a")), "it gets its events")
