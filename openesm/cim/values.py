"""CIM data types as Python values (DSP0004 5.2), and their text form.

| CIM                       | Python                                                     |
|---------------------------|------------------------------------------------------------|
| boolean                   | bool                                                       |
| uint8 … sint64            | int, within the range of the type                          |
| real32, real64            | float                                                      |
| string, char16            | str                                                        |
| datetime                  | DateTime; providers may give an aware datetime, a timedelta |
| reference                 | Path                                                       |
| embedded instance, class  | Instance (a string property with an EmbeddedInstance qualifier) |
| array                     | list or tuple                                              |
| NULL                      | None                                                       |
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from openesm.cim.path import Path

INTEGER_RANGE: Mapping[str, tuple[int, int]] = {
    f"{sign}int{bits}": (0, 2**bits - 1) if sign == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in "us"
    for bits in (8, 16, 32, 64)
}
REAL_TYPES = frozenset({"real32", "real64"})
CIM_TYPES = frozenset({*INTEGER_RANGE, *REAL_TYPES, "boolean", "string", "char16", "datetime"})

_INTEGER = re.compile(r"[+-]?(?:[0-9]{1,40}|0[xX][0-9A-Fa-f]{1,32})\Z")
_REAL = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?\Z")
_SINGLE = struct.Struct("<f")
_SPECIAL_REALS = {"INF": float("inf"), "-INF": float("-inf"), "NAN": float("nan")}


def parse_integer(text: str, cim_type: str) -> int:
    """An integer in decimal with optional sign, or hexadecimal (`0x…`).

    Raises:
        ValueError: not such a number, or outside the range of `cim_type`.
    """
    if not _INTEGER.match(text):
        raise ValueError(text)
    value = int(text, 16 if "x" in text.lower() else 10)
    low, high = INTEGER_RANGE[cim_type]
    if not low <= value <= high:
        raise ValueError(text)
    return value


def parse_boolean(text: str) -> bool:
    """TRUE or FALSE in any case; else ValueError."""
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    raise ValueError(text)


def parse_real(text: str) -> float:
    """A decimal mantissa with optional exponent, or INF, -INF, NaN; else ValueError."""
    if text.upper() in _SPECIAL_REALS:
        return _SPECIAL_REALS[text.upper()]
    if not _REAL.match(text) or float(text) in (float("inf"), float("-inf")):
        raise ValueError(text)
    return float(text)


def parse_char16(text: str) -> str:
    """Exactly one UCS-2 unit; else ValueError."""
    if len(text) != 1 or ord(text) > 0xFFFF:
        raise ValueError(text)
    return text


def parse_scalar(text: str, cim_type: str) -> Scalar:
    """The value that `text` spells in `cim_type`; ValueError when it spells none."""
    if cim_type == "string":
        return text
    stripped = text.strip(" \t\r\n")
    if cim_type == "boolean":
        return parse_boolean(stripped)
    if cim_type in INTEGER_RANGE:
        return parse_integer(stripped, cim_type)
    if cim_type in REAL_TYPES:
        return parse_real(stripped)
    if cim_type == "char16":
        return parse_char16(text)
    if cim_type == "datetime":
        return DateTime.parse(stripped)
    raise ValueError(cim_type)


def format_real(value: float, cim_type: str) -> str:
    """A short spelling that reads back to the same value: a real32 with 6 digits, or 9 where 6 do not.

    Raises:
        OverflowError: the value is beyond a real32.
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    text = repr(float(value)) if cim_type == "real64" else f"{value:.6g}"
    if cim_type == "real32" and _SINGLE.pack(float(text)) != _SINGLE.pack(value):
        text = f"{value:.9g}"
    return text if "." in text or "e" in text else f"{text}.0"


_TIMESTAMP = re.compile(r"([0-9*]{14})\.([0-9*]{6})([+-])([0-9*]{3})\Z")
_INTERVAL = re.compile(r"([0-9*]{14})\.([0-9*]{6}):000\Z")
_WILD_TAIL = re.compile(r"[0-9]*\**\Z")
_STAMP_FIELDS = (4, 6, 8, 10, 12, 14, *range(15, 21))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN_FIELDS = (8, 10, 12, 14, *range(15, 21))


@dataclass(frozen=True, slots=True)
class DateTime:
    """A CIM datetime (DSP0004 5.2.4): a point in time, or an interval, to the precision that its text has.

    `low` and `high` are the first and last value that the text may mean (they differ where it has `*`):
    seconds since 1970-01-01 UTC of a timestamp, seconds of an interval.
    """

    text: str
    is_interval: bool
    low: float = field(compare=False)
    high: float = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> DateTime:
        """Reads the 25-character form; ValueError when it is not one."""
        if match := _INTERVAL.match(text):
            digits = match[1] + match[2]
            _check_wildcards(digits, _SPAN_FIELDS)
            return cls(text, True, _span(digits, "0"), _span(digits, "9"))
        if match := _TIMESTAMP.match(text):
            digits = match[1] + match[2]
            _check_wildcards(digits, _STAMP_FIELDS)
            minutes = 0 if match[4] == "***" else int(match[4])
            offset = timedelta(minutes=-minutes if match[3] == "-" else minutes)
            return cls(text, False, _point(digits, offset, last=False), _point(digits, offset, last=True))
        raise ValueError(text)

    @classmethod
    def of(cls, value: datetime | timedelta) -> DateTime:
        """The text of an aware datetime (in its own offset) or of a timedelta, to the microsecond.

        A negative timedelta, which CIM has no text for, becomes 0; a naive datetime is a TypeError.
        """
        if isinstance(value, timedelta):
            value = max(value, timedelta())
            minutes, second = divmod(value.seconds, 60)
            hour, minute = divmod(minutes, 60)
            text = f"{value.days:08d}{hour:02d}{minute:02d}{second:02d}.{value.microseconds:06d}:000"
            exact = value.total_seconds()
            return cls(text, True, exact, exact)
        offset = value.utcoffset()
        if offset is None:
            raise TypeError(f"{value!r} has no offset from UTC")
        minutes = int(offset.total_seconds() // 60)
        day = f"{value.year:04d}{value.month:02d}{value.day:02d}"
        time = f"{value.hour:02d}{value.minute:02d}{value.second:02d}.{value.microsecond:06d}"
        text = f"{day}{time}{'-' if minutes < 0 else '+'}{abs(minutes):03d}"
        exact = (value - _EPOCH).total_seconds()
        return cls(text, False, exact, exact)


def _check_wildcards(digits: str, ends: Sequence[int]) -> None:
    if not _WILD_TAIL.match(digits):
        raise ValueError(digits)
    stars = digits.count("*")
    if stars and len(digits) - stars not in (0, *ends):
        raise ValueError(digits)


def _span(digits: str, fill: str) -> float:
    text = digits.replace("*", fill)
    hour, minute, second = (int(text[i : i + 2]) for i in (8, 10, 12))
    if "*" not in digits and (hour > 23 or minute > 59 or second > 59):
        raise ValueError(digits)
    seconds = ((int(text[:8]) * 24 + min(hour, 23)) * 60 + min(minute, 59)) * 60 + min(second, 59)
    return seconds + int(text[14:]) / 1e6


def _point(digits: str, offset: timedelta, *, last: bool) -> float:
    known = digits.rstrip("*")
    lowest, highest = "00010101000000000000", "99991231235959999999"
    if not last:
        text = known + lowest[len(known) :]
    elif 6 <= len(known) < 8:
        text = known + _last_day(known) + highest[8:]
    else:
        text = known + highest[len(known) :]
    if text[:4] == "0000":  # the schema's "no date": before every other
        if set(known) != {"0"}:
            raise ValueError(digits)
        return float("-inf")
    moment = datetime.strptime(text, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC) - offset).total_seconds()


def _last_day(year_month: str) -> str:
    year, month = int(year_month[:4]), int(year_month[4:6])
    if month == 12:
        return "31"
    following = datetime(year, month + 1, 1, tzinfo=UTC)
    return f"{(following - timedelta(days=1)).day:02d}"


def local_now(seconds: float, offset_s: int) -> datetime:
    """A wall-clock reading (seconds since the epoch) at an offset from UTC, for `DateTime.of`."""
    return datetime.fromtimestamp(seconds, timezone(timedelta(seconds=offset_s)))


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value as a client sent it, with the CIM type that came along ("" where none did)."""

    value: Value
    type: str = ""
    is_array: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance by value: as a client sends it, or embedded in a string property."""

    classname: str
    properties: Mapping[str, TypedValue]
    path: Path | None = None

    def get(self, name: str) -> TypedValue | None:
        """The property by its name in any case."""
        wanted = name.lower()
        return next((value for known, value in self.properties.items() if known.lower() == wanted), None)


Scalar: TypeAlias = "bool | int | float | str | DateTime"
Value: TypeAlias = "Scalar | datetime | timedelta | Path | Instance | list[Value] | tuple[Value, ...] | None"
