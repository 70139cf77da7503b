"""An alert as an event of the stream.

| attribute                               | of an alert                                              |
|-----------------------------------------|----------------------------------------------------------|
| B.SEQNO, B.TIME                         | number in the history; when it happened, epoch seconds   |
| B.ID                                    | event ID, eight hexadecimal digits, extended part 0      |
| B.SOURCESERVER, B.DESTSERVER            | name of this system                                      |
| B.MESSAGE                               | its text                                                 |
| E.SEVERITY                              | Information, Warning or Error                            |
| E.PRODUCT_NAME                          | /OPENESM                                                 |
| E.OBJECT_TYPE, E.OBJECT_NAME            | class and stable id of the element                       |
| E.JP1_SOURCEHOST                        | name of this system                                      |
| E.ESM_SOURCE, E.ESM_PROCESS             | source; the service that tells it                        |
| E.ESM_STATE, E.ESM_PREVIOUS_STATE       | NORMAL, WARNING, CRITICAL or UNKNOWN                     |
| E.ESM_METRIC, E.ESM_UUID, E.ESM_TEST    | what was measured; the alert's UUID; TRUE for a test     |
"""

from __future__ import annotations

from indications.correlation.event import Event
from openesm.model import Alert, Raised, Severity
from openesm.text import Language

PRODUCT, CORRELATION_EVENT = "/OPENESM", "ESM_CorrelationEvent"
SEVERITIES = {
    Severity.INFORMATION: "Information",
    Severity.WARNING: "Warning",
    Severity.CRITICAL: "Error",
}


def event_of(alert: Alert, number: int, arrived: float, system_name: str, language: Language) -> Event:
    """The event; of a correlation event what its definition has set.

    Args:
        number: of the alert in the history.
        arrived: when it was written there, agent time.
    """
    if alert.raised is not None and alert.raised.classname == CORRELATION_EVENT:
        return _issued(alert.raised, number, arrived)
    classname, _, element = alert.element_id.partition("/")
    attributes = {
        "B.SEQNO": str(number),
        "B.TIME": str(int(alert.at)),
        "B.ID": f"{alert.event_id:08X}:00000000",
        "B.SOURCESERVER": system_name,
        "B.DESTSERVER": system_name,
        "B.MESSAGE": alert.text(language),
        "E.SEVERITY": SEVERITIES[alert.severity],
        "E.PRODUCT_NAME": PRODUCT,
        "E.OBJECT_TYPE": classname,
        "E.OBJECT_NAME": element,
        "E.JP1_SOURCEHOST": system_name,
        "E.ESM_SOURCE": alert.source,
        "E.ESM_PROCESS": alert.process,
        "E.ESM_STATE": alert.after.name,
        "E.ESM_PREVIOUS_STATE": alert.before.name,
        "E.ESM_METRIC": alert.metric,
        "E.ESM_UUID": alert.uuid,
        "E.ESM_TEST": "TRUE" if alert.test else "FALSE",
    }
    return Event(number, arrived, {name: value for name, value in attributes.items() if value})


def _issued(given: Raised, number: int, arrived: float) -> Event:
    listed, name = given.properties.get("EventAttributes"), given.properties.get("GenerateName")
    pairs = (str(each).partition("=") for each in listed) if isinstance(listed, list | tuple) else ()
    return Event(number, arrived, {key: value for key, _, value in pairs}, (str(name),))
