"""Fetching of events where the rest of the agent is not ready, or gives wrong contexts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from esmd.mailbox import Mailbox
from esmd.wbem.wsman.envelope import envelope_of, root_of
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.fetching import Fetching
from esmd.wbem.wsman.names import PULL
from openesm.cim.schema import Schema
from openesm.settings import Delivery
from subscription.model import SINK_CLASS, DeliveryMode, Destination, EventSink, Persistence, Subscription
from tests.esmd.lab import ALL, WALL, Lab
from tests.esmd.wbem.small import ADMIN
from tests.esmd.wbem.wsman.asking import request

SINK = Destination(
    "uuid:1",
    "anonymous",
    Persistence.TRANSIENT,
    creation_class=SINK_CLASS,
    owner=ADMIN.name,
    sink=EventSink(DeliveryMode.PULL, "http://example.com/"),
)


class Nobody:
    """An agent that has not got so far yet."""

    def mailbox(self, number: int) -> Mailbox | None:
        return None


@pytest.fixture
def fetching(tmp_path: Path, schema: Schema) -> Fetching:
    lab = Lab(tmp_path, schema, Delivery())
    lab.registry.add_filter(ALL)
    lab.registry.subscribe(Subscription(ALL.key, SINK.key, WALL), to=SINK)
    return Fetching(lab.registry, Nobody(), lambda: lab.now)


def fault_of(fetching: Fetching, context: str) -> str:
    body = f"<e:Pull><e:EnumerationContext>{context}</e:EnumerationContext></e:Pull>"
    asked = envelope_of(*root_of(request(PULL, body).encode()), "en")
    with pytest.raises(Fault) as raised:
        asyncio.run(fetching.pull(asked, ADMIN))
    return raised.value.subcode


def test_an_agent_that_is_just_starting(fetching: Fetching) -> None:
    """The sink comes again; it must not take its subscription for lost."""
    assert fault_of(fetching, "uuid:1/0") == "wsa:EndpointUnavailable"


@pytest.mark.parametrize("context", ["uuid:2", "uuid:2/0", "uuid:11", "", "/"])
def test_contexts_of_nobody(fetching: Fetching, context: str) -> None:
    assert fault_of(fetching, context) == "wsen:InvalidEnumerationContext"
