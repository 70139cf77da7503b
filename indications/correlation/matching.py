"""Which event conditions an event matches: found by the values that they compare with, not one by one.

Of each event condition the rarest `==` comparison is looked up in a table, so that the cost of an event does
not grow with the number of conditions (R-96). Of those without any a regular expression is searched, all of
an attribute in one go; only what has neither is tried one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from indications.correlation.definition import AttributeCondition, Condition, EventCondition, Operator
from indications.correlation.event import Event
from openesm.patterns import Patterns, PlainPatterns, Scan, is_linear

Attributes = Mapping[str, str]
Check = Callable[[Attributes], bool]
Belongs = Callable[[str, str], bool]
"""Whether a host belongs to the business group of a path, or to one below it."""

COMMON = 8  # comparisons with a value, beyond which a search of all patterns costs less than one by one

_Guard = tuple[tuple[Check, ...], tuple[tuple[Check, ...], ...]]  # TARGET, and each CON=NOT

Hits = tuple[int, int]  # number of the condition, and a bit for each of its event conditions that matches


def nobody_belongs(_host: str, _path: str) -> bool:
    """For a site without business groups."""
    return False


@dataclass(frozen=True, slots=True)
class _Place:
    """An event condition, and what is left to be checked after the table."""

    hit: Hits
    checks: tuple[Check, ...]


class Matcher:
    """Finds them.

    Args:
        belongs: evaluated when an event is looked at, with the groups then in force (R-61).
        patterns: search for regular expressions that are not linear.
    """

    def __init__(
        self,
        conditions: Sequence[Condition],
        belongs: Belongs = nobody_belongs,
        patterns: Patterns | None = None,
    ) -> None:
        self._belongs = belongs
        self._patterns = patterns or PlainPatterns()
        self._guards = [self._guard(condition) for condition in conditions]
        self._tables: dict[str, dict[str, list[_Place]]] = {}
        self._searched: dict[str, list[tuple[str, _Place]]] = {}
        self._rest: list[_Place] = []
        rarity = _frequencies(conditions)
        for number, condition in enumerate(conditions):
            for con, event_condition in enumerate(condition.cons):
                self._put(number, con, event_condition, rarity)
        self._looked_up = list(self._tables.items())
        self._scans = [
            (attribute, Scan([pattern for pattern, _ in found]), [place for _, place in found])
            for attribute, found in self._searched.items()
        ]

    def _put(self, number: int, con: int, wanted: EventCondition, rarity: Counter[tuple[str, str]]) -> None:
        key = min(
            filter(_is_indexable, wanted.conditions),
            key=lambda each: max(rarity[each.attribute, value] for value in each.values),
            default=None,
        )
        if key is None or max(rarity[key.attribute, value] for value in key.values) > COMMON:
            key = next(filter(_is_searchable, wanted.conditions), key)
        checks = tuple(self._check(each) for each in wanted.conditions if each is not key)
        place = _Place((number, 1 << con), checks)
        if key is None:
            self._rest.append(place)
            return
        if key.operator is Operator.MATCHES:
            self._searched.setdefault(key.attribute, []).extend((pattern, place) for pattern in key.values)
            return
        table = self._tables.setdefault(key.attribute, {})
        for value in dict.fromkeys(key.values):
            table.setdefault(value, []).append(place)

    def _guard(self, condition: Condition) -> _Guard | None:
        """What TARGET and CON=NOT say; None where there is neither."""
        if not condition.target and not condition.excluded:
            return None
        target = tuple(self._check(each) for each in condition.target)
        excluded = tuple(tuple(map(self._check, each.conditions)) for each in condition.excluded)
        return target, excluded

    def match(self, event: Event) -> list[Hits]:
        """The generation conditions that an event is offered to, in the file's order (R-46, R-55, R-56)."""
        attributes, found = event.attributes, list[Hits]()
        for attribute, table in self._looked_up:
            places = table.get(attributes.get(attribute, ""))
            if places is not None:
                for place in places:
                    if _all(place.checks, attributes):
                        found.append(place.hit)
        for attribute, scan, searched in self._scans:
            text = attributes.get(attribute)
            if text is not None:
                for number in scan.found(text):
                    if _all(searched[number].checks, attributes):
                        found.append(searched[number].hit)
        for place in self._rest:
            if _all(place.checks, attributes):
                found.append(place.hit)
        if not found:
            return found
        guards = self._guards
        return [
            hits
            for hits in _grouped(found)
            if (guard := guards[hits[0]]) is None or self._admits(guard, attributes)
        ]

    @staticmethod
    def _admits(guard: _Guard, attributes: Attributes) -> bool:
        target, excluded = guard
        return _all(target, attributes) and not any(_all(each, attributes) for each in excluded)

    def _check(self, wanted: AttributeCondition) -> Check:
        return check(wanted, self._belongs, self._patterns)


def admitting(wanted: Sequence[AttributeCondition], belongs: Belongs, patterns: Patterns) -> Check:
    """Whether all of several comparisons hold; none admits everything."""
    checks = tuple(check(each, belongs, patterns) for each in wanted)
    return lambda given: _all(checks, given)


def check(wanted: AttributeCondition, belongs: Belongs, patterns: Patterns) -> Check:
    """A comparison, ready to be made."""
    attribute, values = wanted.attribute, wanted.values
    if wanted.is_group:
        return _group_check(wanted, belongs)
    if wanted.operator is Operator.EQUAL:
        return _equal(attribute, values)
    if wanted.operator is Operator.MATCHES:
        searches = [patterns.compile(each) for each in values]
        return lambda given: (
            (found := given.get(attribute)) is not None and any(search(found) for search in searches)
        )
    holds = _HOLDS[wanted.operator]
    if wanted.operator in (Operator.DIFFERENT, Operator.LACKS):
        return lambda given: (
            (found := given.get(attribute)) is None or not any(holds(found, each) for each in values)
        )
    return lambda given: (
        (found := given.get(attribute)) is not None and any(holds(found, each) for each in values)
    )


_HOLDS: Mapping[Operator, Callable[[str, str], bool]] = {
    Operator.DIFFERENT: lambda found, value: found == value,
    Operator.BEGINS: lambda found, value: found.startswith(value),
    Operator.CONTAINS: lambda found, value: value in found,
    Operator.LACKS: lambda found, value: value in found,
}


@lru_cache(maxsize=10_000)
def _equal(attribute: str, values: tuple[str, ...]) -> Check:
    """The same one for the same comparison: conditions share a few, which stay near the processor."""
    if len(values) == 1:
        (value,) = values
        return lambda given: given.get(attribute) == value
    wanted = frozenset(values)
    return lambda given: given.get(attribute) in wanted


def _group_check(wanted: AttributeCondition, belongs: Belongs) -> Check:
    attribute, paths, is_in = wanted.attribute, wanted.values, wanted.operator is Operator.EQUAL

    def is_so(given: Attributes) -> bool:
        host = given.get(attribute)
        return (host is not None and any(belongs(host, path) for path in paths)) is is_in

    return is_so


def _all(checks: tuple[Check, ...], attributes: Attributes) -> bool:
    for check in checks:  # noqa: SIM110  a generator costs more than the checks
        if not check(attributes):
            return False
    return True


def _is_indexable(wanted: AttributeCondition) -> bool:
    return wanted.operator is Operator.EQUAL and not wanted.is_group and "" not in wanted.values


def _is_searchable(wanted: AttributeCondition) -> bool:
    return wanted.operator is Operator.MATCHES and all(map(is_linear, wanted.values))


def _frequencies(conditions: Sequence[Condition]) -> Counter[tuple[str, str]]:
    """How often each value is compared with, over all event conditions."""
    return Counter(
        (each.attribute, value)
        for condition in conditions
        for con in condition.cons
        for each in con.conditions
        if _is_indexable(each)
        for value in each.values
    )


def _grouped(found: list[Hits]) -> list[Hits]:
    """One for each condition, in the order of the file."""
    if len(found) == 1:
        return found
    by_condition: dict[int, int] = {}
    for condition, con in found:
        by_condition[condition] = by_condition.get(condition, 0) | con
    return sorted(by_condition.items())
