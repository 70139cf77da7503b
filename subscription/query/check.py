"""A condition against the schema: do its properties exist, and do the types of what it compares agree?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from openesm.cim.schema import Class, Property
from openesm.cim.values import INTEGER_RANGE, REAL_TYPES, DateTime
from subscription.query import wrong
from subscription.query.evaluate import EQUALITY, ORDERED, interval_and_time, kind
from subscription.query.syntax import (
    And,
    Compare,
    Condition,
    Constant,
    Isa,
    IsNull,
    Like,
    Not,
    Operand,
    Or,
    PropertyPath,
    Step,
)

Lookup = Callable[[str], Class | None]
_KIND_OF_TYPE = {
    **dict.fromkeys([*INTEGER_RANGE, *REAL_TYPES], "number"),
    "string": "string",
    "char16": "string",
    "boolean": "boolean",
    "datetime": "datetime",
    "reference": "reference",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of an operand; `kind` is "" where nothing is (see `evaluate.kind`)."""

    kind: str
    is_array: bool = False


UNKNOWN = Shape("")


def check(condition: Condition, cls: Class, lookup: Lookup | None = None) -> None:
    """Checks a condition over instances of `cls`; `lookup` finds the classes of embedded instances.

    Raises:
        CIMError: 15, an unknown property, a literal of another type, a comparison that has no meaning.
    """
    for part in _predicates(condition):
        _Checker(cls, lookup, may_miss=isinstance(part, Compare) and part.null_is_value).predicate(part)


def _predicates(condition: Condition) -> Iterator[Condition]:
    match condition:
        case And(terms) | Or(terms):
            for term in terms:
                yield from _predicates(term)
        case Not(term):
            yield from _predicates(term)
        case _:
            yield condition


@dataclass(frozen=True, slots=True)
class _Checker:
    cls: Class
    lookup: Lookup | None
    may_miss: bool  # DSP0212: a property that the class does not have is NULL

    def predicate(self, condition: Condition) -> None:
        match condition:
            case Compare(sign, left, right, over):
                shape, other = self.element(left, over), self.shape(right)
                if not _comparable(sign, _timed(shape, left, other), _timed(other, right, shape)):
                    raise wrong.because("not-comparable", left=left, sign=sign, right=right)
                _check_literal_times(left, right)
            case Like(left, over=over):
                if self.element(left, over) not in (UNKNOWN, Shape("string")):
                    raise wrong.because("like-needs-string", left=left)
            case IsNull(path) | Isa(path):
                self.shape(path)

    def element(self, operand: Operand, over: str) -> Shape:
        """The shape of what stands left of a sign: of one element where a quantifier stands before it."""
        shape = self.shape(operand)
        if not over or shape == UNKNOWN:
            return shape
        if not shape.is_array:
            raise wrong.because("not-an-array", name=operand)
        return Shape(shape.kind)

    def shape(self, operand: Operand) -> Shape:
        if isinstance(operand, PropertyPath):
            return self.of_path(operand)
        if isinstance(operand.literal, tuple):
            kinds = {kind(item) for item in operand.literal}
            return Shape(kinds.pop() if len(kinds) == 1 else "", is_array=True)
        return Shape(kind(operand.literal))

    def of_path(self, path: PropertyPath) -> Shape:
        holder: Class | None = self.cls
        shape = UNKNOWN
        for n, step in enumerate(path.steps):
            prop = self.property_of(holder, step, embedded=n > 0)
            shape = UNKNOWN if prop is None else _shape(prop)
            if n < len(path.steps) - 1:
                holder = self.inside(prop)
        if path.index is None or shape == UNKNOWN:
            return shape
        if not shape.is_array:
            raise wrong.because("not-an-array", name=path)
        return Shape(shape.kind)

    def property_of(self, holder: Class | None, step: Step, *, embedded: bool) -> Property | None:
        """None where it is not known; an embedded instance may be of a class below the declared one."""
        if step.scope:
            holder = self.lookup(step.scope) if self.lookup else None
            if holder is None and self.lookup:
                raise wrong.because("unknown-class", name=step.scope)
        if holder is None:
            return None
        found = holder.properties.get(step.name.lower())
        if found is None and not self.may_miss and (step.scope or not embedded):
            raise wrong.because("unknown-property", name=step.name, cls=holder.name)
        return found

    def inside(self, prop: Property | None) -> Class | None:
        """The class that an embedded instance is at least of."""
        if prop is None:
            return None
        if not prop.embedded or prop.is_array:
            raise wrong.because("not-embedded", name=prop.name)
        declared = prop.qualifiers.get("embeddedinstance")
        return self.lookup(str(declared.value)) if self.lookup and declared else None


def _shape(prop: Property) -> Shape:
    return Shape("instance" if prop.embedded else _KIND_OF_TYPE[prop.type], prop.is_array)


def _comparable(sign: str, left: Shape, right: Shape) -> bool:
    if left == UNKNOWN or right == UNKNOWN:
        return True
    if left.is_array != right.is_array or (left.kind and right.kind and left.kind != right.kind):
        return False
    if "instance" in (left.kind, right.kind):
        return False
    return sign in EQUALITY or (left.kind in ORDERED and not left.is_array)


def _timed(shape: Shape, operand: Operand, other: Shape) -> Shape:
    """A string literal beside a datetime is one too, if it reads as such."""
    if other.kind != "datetime" or not isinstance(operand, Constant):
        return shape
    literals = operand.literal if isinstance(operand.literal, tuple) else (operand.literal,)
    return Shape("datetime", shape.is_array) if all(map(_time, literals)) else shape


def _time(literal: object) -> DateTime | None:
    try:
        return DateTime.parse(literal) if isinstance(literal, str) else None
    except ValueError:
        return None


def _check_literal_times(left: Operand, right: Operand) -> None:
    if isinstance(left, Constant) and isinstance(right, Constant):
        one, other = _time(left.literal), _time(right.literal)
        if one and other and one.is_interval != other.is_interval:
            raise interval_and_time(one, other)
