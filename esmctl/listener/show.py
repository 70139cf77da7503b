"""An indication as one line for people, or as JSON for programs; nothing that steers a terminal (SEC-68)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from esmctl.listener.sequence import Arrival, Finding, Totals
from esmctl.output import shortened, visible
from openesm.cim.path import Path
from openesm.cim.values import DateTime, Instance, Value
from openesm.text import say

MESSAGE_COLUMNS = 500
_SEVERITIES = ("unknown", "other", "information", "warning", "minor", "major", "critical", "fatal")
_NOTABLE = (Finding.GAP, Finding.DUPLICATE, Finding.REORDERED)


def text_of(indication: Instance, name: str) -> str:
    """A property as text; "" for NULL and for what is not there."""
    found = indication.get(name)
    value = None if found is None else found.value
    if value is None:
        return ""
    return value.text if isinstance(value, DateTime) else str(value)


def number_of(indication: Instance, name: str) -> int | None:
    found = indication.get(name)
    value = None if found is None else found.value
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def line(indication: Instance, sender: str) -> str:
    """Time, severity, system, event, message and sequence number, two blanks apart."""
    number = number_of(indication, "SequenceNumber")
    cells = (
        _time(text_of(indication, "EventTime") or text_of(indication, "IndicationTime")),
        _severity(number_of(indication, "PerceivedSeverity")),
        text_of(indication, "SystemName") or sender,
        text_of(indication, "EventID") or indication.classname,
        shortened(text_of(indication, "Message") or text_of(indication, "Description"), MESSAGE_COLUMNS),
        "" if number is None else f"#{number}",
    )
    return "  ".join(visible(cell) for cell in cells if cell)


def remark(arrival: Arrival, indication: Instance, sender: str) -> str:
    """What is wrong with the sequence, or ""."""
    if arrival.finding not in _NOTABLE:
        return ""
    return visible(
        say(
            f"listen.{arrival.finding.value}",
            sender=text_of(indication, "SystemName") or sender,
            number=text_of(indication, "SequenceNumber"),
            context=text_of(indication, "SequenceContext")[:120],
            missing=arrival.missing,
        )
    )


def summary(totals: Totals) -> str:
    verdict = say("listen.clean" if totals.is_clean else "listen.not-clean")
    counts = say(
        "listen.summary",
        received=totals.received,
        lost=totals.lost,
        late=totals.late,
        duplicates=totals.duplicates,
        unnumbered=totals.unnumbered,
    )
    return f"{counts} {verdict}"


# -- JSON, one object a line


def line_json(indication: Instance, sender: str, arrival: Arrival, received: datetime) -> str:
    """`kind` indication: when it came, from where, its class and properties, and how it fits its sequence."""
    return _json(
        kind="indication",
        received=received.isoformat(),
        sender=sender,
        sequence=arrival.finding.value,
        missing=arrival.missing,
        **_plain_instance(indication),
    )


def summary_json(totals: Totals) -> str:
    return _json(
        kind="summary",
        received=totals.received,
        lost=totals.lost,
        reordered=totals.late,
        duplicates=totals.duplicates,
        unnumbered=totals.unnumbered,
        clean=totals.is_clean,
    )


def _json(**fields: object) -> str:
    return json.dumps(fields)


def _plain_instance(value: Instance) -> Mapping[str, object]:
    properties = {name: _plain(typed.value) for name, typed in value.properties.items()}
    return {"class": value.classname, "properties": properties}


def _plain(value: Value) -> object:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, DateTime):
        return value.text
    if isinstance(value, Instance):
        return _plain_instance(value)
    if isinstance(value, Path | datetime | timedelta):
        return str(value)
    return value


def _severity(number: int | None) -> str:
    known = number is not None and 0 <= number < len(_SEVERITIES)
    return say(f"listen.severity-{_SEVERITIES[number]}") if known and number is not None else ""


def _time(text: str) -> str:
    """A CIM timestamp as 2026-11-25 03:58:53, in the sender's time; whatever else it may be, as it is."""
    if len(text) == 25 and text[:14].isdecimal() and text[21] in "+-":
        return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}:{text[12:14]}"
    return text
