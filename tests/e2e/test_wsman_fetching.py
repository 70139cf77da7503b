"""The delivery mode Pull: a sink fetches its events, and loses none whatever becomes of an answer."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from esmctl.agent import ask
from esmd.wbem.wsman.events import HEARTBEAT
from esmd.wbem.wsman.names import ANONYMOUS, PULL, RELEASE, RENEW, UNSUBSCRIBE
from subscription.model import SINK_CLASS, DeliveryMode
from tests.e2e.eventing import ALERTS, MODE_URIS, WQL, about, alert, post, subscribed, subscription
from tests.e2e.managers import connected
from tests.esmd.wbem.wsman.asking import Answer, request
from tests.faults.rig import GoneError, kill
from tests.running import RunningAgent, eventually, running_agent

SOON = "<e:MaxTime>PT1S</e:MaxTime>"
ENDED = (500, ("wsen:InvalidEnumerationContext", ""))
LATE = (500, ("wsman:TimedOut", ""))


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("agent")) as agent:
        yield agent


def subscribe(agent: RunningAgent, more: str = "", wanted: str = WQL, expires: str = "PT10M") -> str:
    """The first context."""
    expiry = f"<v:Expires>{expires}</v:Expires>"
    body = subscription("", MODE_URIS[DeliveryMode.PULL], wanted, expiry, delivery=more)
    answer = post(agent, body)
    context = answer.value("s:Body/v:SubscribeResponse/e:EnumerationContext")
    assert context.startswith(subscribed(answer))
    return context


def pulling(context: str, content: str = SOON, message_id: str = "uuid:1", max_bytes: str = "") -> str:
    body = f"<e:Pull><e:EnumerationContext>{context}</e:EnumerationContext>{content}</e:Pull>"
    more = f"<w:MaxEnvelopeSize>{max_bytes}</w:MaxEnvelopeSize>" if max_bytes else ""
    return request(PULL, body, uri=ALERTS, namespace="root/ESMPRO/AS", message_id=message_id, more=more)


def pulled(answer: Answer) -> tuple[list[str], str]:
    """The alerts, and the next context."""
    assert answer.status == 200, answer.text
    events = answer.all("s:Body/e:PullResponse/e:Items/*")
    uuids = [event.findtext("{*}AlertUUID") or "" for event in events]
    return uuids, answer.value("s:Body/e:PullResponse/e:EnumerationContext")


def outcome(answer: Answer) -> tuple[int, tuple[str, str]]:
    return answer.status, answer.fault


def test_each_event_once_and_in_order(agent: RunningAgent) -> None:
    context = subscribe(agent)
    uuids = [alert(agent) for _ in range(5)]
    first, context = pulled(post(agent, pulling(context)))
    rest, context = pulled(post(agent, pulling(context, "<e:MaxElements>10</e:MaxElements>")))
    assert [*first, *rest] == uuids
    assert outcome(post(agent, pulling(context))) == LATE
    more = alert(agent)
    assert pulled(post(agent, pulling(context)))[0] == [more], "a Pull that came too late ends nothing"


def test_an_answer_that_was_lost_is_given_again(agent: RunningAgent) -> None:
    context = subscribe(agent)
    uuids = [alert(agent) for _ in range(2)]
    for number in range(3):
        lost, following = pulled(post(agent, pulling(context, message_id=f"uuid:{number}")))
        assert lost == uuids[:1]
    assert pulled(post(agent, pulling(following)))[0] == uuids[1:]


def test_a_client_that_keeps_to_the_identifier(agent: RunningAgent) -> None:
    """As the command `wsman pull -U` does: another request says that the last answer has arrived."""
    identifier = subscribe(agent).partition("/")[0]
    uuids = [alert(agent) for _ in range(3)]
    got = [
        pulled(post(agent, pulling(identifier, message_id=message_id)))[0]
        for message_id in ("uuid:1", "uuid:1", "uuid:2", "uuid:3")
    ]
    assert got == [uuids[:1], uuids[:1], uuids[1:2], uuids[2:]]


def waiting_pull(agent: RunningAgent, pool: ThreadPoolExecutor, context: str) -> Future[Answer]:
    """A Pull that has reached the agent, and finds nothing yet."""
    before, looks = ask(agent.local_socket, "status")["requests"], itertools.count(1)
    future = pool.submit(post, agent, pulling(context, "<e:MaxTime>PT25S</e:MaxTime>"))

    def has_arrived() -> bool:
        return bool(ask(agent.local_socket, "status")["requests"] > before + next(looks))

    eventually(has_arrived, "the Pull has arrived")
    return future


def test_a_pull_waits_for_an_event(agent: RunningAgent) -> None:
    context = subscribe(agent)
    with ThreadPoolExecutor() as pool:
        waiting = waiting_pull(agent, pool, context)
        assert outcome(post(agent, pulling(context))) == (400, ("wsman:Concurrency", ""))
        uuid = alert(agent)
        assert pulled(waiting.result())[0] == [uuid]


def test_heartbeats(agent: RunningAgent) -> None:
    context = subscribe(agent, "<w:Heartbeats>PT1S</w:Heartbeats>")
    answer = post(agent, pulling(context, "<e:MaxTime>PT20S</e:MaxTime>"))
    (beat,) = answer.all("s:Body/e:PullResponse/e:Items/w:Event")
    assert beat.get("Action") == HEARTBEAT
    uuid = alert(agent)
    assert pulled(post(agent, pulling(pulled(answer)[1])))[0] == [uuid]


def test_bookmarks(agent: RunningAgent) -> None:
    context = subscribe(agent, wanted=f"{WQL}<w:SendBookmarks/>")
    uuids = [alert(agent) for _ in range(3)]
    answer = post(agent, pulling(context, "<e:MaxElements>2</e:MaxElements>"))
    mark = answer.value("s:Header/w:Bookmark")
    context = subscribe(agent, wanted=f"{WQL}<w:Bookmark>{mark}</w:Bookmark>")
    assert pulled(post(agent, pulling(context, "<e:MaxElements>9</e:MaxElements>")))[0] == uuids[2:]


def test_answers_are_cut_to_their_size(agent: RunningAgent) -> None:
    context = subscribe(agent)
    uuids = [alert(agent) for _ in range(6)]
    got: list[str] = []
    while len(got) < len(uuids):
        answer = post(agent, pulling(context, "<e:MaxElements>6</e:MaxElements>", max_bytes="8192"))
        assert len(answer.text.encode()) <= 8192
        some, context = pulled(answer)
        assert 0 < len(some) < 6
        got += some
    assert got == uuids


def test_nothing_is_lost_over_kill_and_restart(tmp_path: Path) -> None:
    with suppress(GoneError), running_agent(tmp_path) as agent:
        context = subscribe(agent)
        uuids = [alert(agent) for _ in range(4)]
        lost, _ = pulled(post(agent, pulling(context)))
        assert lost == uuids[:1]
        kill(agent)
    with running_agent(tmp_path) as agent:
        again, context = pulled(post(agent, pulling(context, "<e:MaxElements>2</e:MaxElements>")))
        assert again == uuids[:2]
    with running_agent(tmp_path) as agent:
        rest, context = pulled(post(agent, pulling(context, "<e:MaxElements>9</e:MaxElements>")))
        assert rest == uuids[2:]
        assert outcome(post(agent, pulling(context))) == LATE


def test_a_stop_does_not_wait_for_a_pull(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        with running_agent(tmp_path) as agent:
            waiting = waiting_pull(agent, pool, subscribe(agent))
            began = time.monotonic()
        assert outcome(waiting.result()) == LATE
        assert time.monotonic() - began < 8


@pytest.mark.parametrize("user", ["operator", "viewer"])
def test_nobody_else_fetches(agent: RunningAgent, user: str) -> None:
    context = subscribe(agent)
    uuid = alert(agent)
    assert outcome(post(agent, pulling(context), user)) == ENDED
    assert outcome(post(agent, pulling(f"{context}x"))) == ENDED
    assert pulled(post(agent, pulling(context)))[0] == [uuid]


def test_what_was_there_before_the_end_is_given(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        context = subscribe(agent)
        identifier = context.partition("/")[0]
        uuids = [alert(agent), alert(agent)]
        post(agent, about(RENEW, identifier, "<v:Expires>PT1S</v:Expires>"))
        eventually(lambda: identifier not in told_of(agent), "it has expired")
        after = alert(agent)
        got, context = pulled(post(agent, pulling(context, "<e:MaxElements>9</e:MaxElements>")))
        assert got == uuids
        assert outcome(post(agent, pulling(context))) == ENDED
        context = subscribe(agent)
        assert pulled(post(agent, pulling(context)))[0] == [after], "the next subscription begins with it"


def told_of(agent: RunningAgent) -> list[str]:
    return [each["destination"] for each in ask(agent.local_socket, "subscription-list")["subscriptions"]]


@pytest.mark.parametrize("action", [UNSUBSCRIBE, RELEASE])
def test_its_own_end(agent: RunningAgent, action: str) -> None:
    context = subscribe(agent)
    identifier = context.partition("/")[0]
    alert(agent)
    content = f"<e:Release><e:EnumerationContext>{context}</e:EnumerationContext></e:Release>"
    body = request(RELEASE, content, uri=ALERTS) if action == RELEASE else about(action, identifier)
    assert post(agent, body).status == 200
    assert outcome(post(agent, pulling(context))) == ENDED
    destinations = ask(agent.local_socket, "subscription-list")["destinations"]
    assert identifier not in [each["name"] for each in destinations]


def test_the_other_face_shows_it(agent: RunningAgent) -> None:
    identifier = subscribe(agent, "<w:Heartbeats>PT30S</w:Heartbeats>").partition("/")[0]
    with connected(agent) as connection:
        (found,) = (
            each
            for each in connection.EnumerateInstances(SINK_CLASS, "root/interop")
            if each["Name"] == identifier
        )
    assert (found["Destination"], found["DeliveryMode"], found["Heartbeat"]) == (ANONYMOUS, 5, 30)
    assert (found["SendBookmark"], found["DestinationEndTo"]) == (False, None)
