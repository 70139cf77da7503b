"""A correlation event as managers are told it: an alert of class ESM_CorrelationEvent."""

from __future__ import annotations

from dataclasses import replace

from indications import events
from indications.alert import Occasion, agent_alert
from indications.correlation.from_alert import CORRELATION_EVENT as CLASS
from indications.correlation.issuing import Issued
from indications.events import What
from indications.instance import raised
from openesm.cim.schema import Class
from openesm.cim.values import DateTime, Instance, TypedValue, Value, local_now
from openesm.model import Alert, Severity

_GRAVE = frozenset({"Emergency", "Alert", "Critical", "Error"})


def alert_of_event(event: Issued, cls: Class, occasion: Occasion) -> Alert:
    """The alert.

    Args:
        cls: ESM_CorrelationEvent of the schema.
    """
    attributes = event.attributes
    name, occurrence = attributes["E.JP1_GENERATE_NAME"], attributes["E.OCCURRENCE"]
    severity = attributes.get("E.SEVERITY", "")
    what = What.CRITICAL if severity in _GRAVE else What.WARNING if severity == "Warning" else What.RAISED
    text = attributes.get("B.MESSAGE") or occurrence
    made = agent_alert(
        events.CORRELATION, what, occasion, element_id=f"{CLASS}/{name}", condition=name, text=text
    )
    numbers: Value = [int(each) for each in attributes["E.JP1_GENERATE_SOURCE_SEQNO"].split()]
    spelled: Value = [f"{name}={value}" for name, value in attributes.items()]
    given = {
        "Description": TypedValue(text, "string"),
        "PerceivedSeverity": TypedValue(int(Severity(made.severity)), "uint16"),
        "AlertType": TypedValue(made.alert_type, "uint16"),
        "ProbableCause": TypedValue(made.probable_cause, "uint16"),
        "EventID": TypedValue(f"{made.source}/{made.event_id:08X}", "string"),
        "GenerateName": TypedValue(name, "string"),
        "Occurrence": TypedValue(occurrence, "string"),
        "SourceSequenceNumbers": TypedValue(numbers, "uint64", is_array=True),
        "EventAttributes": TypedValue(spelled, "string", is_array=True),
        "AlertUUID": TypedValue(made.uuid, "string"),
    }
    at = DateTime.of(local_now(occasion.at, occasion.utc_offset_s))
    return replace(made, raised=raised(cls, Instance(CLASS, given), made.uuid, at))
