"""Alerts as events, and correlation events as alerts; what is issued can be correlated again."""

from __future__ import annotations

from functools import cache

import pytest

from indications.alert import from_json, to_json
from indications.correlation.as_alert import alert_of_event
from indications.correlation.from_alert import event_of
from indications.correlation.issuing import Issued
from openesm.cim.mofc import compile_schema
from openesm.cim.schema import Class, Schema
from openesm.model import Severity
from tests.indications.alerts import OCCASION, cpu

ATTRIBUTES = {
    "B.ID": "00000000:00000000",
    "E.SEVERITY": "Alert",
    "B.MESSAGE": "a=b, 日本",
    "E.OCCURRENCE": "SUCCESS",
    "E.JP1_GENERATE_NAME": "pair",
    "E.JP1_GENERATE_SOURCE_SEQNO": "3 17",
}


@cache
def correlation_event() -> Class:
    found = Schema(compile_schema()).namespaces["root/esmpro/as"].get("ESM_CorrelationEvent")
    assert found is not None
    return found


def test_an_alert() -> None:
    alert = cpu()
    event = event_of(alert, 7, 12.5, "server", "en")
    assert (event.number, event.arrived, event.chain) == (7, 12.5, ())
    told = event.attributes
    assert (told["B.SEQNO"], told["B.ID"]) == ("7", f"{alert.event_id:08X}:00000000")
    assert (told["E.OBJECT_TYPE"], told["B.SOURCESERVER"]) == ("ESM_Processor", "server")
    assert told["B.MESSAGE"] == alert.text("en")
    assert event_of(alert, 7, 12.5, "server", "ja").attributes["B.MESSAGE"] == alert.text("ja")
    assert all(told.values())


def test_a_correlation_event_there_and_back() -> None:
    issued = Issued("pair/3/SUCCESS", 5.0, ATTRIBUTES, ("pair",))
    alert = alert_of_event(issued, correlation_event(), OCCASION)
    assert alert.text("en") == "pair: a=b, 日本"
    assert alert.raised is not None
    assert alert.raised.properties["SourceSequenceNumbers"] == [3, 17]
    back = event_of(from_json(to_json(alert)), 18, 5.0, "server", "en")
    assert (dict(back.attributes), back.chain) == (ATTRIBUTES, ("pair",))


@pytest.mark.parametrize(
    ("severity", "told"),
    [("Emergency", Severity.CRITICAL), ("Error", Severity.CRITICAL), ("Warning", Severity.WARNING),
     ("Notice", Severity.INFORMATION), ("", Severity.INFORMATION)],
)  # fmt: skip
def test_severities(severity: str, told: Severity) -> None:
    attributes = {**ATTRIBUTES, "E.SEVERITY": severity}
    alert = alert_of_event(Issued("x", 5.0, attributes), correlation_event(), OCCASION)
    assert alert.severity is told
    assert alert.raised is not None
    assert alert.raised.properties["PerceivedSeverity"] == int(told)
