"""Conditions as frozen values: each tells whether it holds, and spells itself so that it reads back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from openesm.cim.values import Instance, Value
from subscription.query.evaluate import (
    Candidate,
    IsA,
    Truth,
    compare,
    conjunction,
    disjunction,
    negation,
    same_name,
)
from subscription.query.lexer import spell_string
from subscription.query.pattern import Matcher

THIS = "__THIS"  # how the candidate itself is spelled as the left side of ISA
Quantifier = Literal["", "ANY", "EVERY"]


@dataclass(frozen=True, slots=True)
class Step:
    """A property's name; `scope` is the class before `::`, of which the holder must be."""

    name: str
    scope: str = ""

    def __str__(self) -> str:
        return f"{self.scope}::{self.name}" if self.scope else self.name


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """A property, one of an embedded instance (`SourceInstance.CIM_Fan::Speed`), or an element of an array.

    Without a step it is the candidate itself.
    """

    steps: tuple[Step, ...]
    index: int | None = None

    def __str__(self) -> str:
        text = ".".join(map(str, self.steps)) or THIS
        return text if self.index is None else f"{text}[{self.index}]"

    def value(self, candidate: Candidate, isa: IsA) -> Value:
        """NULL where a step leads nowhere: no such property, no instance, another class, no such index."""
        holder: Candidate | None = candidate
        found: Value = None
        for step in self.steps:
            if holder is None or (step.scope and not holder.isa(step.scope)):
                return None
            found = holder.value(step.name)
            holder = Embedded(found, isa) if isinstance(found, Instance) else None
        if self.index is None:
            return found
        if isinstance(found, list | tuple) and self.index < len(found):
            return found[self.index]
        return None

    def holder(self, candidate: Candidate, isa: IsA) -> Candidate | None:
        """The instance that the path leads to, None where it leads to none."""
        if not self.steps:
            return candidate
        found = self.value(candidate, isa)
        return Embedded(found, isa) if isinstance(found, Instance) else None


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded instance as a candidate."""

    instance: Instance
    known_isa: IsA

    def value(self, name: str) -> Value:
        found = self.instance.get(name)
        return None if found is None else found.value

    def isa(self, classname: str) -> bool:
        return self.known_isa(self.instance.classname, classname)


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; a tuple is the array literal `{…}`, None is NULL (both only in DMTF:FQL)."""

    literal: bool | int | float | str | tuple[bool | int | float | str, ...] | None

    def __str__(self) -> str:
        if isinstance(self.literal, tuple):
            return "{" + ", ".join(str(Constant(item)) for item in self.literal) + "}"
        if isinstance(self.literal, str):
            return spell_string(self.literal)
        return "NULL" if self.literal is None else str(self.literal).upper()

    def value(self, candidate: Candidate, isa: IsA) -> Value:  # noqa: ARG002
        return self.literal


Operand: TypeAlias = PropertyPath | Constant


class Condition(ABC):
    """A boolean expression over one instance, with the three-valued logic of NULL."""

    __slots__ = ()

    @abstractmethod
    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        """True, false, or None where NULL leaves it open."""

    def accepts(self, candidate: Candidate, isa: IsA = same_name) -> bool:
        """Whether it certainly holds; `isa` knows how the classes of embedded instances derive.

        Raises:
            CIMError: 15, it compares an interval with a point in time.
        """
        return self.holds(candidate, isa) is True


@dataclass(frozen=True, slots=True)
class Compare(Condition):
    """`left sign right`; with a quantifier, for any or for every element of the array on the left."""

    sign: str
    left: Operand
    right: Operand
    over: Quantifier = ""
    null_is_value: bool = False

    def __str__(self) -> str:
        return f"{_prefix(self.over)}{self.left} {self.sign} {self.right}"

    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        right = self.right.value(candidate, isa)

        def test(value: Value) -> Truth:
            return compare(self.sign, value, right, null_is_value=self.null_is_value)

        return _quantified(self.over, self.left.value(candidate, isa), test)


@dataclass(frozen=True, slots=True)
class Like(Condition):
    """A string that a pattern covers from end to end."""

    left: Operand
    pattern: str
    matcher: Matcher = field(compare=False, repr=False)
    over: Quantifier = ""

    def __str__(self) -> str:
        return f"{_prefix(self.over)}{self.left} LIKE {spell_string(self.pattern)}"

    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        return _quantified(self.over, self.left.value(candidate, isa), self._test)

    def _test(self, value: Value) -> Truth:
        return self.matcher.matches(value) if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class IsNull(Condition):
    path: PropertyPath

    def __str__(self) -> str:
        return f"{self.path} IS NULL"

    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        return self.path.value(candidate, isa) is None


@dataclass(frozen=True, slots=True)
class Isa(Condition):
    """The candidate, or an instance embedded in it, is of a class or of one derived from it."""

    path: PropertyPath
    classname: str

    def __str__(self) -> str:
        return f"{self.path} ISA {spell_string(self.classname)}"

    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        holder = self.path.holder(candidate, isa)
        return None if holder is None else holder.isa(self.classname)


@dataclass(frozen=True, slots=True)
class Not(Condition):
    term: Condition

    def __str__(self) -> str:
        match self.term:
            case IsNull(path):
                return f"{path} IS NOT NULL"
            case And() | Or():
                return f"NOT ({self.term})"
        return f"NOT {self.term}"

    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        return negation(self.term.holds(candidate, isa))


@dataclass(frozen=True, slots=True)
class And(Condition):
    terms: tuple[Condition, ...]

    def __str__(self) -> str:
        return " AND ".join(f"({term})" if isinstance(term, Or) else str(term) for term in self.terms)

    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        return conjunction(term.holds(candidate, isa) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Or(Condition):
    terms: tuple[Condition, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.terms))

    def holds(self, candidate: Candidate, isa: IsA) -> Truth:
        return disjunction(term.holds(candidate, isa) for term in self.terms)


def _prefix(over: Quantifier) -> str:
    return f"{over} " if over else ""


def _quantified(over: Quantifier, left: Value, test: Callable[[Value], Truth]) -> Truth:
    if not over:
        return test(left)
    if not isinstance(left, list | tuple):
        return None
    fold = disjunction if over == "ANY" else conjunction
    return fold(map(test, left))
