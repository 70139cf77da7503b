"""The state machine of correlation: an event in, decisions out; time out, decisions out. Pure.

Every timeout is told by the arrival of events, or by `expire` where the reader has caught up (R-47, R-49).
What the engine holds can be taken out and put back between any two events (`sets`, `resume`), and each
decision says what of it has changed, so that a host can keep it in step with the position in the log.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from indications.correlation.deciding import (
    MISSING,
    Decision,
    Failed,
    Group,
    Held,
    Joined,
    Limited,
    LimitEnded,
    Opened,
    Succeeded,
    Ungrouped,
    group_of,
)
from indications.correlation.definition import Condition, Definition, Kind
from indications.correlation.event import Event
from indications.correlation.issuing import Issuer, Match
from indications.correlation.limits import ALL_SETS_MOST, CHAIN_MOST
from indications.correlation.matching import Belongs, Matcher, nobody_belongs
from openesm.patterns import Patterns


@dataclass(slots=True, eq=False)
class _Set:
    """A set in progress.

    Attributes:
        number: of the event that opened it. order: of its opening among all sets; a correlation event has a
        number beyond events that come after it. taken: a bit for each event condition that is filled.
    """

    condition: int
    group: Group
    matches: list[Match]
    number: int
    order: int
    deadline: float
    taken: int = 0
    is_over: bool = False


_Places = dict[int, list[_Set]]
"""The sets of a group by what they have taken, each list the oldest one first."""


class _Running:
    """What is in progress for one condition."""

    __slots__ = (
        "by",
        "condition",
        "count",
        "fits",
        "groups",
        "is_limited",
        "is_threshold",
        "issuer",
        "name",
        "opens",
        "wanted",
    )

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.name = condition.name
        self.by = condition.same_attribute
        self.is_threshold = condition.kind is Kind.THRESHOLD
        self.wanted = condition.threshold if self.is_threshold else len(condition.cons)
        self.fits = _FITS[condition.kind]
        self.opens = 1 if condition.kind is Kind.SEQUENCE else -1
        self.issuer = Issuer(condition)
        self.groups: dict[Group, _Places] = {}
        self.count = 0
        self.is_limited = False

    def find(self, group: Group, cons: int) -> _Set | None:
        """The oldest set of a group that has an open place for an event (R-51)."""
        places = self.groups.get(group)
        if places is None:
            return None
        if len(places) == 1:
            ((taken, sets),) = places.items()
            return sets[0] if self.fits(taken, cons) else None
        found: _Set | None = None
        for taken, sets in places.items():
            if self.fits(taken, cons) and (found is None or sets[0].order < found.order):
                found = sets[0]
        return found

    def put(self, held: _Set) -> None:
        insort(self.groups.setdefault(held.group, {}).setdefault(held.taken, []), held, key=_by_order)

    def take(self, held: _Set) -> None:
        places = self.groups[held.group]
        sets = places[held.taken]
        sets.remove(held)
        if not sets:
            del places[held.taken]
            if not places:
                del self.groups[held.group]


def _by_order(held: _Set) -> int:
    return held.order


_FITS: Mapping[Kind, Callable[[int, int], int]] = {
    Kind.SEQUENCE: lambda taken, cons: (taken + 1) & cons,
    Kind.COMBINATION: lambda taken, cons: cons & ~taken,
    Kind.THRESHOLD: lambda _taken, cons: cons,
}
"""The event conditions, as bits, that are open in a set and that an event matches.

A sequence has taken its first ones, so that the next one is the bit above them.
"""


class Engine:
    """Carries a definition out.

    Args:
        belongs: says which host is of which business group, now.
        is_mine: whether this engine has the sets of a condition and a group; for one of several partitions.
        most: sets of all conditions together.
        patterns: search for regular expressions that are not linear.
        groups_missing: an event that has not all attributes that its condition groups by goes into a group of
            its own kind; else it is not offered (R-53).

    Attributes:
        offered: how often an event was offered to a condition.
    """

    def __init__(
        self,
        definition: Definition,
        belongs: Belongs = nobody_belongs,
        is_mine: Callable[[str, Group], bool] | None = None,
        most: int = ALL_SETS_MOST,
        patterns: Patterns | None = None,
        groups_missing: bool = False,
    ) -> None:
        self.offered = 0
        self._running = [_Running(condition) for condition in definition.conditions]
        self._matcher = Matcher(definition.conditions, belongs, patterns)
        self._is_mine = is_mine
        self._most = most
        self._groups_missing = groups_missing
        self._count = 0
        self._orders = count()
        self._deadlines: list[tuple[float, int, _Set]] = []  # deadline, order of opening

    # -- what is held

    def sets(self) -> Iterator[Held]:
        """The sets in progress, in the order in which they were opened."""
        found = [
            each
            for running in self._running
            for places in running.groups.values()
            for sets in places.values()
            for each in sets
        ]
        for each in sorted(found, key=_by_order):
            yield Held(self._running[each.condition].name, each.group, tuple(each.matches))

    @property
    def limited(self) -> list[str]:
        """Conditions that have no room for another set since some event came that would have opened one."""
        return [running.name for running in self._running if running.is_limited]

    def resume(self, held: Iterable[Held], limited: Iterable[str] = ()) -> None:
        """Goes on with sets of an earlier engine, in the order in which they were opened.

        Those of conditions that are not there are left out.
        """
        for name in limited:
            self._limit(name)
        numbers = {running.condition.name: n for n, running in enumerate(self._running)}
        for each in held:
            number = numbers.get(each.condition)
            if number is not None and (self._is_mine is None or self._is_mine(each.condition, each.group)):
                self._add(number, each.group, list(each.matches))

    def _limit(self, name: str) -> None:
        for running in self._running:
            if running.name == name:
                running.is_limited = True

    def _add(self, number: int, group: Group, matches: list[Match]) -> _Set:
        running, first = self._running[number], matches[0][1]
        deadline = first.arrived + running.condition.timeout_s
        made = _Set(number, group, matches, first.number, next(self._orders), deadline)
        if not running.is_threshold:
            for con, _ in matches:
                made.taken |= 1 << con
        running.put(made)
        running.count += 1
        self._count += 1
        heappush(self._deadlines, (deadline, made.order, made))
        return made

    def _end(self, old: _Set) -> None:
        old.is_over = True
        self._running[old.condition].count -= 1
        self._count -= 1

    # -- time

    def expire(self, now: float) -> list[Decision]:
        """What has failed by `now`, agent time; a set may be completed until its deadline, that included."""
        if not self._deadlines or self._deadlines[0][0] >= now:
            return []
        decisions: list[Decision] = []
        while self._deadlines and self._deadlines[0][0] < now:
            *_, old = heappop(self._deadlines)
            if old.is_over:
                continue
            running = self._running[old.condition]
            running.take(old)
            self._end(old)
            matches = tuple(old.matches)
            event = running.issuer.failure(matches, old.deadline)
            key = running.name, matches[0][1].number
            missing = _missing(running.condition, matches)
            decisions.append(Failed(key, old.group, matches, missing, old.deadline, event))
            self._note_room(running, decisions)
        return decisions

    @property
    def next_deadline(self) -> float | None:
        """When something fails next, unless it is completed; None while nothing is in progress."""
        while self._deadlines and self._deadlines[0][2].is_over:
            heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    # -- events

    def step(self, event: Event) -> list[Decision]:
        """What an event decides; events come in the order of their numbers."""
        decisions = self.expire(event.arrived)
        for number, cons in self._matcher.match(event):
            self._offer(self._running[number], number, cons, event, decisions)
        return decisions

    def _offer(
        self, running: _Running, number: int, cons: int, event: Event, decisions: list[Decision]
    ) -> None:
        if event.chain and (running.name in event.chain or len(event.chain) >= CHAIN_MOST):
            return
        self.offered += 1
        group: Group = ()
        if running.by:
            group = group_of(running.by, event)
            if MISSING in group and not self._groups_missing:
                decisions.append(Ungrouped(running.name, event))
                return
        if self._is_mine is not None and not self._is_mine(running.name, group):
            return
        held = running.find(group, cons)
        if held is not None:
            self._join(running, held, cons, event, decisions)
        elif cons & running.opens:
            self._open(running, number, group, (_lowest(cons & running.opens), event), decisions)

    def _open(
        self, running: _Running, number: int, group: Group, match: Match, decisions: list[Decision]
    ) -> None:
        event = match[1]
        if running.wanted == 1:
            decisions.append(self._success(running, group, (match,), was_open=False))
        elif running.count >= running.condition.most_sets or self._count >= self._most:
            decisions.append(Limited(running.name, event, not running.is_limited))
            running.is_limited = True
        else:
            made = self._add(number, group, [match])
            decisions.append(Opened((running.name, event.number), group, match, made.deadline))

    def _join(
        self, running: _Running, held: _Set, cons: int, event: Event, decisions: list[Decision]
    ) -> None:
        """The event fills the first open place in the order of the file (R-52)."""
        matches, con = held.matches, _lowest(running.fits(held.taken, cons))
        match = con, event
        matches.append(match)
        running.take(held)
        if len(matches) < running.wanted:
            if not running.is_threshold:
                held.taken |= 1 << con
            running.put(held)
            decisions.append(Joined((running.name, held.number), match))
            return
        self._end(held)
        decisions.append(self._success(running, held.group, tuple(matches), was_open=True))
        self._note_room(running, decisions)

    @staticmethod
    def _success(running: _Running, group: Group, matches: tuple[Match, ...], *, was_open: bool) -> Succeeded:
        key = running.name, matches[0][1].number
        return Succeeded(key, group, matches, was_open, running.issuer.success(matches))

    @staticmethod
    def _note_room(running: _Running, decisions: list[Decision]) -> None:
        """A set has ended; where none could be opened before, there is room again."""
        if running.is_limited:
            running.is_limited = False
            decisions.append(LimitEnded(running.name))


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _missing(condition: Condition, matches: Sequence[Match]) -> tuple[int, ...]:
    if condition.kind is Kind.THRESHOLD:
        return ()
    taken = {con for con, _ in matches}
    return tuple(con for con in range(len(condition.cons)) if con not in taken)
