"""What a parsed query is made of: frozen conditions that are asked of candidates."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from openesm.cim.schema import Class, Property
from openesm.cim.values import INTEGER_RANGE, REAL_TYPES, DateTime, Instance, TypedValue, Value
from subscription.query.lexer import invalid
from subscription.query.pattern import regular, wql

Truth: TypeAlias = bool | None
Operator = Literal["=", "<>", "<", "<=", ">", ">="]
Quantifier = Literal["", "ANY", "EVERY"]

_COMPARE: Mapping[str, Callable[[float | str, float | str], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED: Mapping[str, Operator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Candidate(Protocol):
    """An instance that a query looks at."""

    def value(self, name: str) -> Value:
        """The value of a property by its name in any case; None for NULL or no such property."""

    def isa(self, classname: str) -> bool:
        """Whether the instance is of the class or of one below it."""


@dataclass(frozen=True, slots=True)
class _Embedded:
    """An embedded instance as a candidate; only its own class name is known of its ancestry."""

    instance: Instance

    def value(self, name: str) -> Value:
        found = self.instance.get(name)
        return found.value if isinstance(found, TypedValue) else None

    def isa(self, classname: str) -> bool:
        return self.instance.classname.lower() == classname.lower()


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path; `scope` is the class before `::`, `index` the element of an array."""

    name: str
    scope: str = ""
    index: int | None = None

    def __str__(self) -> str:
        scope = f"{self.scope}::" if self.scope else ""
        return f"{scope}{self.name}" + (f"[{self.index}]" if self.index is not None else "")


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """A property, or one of an embedded instance by way of others."""

    steps: tuple[Step, ...]

    def value(self, candidate: Candidate) -> Value:
        found: Value = None
        current: Candidate | None = candidate
        for step in self.steps:
            if current is None or (step.scope and not current.isa(step.scope)):
                return None
            found = current.value(step.name)
            if step.index is not None:
                array = found if isinstance(found, list | tuple) else ()
                found = array[step.index] if step.index < len(array) else None
            current = _Embedded(found) if isinstance(found, Instance) else None
        return found

    def declared(self, cls: Class) -> Property | None:
        """The property of the FROM class that the path starts at; None when only an instance can tell."""
        first = self.steps[0]
        if first.scope and not cls.isa(first.scope):
            return None
        found = cls.properties.get(first.name.lower())
        if found is None:
            raise invalid("no-property", cls=cls.name, name=first.name)
        return found if len(self.steps) == 1 else None

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))


Literal_: TypeAlias = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A property against a literal, or against another property."""

    left: PropertyPath
    operator: Operator
    right: Literal_ | PropertyPath
    quantifier: Quantifier = ""

    def truth(self, candidate: Candidate) -> Truth:
        left = self.left.value(candidate)
        right = self.right.value(candidate) if isinstance(self.right, PropertyPath) else self.right
        if isinstance(left, list | tuple):
            return self._of_array(left, right)
        return compare(left, self.operator, right)

    def _of_array(self, items: list[Value] | tuple[Value, ...], right: Value) -> Truth:
        truths = [compare(item, self.operator, right) for item in items]
        if self.quantifier == "EVERY":
            return _every(truths)
        return _any(truths) if self.quantifier == "ANY" else None

    def check(self, cls: Class) -> None:
        prop = self.left.declared(cls)
        if isinstance(self.right, PropertyPath):
            self.right.declared(cls)
        elif prop is not None and not _is_comparable(prop.type, self.right):
            raise invalid("type-mismatch", name=prop.name, type=prop.type, value=_spelled(self.right))

    def __str__(self) -> str:
        quantifier = f"{self.quantifier} " if self.quantifier else ""
        right = str(self.right) if isinstance(self.right, PropertyPath) else _spelled(self.right)
        return f"{quantifier}{self.left} {self.operator} {right}"


@dataclass(frozen=True, slots=True)
class IsNull:
    path: PropertyPath

    def truth(self, candidate: Candidate) -> Truth:
        return self.path.value(candidate) is None

    def check(self, cls: Class) -> None:
        self.path.declared(cls)

    def __str__(self) -> str:
        return f"{self.path} IS NULL"


@dataclass(frozen=True, slots=True)
class Isa:
    """The candidate itself (no path), or an embedded instance, is of a class."""

    path: PropertyPath | None
    classname: str

    def truth(self, candidate: Candidate) -> Truth:
        if self.path is None:
            return candidate.isa(self.classname)
        found = self.path.value(candidate)
        return _Embedded(found).isa(self.classname) if isinstance(found, Instance) else None

    def check(self, cls: Class) -> None:
        if self.path is not None:
            self.path.declared(cls)

    def __str__(self) -> str:
        return f"{self.path or '__Class'} ISA {self.classname}"


@dataclass(frozen=True, slots=True)
class Like:
    path: PropertyPath
    pattern: str
    is_wql: bool

    def truth(self, candidate: Candidate) -> Truth:
        found = self.path.value(candidate)
        if not isinstance(found, str):
            return None
        return (wql if self.is_wql else regular)(self.pattern).matches(found)

    def check(self, cls: Class) -> None:
        prop = self.path.declared(cls)
        if prop is not None and prop.type not in ("string", "char16"):
            raise invalid("type-mismatch", name=prop.name, type=prop.type, value=_spelled(self.pattern))

    def __str__(self) -> str:
        return f"{self.path} LIKE {_spelled(self.pattern)}"


@dataclass(frozen=True, slots=True)
class Not:
    part: Term

    def truth(self, candidate: Candidate) -> Truth:
        truth = self.part.truth(candidate)
        return None if truth is None else not truth

    def check(self, cls: Class) -> None:
        self.part.check(cls)

    def __str__(self) -> str:
        return f"NOT ({self.part})"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Term, ...]

    def truth(self, candidate: Candidate) -> Truth:
        return _every([part.truth(candidate) for part in self.parts])

    def check(self, cls: Class) -> None:
        for part in self.parts:
            part.check(cls)

    def __str__(self) -> str:
        return " AND ".join(f"({part})" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Term, ...]

    def truth(self, candidate: Candidate) -> Truth:
        return _any([part.truth(candidate) for part in self.parts])

    def check(self, cls: Class) -> None:
        for part in self.parts:
            part.check(cls)

    def __str__(self) -> str:
        return " OR ".join(f"({part})" for part in self.parts)


Term: TypeAlias = Comparison | IsNull | Isa | Like | Not | And | Or


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole condition: candidates for which it is unknown are not accepted."""

    term: Term

    def accepts(self, candidate: Candidate) -> bool:
        return self.term.truth(candidate) is True

    def check(self, cls: Class) -> None:
        """INVALID_QUERY for a property that the class lacks, or a literal of another type."""
        self.term.check(cls)

    def __str__(self) -> str:
        return str(self.term)


@dataclass(frozen=True, slots=True)
class Query:
    """SELECT … FROM … WHERE …

    Attributes:
        select: names of the properties wanted; None for `*`.
        where: None accepts every instance of the class.
    """

    classname: str
    select: tuple[str, ...] | None
    where: Condition | None
    language: str
    text: str

    def check(self, cls: Class) -> None:
        """Checks the query against the FROM class.

        Raises:
            CIMError: INVALID_QUERY.
        """
        for name in self.select or ():
            if name.lower() not in cls.properties:
                raise invalid("no-property", cls=cls.name, name=name)
        if self.where is not None:
            self.where.check(cls)

    def accepts(self, candidate: Candidate) -> bool:
        return self.where is None or self.where.accepts(candidate)


def _every(truths: list[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def _any(truths: list[Truth]) -> Truth:
    if True in truths:
        return True
    return None if None in truths else False


def _is_comparable(cim_type: str, literal: Literal_) -> bool:
    if isinstance(literal, bool):
        return cim_type == "boolean"
    if isinstance(literal, int | float):
        return cim_type in INTEGER_RANGE or cim_type in REAL_TYPES
    if cim_type == "datetime":
        try:
            DateTime.parse(literal)
        except ValueError:
            return False
        return True
    return cim_type in ("string", "char16", "reference")


def compare(left: Value, sign: Operator, right: Value) -> Truth:
    """Two values; None where one is NULL or they are of kinds that do not compare (C04)."""
    if left is None or right is None:
        return None
    if isinstance(left, DateTime | datetime | timedelta) or isinstance(
        right, DateTime | datetime | timedelta
    ):
        return _compare_times(_time(left), sign, _time(right))
    if isinstance(left, bool) or isinstance(right, bool):
        return (left == right) is (sign == "=") if sign in ("=", "<>") and type(left) is type(right) else None
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _COMPARE[sign](left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _COMPARE[sign](left, right)
    return None


def _time(value: Value) -> DateTime | None:
    if isinstance(value, datetime | timedelta):
        return DateTime.of(value)
    if isinstance(value, str):
        try:
            return DateTime.parse(value)
        except ValueError:
            return None
    return value if isinstance(value, DateTime) else None


def _compare_times(left: DateTime | None, sign: Operator, right: DateTime | None) -> Truth:
    """Datetimes with `*` are ranges: equal when they meet, less when one ends before the other begins."""
    if left is None or right is None or left.is_interval is not right.is_interval:
        return None
    less, more = left.high < right.low, left.low > right.high
    return {
        "=": not less and not more,
        "<>": less or more,
        "<": less,
        "<=": not more,
        ">": more,
        ">=": not less,
    }[sign]


def _spelled(literal: Literal_) -> str:
    if isinstance(literal, bool):
        return "TRUE" if literal else "FALSE"
    if isinstance(literal, int | float):
        return repr(literal)
    escaped = literal.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
