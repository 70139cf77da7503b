"""CIM datetimes as XML Schema spells them, and back (DSP0230 7.2.5, wsman.md 9). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from openesm.cim.values import DateTime, Value

FARTHEST_ZONE = 840  # minutes from UTC that XML Schema can say
_DURATION = re.compile(
    r"P(?:(?P<days>\d{1,8})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,12})?)S)?)?\Z"
)
_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?P<zone>Z|[+-]\d\d:\d\d)?\Z")


def written(value: Value) -> str:
    """A date or an interval in the wrapper that its precision asks for; TypeError for anything else."""
    if isinstance(value, datetime | timedelta):
        value = DateTime.of(value)
    if not isinstance(value, DateTime):
        raise TypeError(f"{value!r} is not datetime")
    raw = value.text
    if value.is_interval and "*" not in raw:
        return f"<cim:Interval>{_duration(raw)}</cim:Interval>"
    if value.is_interval or "*" in raw[:8] + raw[22:] or int(raw[22:]) > FARTHEST_ZONE or raw[:4] == "0000":
        return f"<cim:CIM_DateTime>{raw}</cim:CIM_DateTime>"
    day = f"{raw[:4]}-{raw[4:6]}-{raw[6:8]}"
    if set(raw[8:21]) == {"*", "."}:
        return f"<cim:Date>{day}{_zone(raw)}</cim:Date>"
    if "*" in raw:
        return f"<cim:CIM_DateTime>{raw}</cim:CIM_DateTime>"
    fraction = f".{raw[15:21]}".rstrip("0").rstrip(".")
    time = f"{raw[8:10]}:{raw[10:12]}:{raw[12:14]}{fraction}"
    return f"<cim:Datetime>{day}T{time}{_zone(raw)}</cim:Datetime>"


def _duration(raw: str) -> str:
    seconds = f"{int(raw[12:14])}.{raw[15:21]}".rstrip("0").rstrip(".")
    return f"P{int(raw[:8])}DT{int(raw[8:10])}H{int(raw[10:12])}M{seconds}S"


def _zone(raw: str) -> str:
    minutes = int(raw[22:25])
    return f"{raw[21]}{minutes // 60:02d}:{minutes % 60:02d}" if minutes else "Z"


def read(text: str) -> DateTime:
    """A CIM datetime out of any of its spellings; ValueError for none of them."""
    if len(text) == 25 and text[21] in ":+-" and text[14] == ".":
        return DateTime.parse(text)
    if match := _DURATION.match(text):
        return DateTime.of(_span(match))
    if match := _DATE.match(text):
        zone = match["zone"]
        offset = "+000" if zone in (None, "Z") else f"{zone[0]}{int(zone[1:3]) * 60 + int(zone[4:]):03d}"
        return DateTime.parse(f"{match['year']}{match['month']}{match['day']}******.******{offset}")
    parsed = datetime.fromisoformat(text)
    return DateTime.of(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def _span(match: re.Match[str]) -> timedelta:
    """To the microsecond, which a float would not keep."""
    given = {name: Decimal(text) for name, text in match.groupdict().items() if text is not None}
    if not given:
        raise ValueError(match[0])
    seconds = given.get("seconds", Decimal(0))
    span = timedelta(
        days=int(given.get("days", 0)),
        hours=int(given.get("hours", 0)),
        minutes=int(given.get("minutes", 0)),
        seconds=int(seconds),
        microseconds=int(seconds % 1 * 1_000_000),
    )
    if span.days > 99_999_999:
        raise ValueError(match[0])
    return span
