"""SEC-71: one event cannot become a flood: destinations and subscriptions have limits that can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from openesm.cim.errors import CIMError, Status
from openesm.cim.schema import Schema
from subscription.book import MAX_DESTINATIONS, MAX_SUBSCRIPTIONS
from subscription.model import Destination, Filter, Subscription
from tests.esmd.lab import WALL, lab
from tests.running import RunningAgent
from tests.security.wire import ask, call, request

QUERY = "SELECT * FROM ESM_AlertIndication"
CAPABILITIES = (
    '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_IndicationServiceCapabilities"/></IPARAMVALUE>'
)


def test_sec_71_no_more_than_the_service_promises(tmp_path: Path, schema: Schema) -> None:
    with lab(tmp_path, schema) as agent:
        registry = agent.registry
        filters = [Filter(f"f{number}", QUERY) for number in range(3)]
        for each in filters:
            registry.add_filter(each)
        sinks = [
            Destination(f"d{number}", f"http://d{number}.example.com/") for number in range(MAX_DESTINATIONS)
        ]
        for sink in sinks:
            registry.add_destination(sink)
        with pytest.raises(CIMError) as refused:
            registry.add_destination(Destination("more", "http://more.example.com/"))
        assert refused.value.status is Status.SERVER_LIMITS_EXCEEDED
        pairs = [(each.key, sink.key) for each in filters for sink in sinks]
        for wanted, sink_key in pairs[:MAX_SUBSCRIPTIONS]:
            registry.subscribe(Subscription(wanted, sink_key, WALL))
        with pytest.raises(CIMError) as refused:
            registry.subscribe(Subscription(*pairs[MAX_SUBSCRIPTIONS], WALL))
        assert refused.value.status is Status.SERVER_LIMITS_EXCEEDED
        agent.publish("a")
        assert agent.counts("a") == (0, MAX_SUBSCRIPTIONS, 0)


def test_sec_71_the_limits_can_be_read(agent: RunningAgent) -> None:
    answer = ask(agent, request(call("EnumerateInstances", CAPABILITIES, namespace="root/interop")))
    text = answer.body.decode()
    for name, most in (
        ("MaxListenerDestinations", MAX_DESTINATIONS),
        ("MaxActiveSubscriptions", MAX_SUBSCRIPTIONS),
    ):
        assert f'NAME="{name}"' in text
        assert f"<VALUE>{most}</VALUE>" in text.partition(f'NAME="{name}"')[2][:120]
