"""What a comparison of two CIM values says: true, false, or (with NULL, or what does not compare) nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from openesm.cim.errors import CIMError
from openesm.cim.path import Path
from openesm.cim.values import DateTime, Instance, Value
from subscription.query import wrong

Truth: TypeAlias = bool | None
IsA = Callable[[str, str], bool]  # is the first class the second one, or derived from it?


class Candidate(Protocol):
    """An instance as a condition looks at it; names come in any case."""

    def value(self, name: str) -> Value:
        """The property's value; None where it is NULL or where there is no such property."""

    def isa(self, classname: str) -> bool:
        """Whether it is of that class or of one derived from it."""


ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
EQUALITY = frozenset({"=", "<>"})
ORDERED = frozenset({"number", "string", "datetime"})  # the kinds that have a smaller and a greater
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    ((int, float), "number"),
    (str, "string"),
    ((DateTime, datetime, timedelta), "datetime"),
    (Path, "reference"),
    (Instance, "instance"),
    ((list, tuple), "array"),
)


def same_name(classname: str, ancestor: str) -> bool:
    """The least that `isa` can say of an embedded instance: the class itself."""
    return classname.lower() == ancestor.lower()


def kind(value: Value) -> str:
    """boolean, number, string, datetime, reference, instance or array; "" for NULL."""
    return next((name for types, name in _KINDS if isinstance(value, types)), "")


def negation(truth: Truth) -> Truth:
    return None if truth is None else not truth


def conjunction(truths: Iterable[Truth]) -> Truth:
    """False as soon as one is, else unknown when one is; true of nothing."""
    unknown = False
    for truth in truths:
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def disjunction(truths: Iterable[Truth]) -> Truth:
    return negation(conjunction(negation(truth) for truth in truths))


def compare(sign: str, left: Value, right: Value, *, null_is_value: bool = False) -> Truth:
    """`left sign right`; strings by code point, arrays element by element, datetimes as ranges.

    `null_is_value` is the way of DSP0212: NULL equals NULL and differs from every other value.

    Raises:
        CIMError: 15, an interval and a point in time (DSP0004 5.2.4, C04).
    """
    if left is None or right is None:
        if null_is_value and sign in EQUALITY:
            return (left is right) == (sign == "=")
        return None
    kinds = {kind(left), kind(right)}
    if kinds == {"datetime"} or kinds == {"datetime", "string"}:
        return _compare_times(sign, _time(left), _time(right))
    if len(kinds) > 1 or kinds == {"instance"}:
        return None
    if kinds == {"array"}:
        return _compare_arrays(sign, left, right, null_is_value)
    if kinds <= ORDERED or sign in EQUALITY:
        return ORDER[sign](_comparable(left), _comparable(right))
    return None


def _comparable(value: Value) -> object:
    return value.identity if isinstance(value, Path) else value


def _time(value: Value) -> DateTime | None:
    try:
        if isinstance(value, str):
            return DateTime.parse(value)
        if isinstance(value, datetime | timedelta):
            return DateTime.of(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return value if isinstance(value, DateTime) else None


def _compare_times(sign: str, left: DateTime | None, right: DateTime | None) -> Truth:
    """Datetimes with `*` are ranges: equal where they meet, less where one ends before the other begins."""
    if left is None or right is None:
        return None
    if left.is_interval != right.is_interval:
        raise interval_and_time(left, right)
    order = (left.low > right.high) - (left.high < right.low)
    return ORDER[sign](order, 0)


def interval_and_time(one: DateTime, other: DateTime) -> CIMError:
    interval, point = (one, other) if one.is_interval else (other, one)
    return wrong.because("interval-and-time", interval=interval.text, point=point.text)


def _compare_arrays(sign: str, left: Value, right: Value, null_is_value: bool) -> Truth:
    if sign not in EQUALITY or not isinstance(left, list | tuple) or not isinstance(right, list | tuple):
        return None
    if len(left) != len(right):
        return sign == "<>"
    pairs = zip(left, right, strict=True)
    same = conjunction(compare("=", one, other, null_is_value=null_is_value) for one, other in pairs)
    return same if sign == "=" else negation(same)
