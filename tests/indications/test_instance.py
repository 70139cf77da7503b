"""Alerts as CIM, against the compiled schema and against the definitions."""

import dataclasses
from typing import Any

import pytest

from indications import events
from indications.alert import Occasion, agent_alert
from indications.delivery.export import Draft, Form, encode
from indications.events import What
from indications.instance import (
    INDICATION,
    OF_SENDING,
    RECORD,
    TYPES,
    indication,
    of_sending,
    record,
    title,
    values,
)
from openesm.cim.provider import Row
from openesm.cim.schema import Class, Schema
from openesm.cim.values import DateTime, Instance, Value
from openesm.cim.xmltext import instance_by_value
from openesm.model import Alert, State
from openesm.text import LANGUAGES, Language, Message
from tests.indications.alerts import OCCASION, UUID, cpu

ADVICE = Message.of("alerts.advice-load").text("en")
N, W, C = State.NORMAL, State.WARNING, State.CRITICAL
AGENT = agent_alert(events.AGENT, What.STARTED, OCCASION, version="0.2")
BARE = agent_alert(events.REPORT, What.GIVEN_UP, Occasion(UUID, 0.0, 0), destination="d", count=2)
SOME = {"up": cpu(), "clear": cpu(C, N, 12.5, ("u1", "u2")), "agent": AGENT, "bare": BARE}


def declared(schema: Schema, name: str) -> Class:
    found = schema.namespaces["root/esmpro/as"].get(name)
    assert found is not None
    return found


def sent(alert: Alert, **more: Any) -> Instance:
    return indication(alert, system_name="srv.example", language="en", sent_at=1_790_000_001.5, **more)


def plain(instance: Instance) -> dict[str, Value]:
    return {
        name: typed.value.text if isinstance(typed.value, DateTime) else typed.value
        for name, typed in instance.properties.items()
    }


@pytest.mark.parametrize("alert", SOME.values(), ids=SOME)
def test_indication_fits_the_schema(schema: Schema, alert: Alert) -> None:
    instance, found = sent(alert, sequence=("c", 7)), declared(schema, INDICATION)
    shapes = {name: (typed.type, typed.is_array) for name, typed in instance.properties.items()}
    known = {prop.name: (prop.type, prop.is_array) for prop in found.properties.values()}
    assert shapes == {name: known.get(name) for name in shapes}
    assert {prop.name for prop in found.properties.values() if prop.class_origin == INDICATION} <= set(shapes)
    required = {prop.name for prop in found.properties.values() if "required" in prop.qualifiers}
    assert {name for name in required if instance.properties[name].value is None} == set()
    assert instance_by_value(instance).startswith('<INSTANCE CLASSNAME="ESM_AlertIndication"')


def test_indication_says_everything() -> None:
    """The table of properties that managers are written to, value by value."""
    instance = sent(
        cpu(),
        sequence=("ESM#1#2", 41),
        agent_address="10.1.2.1",
        replayed=True,
        filter_name="ESM:AlertIndications",
    )
    assert plain(instance) == {
        "IndicationIdentifier": UUID,
        "CorrelatedIndications": None,
        "IndicationTime": "20260921231321.500000+540",
        "PerceivedSeverity": 3,
        "IndicationFilterName": "ESM:AlertIndications",
        "SequenceContext": "ESM#1#2",
        "SequenceNumber": 41,
        "Description": "_Total: the CPU load is 96%, at or above the warning limit of 95%.",
        "AlertingManagedElement": 'root/ESMPRO/AS:ESM_Processor.DeviceID="_Total"',
        "AlertingElementFormat": 2,
        "AlertType": 3,
        "ProbableCause": 107,
        "Trending": 2,
        "RecommendedActions": [ADVICE],
        "EventID": "ESMCPUPERF/80000064",
        "EventTime": "20260921231320.250000+540",
        "SystemCreationClassName": "CIM_ComputerSystem",
        "SystemName": "srv.example",
        "ProviderName": "ESMcmn",
        "Message": "_Total: the CPU load is 96%, at or above the warning limit of 95%.",
        "MessageArguments": ["_Total", "96", "%", "95"],
        "MessageID": "ESM80000064",
        "OwningEntity": "ESM",
        "SourceName": "ESMCPUPERF",
        "ESMEventID": "80000064",
        "TrapName": "CPU load: warning",
        "ActionAdvice": ADVICE,
        "PreviousState": 1,
        "CurrentState": 2,
        "MonitoredProperty": "LoadPercentage",
        "ObservedValue": 96.0,
        "ThresholdValue": 95.0,
        "Units": "percent",
        "AgentAddress": "10.1.2.1",
        "AlertUUID": UUID,
        "Replayed": True,
        "IsTest": False,
    }


def test_a_clear_names_what_it_clears() -> None:
    told = plain(sent(SOME["clear"]))
    assert told["CorrelatedIndications"] == ["u1", "u2"]
    assert (told["ProbableCause"], told["RecommendedActions"], told["Trending"]) == (59, None, 3)


def test_same_properties_for_every_alert() -> None:
    orders = {tuple(sent(alert).properties) for alert in SOME.values()}
    assert len(orders) == 1


def test_language() -> None:
    japanese = plain(indication(cpu(), system_name="s", language="ja", sent_at=0))
    assert japanese["Message"] != plain(sent(cpu()))["Message"]
    assert japanese["TrapName"] == "CPU 負荷 警告"


def test_an_alert_about_no_instance() -> None:
    told = plain(sent(BARE))
    assert (told["AlertingManagedElement"], told["AlertingElementFormat"]) == (None, 0)
    assert (told["ObservedValue"], told["MonitoredProperty"], told["Units"]) == (None, None, None)


@pytest.mark.parametrize("alert", SOME.values(), ids=SOME)
def test_record_fits_the_schema(schema: Schema, alert: Alert) -> None:
    row: Row = record(alert, language="ja", number=4, delivered=2, pending=1)
    found = declared(schema, RECORD)
    known = {prop.name: prop for prop in found.properties.values()}
    assert set(row) <= set(known)
    assert {prop.name for prop in known.values() if prop.class_origin == RECORD} <= set(row)
    for name, value in row.items():
        assert value is None or isinstance(value, list) == known[name].is_array, name
    assert len(str(row["Caption"])) <= 64


def test_record_counts_and_names() -> None:
    row = record(
        cpu(), language="en", written_at=1_790_000_002.0, number=9, delivered=2, pending=1, given_up=3
    )
    shown = {name: row[name] for name in ("InstanceID", "RecordID", "Locale", "ElementName", "ElementID")}
    assert shown == {
        "InstanceID": f"ESM:Alert:{UUID}",
        "RecordID": "9",
        "Locale": "en_US",
        "ElementName": "CPU load: warning",
        "ElementID": "ESM_Processor/_Total",
    }
    assert (row["DeliveredCount"], row["PendingCount"], row["GivenUpCount"]) == (2, 1, 3)
    assert isinstance(created := row["CreationTimeStamp"], DateTime)
    assert created.low == 1_790_000_002.0


def test_an_alert_with_a_text_of_another_room_has_no_title() -> None:
    other = dataclasses.replace(cpu(), message=Message.of("http.not-found"))
    assert title(other, "en") is None


@pytest.mark.parametrize("alert", SOME.values(), ids=SOME)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_says_what_the_indication_says(alert: Alert, language: Language) -> None:
    """Written once for all destinations, each gets the very bytes that it would have got alone."""
    whole = indication(
        alert,
        system_name="srv",
        language=language,
        sent_at=1.5,
        sequence=("context", 7),
        agent_address="10.1.2.3",
        replayed=True,
    )
    draft = Draft(Form(INDICATION, TYPES, OF_SENDING), values(alert, "srv", language, "10.1.2.3"))
    for number in "1", "2":
        assert draft.body(number, of_sending(alert, 1.5, ("context", 7), True)) == encode(whole, number)
