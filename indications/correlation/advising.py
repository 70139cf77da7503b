"""Advice about a definition that can be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from indications.correlation.definition import AttributeCondition, Condition, Definition, Operator, Variable
from indications.correlation.groups import Groups
from openesm.text import Message

SEVERITIES = frozenset(
    {"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Information", "Debug"}
)
_SEVERITY, _SOURCE_HOST = "E.SEVERITY", "E.JP1_SOURCEHOST"


def advice(definition: Definition, groups: Groups) -> list[Message]:
    """What is no error, and still not as its author may think (R-61, R-64), a message for each."""
    found: list[Message] = []
    for condition in definition.conditions:
        name = condition.name
        compared = [
            *condition.target,
            *(each for con in (*condition.cons, *condition.excluded) for each in con.conditions),
        ]
        paths = dict.fromkeys(path for each in compared if each.is_group for path in each.values)
        unknown = (path for path in paths if path not in groups.hosts)
        found += (Message.of("correlation.unknown-group", name=name, path=path) for path in unknown)
        odd = [each for each in _severities(condition, compared) if each not in SEVERITIES]
        found += (Message.of("correlation.odd-severity", name=name, value=each) for each in odd)
        if groups.is_restricted:
            if not any(each.is_group for each in condition.target):
                found.append(Message.of("correlation.no-group-target", name=name))
            if condition.success is not None and not _passes_host_on(condition):
                found.append(Message.of("correlation.no-source-host", name=name))
    return found


def _passes_host_on(condition: Condition) -> bool:
    return any(
        each.attribute == _SOURCE_HOST and any(isinstance(piece, Variable) for piece in each.pieces)
        for each in condition.success or ()
    )


def _severities(condition: Condition, compared: Iterable[AttributeCondition]) -> Iterator[str]:
    """The values that are compared with E.SEVERITY or assigned to it."""
    for each in compared:
        if each.attribute == _SEVERITY and each.operator in (Operator.EQUAL, Operator.DIFFERENT):
            yield from each.values
    for assigned in (*(condition.success or ()), *(condition.fail or ())):
        if assigned.attribute == _SEVERITY and not any(
            isinstance(each, Variable) for each in assigned.pieces
        ):
            yield "".join(map(str, assigned.pieces))
