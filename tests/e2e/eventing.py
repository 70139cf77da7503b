"""Subscriptions of WS-Management as a console makes them, for the tests of events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from esmctl.agent import ask
from esmd.wbem.connection import Response
from esmd.wbem.wsman.names import SUBSCRIBE, WQL_DIALECT
from esmd.wbem.wsman.subscribing import MODES
from subscription.model import DeliveryMode
from tests.e2e.sink import Sink, sinking
from tests.esmd.wbem.wsman.asking import DMTF, Answer, request
from tests.running import PASSWORD, RunningAgent, running_agent

MODE_URIS = {mode: uri for uri, mode in MODES.items()}
ALERTS = f"{DMTF}/ESM_AlertIndication"
WQL = f'<w:Filter Dialect="{WQL_DIALECT}">SELECT * FROM ESM_AlertIndication WHERE IsTest = TRUE</w:Filter>'
UNREACHABLE = ("wsa:DestinationUnreachable", "InvalidResourceURI")
PROPERTIES = '<a:ReferenceProperties><n:Tag xmlns:n="urn:test">a &amp; b</n:Tag></a:ReferenceProperties>'


def settings(sink: Sink) -> str:
    urls = "".join(f'"{sink.url}/{name}" = "ca {sink.certificate}"\n' for name in ("a", "b", "c"))
    return f"[delivery]\ninterval_s = 1\n[delivery.trust]\n{urls}"


def post(agent: RunningAgent, body: str, user: str = "admin") -> Answer:
    got = requests.post(
        agent.wsman, body.encode(), auth=(user, PASSWORD), verify=str(agent.certificate), timeout=30
    )
    return Answer(Response(got.status_code, (), got.content))


def subscription(
    to: str,
    mode: str = MODE_URIS[DeliveryMode.PUSH],
    wanted: str = WQL,
    expires: str = "<v:Expires>PT10M</v:Expires>",
    *,
    first: str = "",
    properties: str = "",
    delivery: str = "",
    **how: Any,
) -> str:
    """A Subscribe; `first` and `delivery` are put into it, `how` is for the request around it."""
    body = (
        f'<v:Subscribe>{first}<v:Delivery Mode="{mode}"><v:NotifyTo><a:Address>{to}</a:Address>{properties}'
        f"</v:NotifyTo>{delivery}</v:Delivery>{expires}{wanted}</v:Subscribe>"
    )
    return request(SUBSCRIBE, body, namespace="root/ESMPRO/AS", **{"uri": ALERTS, **how})


def about(action: str, identifier: str, content: str = "") -> str:
    name = action.rpartition("/")[2]
    return request(
        action,
        f"<v:{name}>{content}</v:{name}>",
        uri="",
        namespace="",
        without="ResourceURI",
        more=f"<v:Identifier>{identifier}</v:Identifier>",
    )


def subscribed(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    return answer.value("s:Body/v:SubscribeResponse/v:SubscriptionManager/a:ReferenceParameters/v:Identifier")


def alert(agent: RunningAgent) -> str:
    """A test alert; its UUID."""
    return str(ask(agent.local_socket, "alert-test")["uuid"])


@contextmanager
def agent_and_sink(folder: Path) -> Iterator[tuple[RunningAgent, Sink]]:
    with sinking(folder) as sink, running_agent(folder / "agent", settings=settings(sink)) as agent:
        yield agent, sink
