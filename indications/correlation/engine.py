"""The state machine of correlation: an event in, decisions out; time out, decisions out. Pure.

Every timeout is told by the arrival of events, or by `expire` where the reader has caught up (R-47, R-49).
What the engine holds can be taken out and put back between any two events (`sets`, `resume`), and each
decision says what of it has changed, so that a host can keep it in step with the position in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from indications.correlation.definition import Condition, Definition, Kind
from indications.correlation.event import Event
from indications.correlation.issuing import Issued, Match, issued
from indications.correlation.limits import ALL_SETS_MOST, CHAIN_MOST
from indications.correlation.matching import Belongs, Matcher, nobody_belongs

Group = tuple[str, ...]  # values of SAME_ATTRIBUTE
Key = tuple[str, int]  # name of the condition, SEQNO of the event that opened the set


@dataclass(frozen=True, slots=True)
class Held:
    """A set in progress, as it is kept.

    Attributes:
        matches: in the order in which the events were acquired; the first one opened the set.
    """

    condition: str
    group: Group
    matches: tuple[Match, ...]

    @property
    def key(self) -> Key:
        return self.condition, self.matches[0][1].number


@dataclass(frozen=True, slots=True)
class Opened:
    """A set began; it fails after `deadline`."""

    key: Key
    group: Group
    match: Match
    deadline: float


@dataclass(frozen=True, slots=True)
class Joined:
    key: Key
    match: Match


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A condition was met; `was_open` where a set ends with it."""

    key: Key
    group: Group
    matches: tuple[Match, ...]
    was_open: bool
    event: Issued | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A set ran out of time.

    Attributes:
        missing: numbers of the event conditions that stayed open.
        deadline: when that was.
    """

    key: Key
    group: Group
    matches: tuple[Match, ...]
    missing: tuple[int, ...]
    deadline: float
    event: Issued | None


@dataclass(frozen=True, slots=True)
class Limited:
    """No set could be opened for an event: too many of the condition, or of all (R-54).

    Attributes:
        begins: the first one since there was room.
    """

    condition: str
    event: Event
    begins: bool


@dataclass(frozen=True, slots=True)
class LimitEnded:
    condition: str


@dataclass(frozen=True, slots=True)
class Ungrouped:
    """An event was not offered, because it has not the attributes that its condition groups by (R-53)."""

    condition: str
    event: Event


Decision = Opened | Joined | Succeeded | Failed | Limited | LimitEnded | Ungrouped


@dataclass(slots=True)
class _Set:
    condition: int
    group: Group
    matches: list[Match]
    deadline: float
    is_over: bool = False


@dataclass(slots=True)
class _Running:
    """What is in progress for one condition: its sets by group, the oldest one first."""

    condition: Condition
    groups: dict[Group, list[_Set]] = field(default_factory=dict)
    count: int = 0
    is_limited: bool = False


class Engine:
    """Carries a definition out.

    Args:
        belongs: says which host is of which business group, now.
        is_mine: whether this engine has the sets of a condition and a group; for one of several partitions.
        most: sets of all conditions together.
    """

    def __init__(
        self,
        definition: Definition,
        belongs: Belongs = nobody_belongs,
        is_mine: Callable[[str, Group], bool] | None = None,
        most: int = ALL_SETS_MOST,
    ) -> None:
        self._running = [_Running(condition) for condition in definition.conditions]
        self._matcher = Matcher(definition.conditions, belongs)
        self._is_mine = is_mine
        self._most = most
        self._count = 0
        self._deadlines: list[tuple[float, int, int, _Set]] = []  # deadline, opening SEQNO, condition

    # -- what is held

    def sets(self) -> Iterator[Held]:
        """The sets in progress; those of a condition in the order in which they were opened."""
        for running in self._running:
            found = [each for sets in running.groups.values() for each in sets]
            for each in sorted(found, key=lambda each: each.matches[0][1].number):
                yield Held(running.condition.name, each.group, tuple(each.matches))

    def resume(self, held: Iterable[Held]) -> None:
        """Goes on with sets of an earlier engine; those of conditions that are not there are left out."""
        numbers = {running.condition.name: n for n, running in enumerate(self._running)}
        for each in sorted(held, key=lambda each: each.matches[0][1].number):
            number = numbers.get(each.condition)
            if number is not None and (self._is_mine is None or self._is_mine(each.condition, each.group)):
                self._add(number, each.group, list(each.matches))

    def _add(self, number: int, group: Group, matches: list[Match]) -> _Set:
        running, first = self._running[number], matches[0][1]
        made = _Set(number, group, matches, first.arrived + running.condition.timeout_s)
        running.groups.setdefault(group, []).append(made)
        running.count += 1
        self._count += 1
        heappush(self._deadlines, (made.deadline, first.number, number, made))
        return made

    def _remove(self, old: _Set) -> None:
        running = self._running[old.condition]
        sets = running.groups[old.group]
        sets.remove(old)
        if not sets:
            del running.groups[old.group]
        old.is_over = True
        running.count -= 1
        self._count -= 1

    # -- time

    def expire(self, now: float) -> list[Decision]:
        """What has failed by `now`, agent time; a set may be completed until its deadline, that included."""
        if not self._deadlines or self._deadlines[0][0] >= now:
            return []
        decisions: list[Decision] = []
        while self._deadlines and self._deadlines[0][0] < now:
            *_, number, old = heappop(self._deadlines)
            if old.is_over:
                continue
            running = self._running[number]
            self._remove(old)
            matches = tuple(old.matches)
            event = issued(running.condition, matches, old.deadline, is_success=False)
            key = running.condition.name, matches[0][1].number
            missing = _missing(running.condition, matches)
            decisions.append(Failed(key, old.group, matches, missing, old.deadline, event))
            decisions += self._room(running)
        return decisions

    @property
    def next_deadline(self) -> float | None:
        """When something fails next, unless it is completed; None while nothing is in progress."""
        while self._deadlines and self._deadlines[0][3].is_over:
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
        self, running: _Running, number: int, cons: Sequence[int], event: Event, decisions: list[Decision]
    ) -> None:
        condition = running.condition
        if event.chain and (condition.name in event.chain or len(event.chain) >= CHAIN_MOST):
            return
        group: Group = ()
        if condition.same_attribute:
            values = [event.attributes.get(name) for name in condition.same_attribute]
            group = tuple(value for value in values if value is not None)
            if len(group) < len(values):
                decisions.append(Ungrouped(condition.name, event))
                return
        if self._is_mine is not None and not self._is_mine(condition.name, group):
            return
        for held in running.groups.get(group, ()):
            con = _place(condition, held.matches, cons)
            if con is not None:
                decisions += self._join(running, held, (con, event))
                return
        con = _opening(condition, cons)
        if con is not None:
            decisions += self._open(running, number, group, (con, event))

    def _open(self, running: _Running, number: int, group: Group, match: Match) -> Iterator[Decision]:
        condition, (_, event) = running.condition, match
        if _is_met(condition, (match,)):
            yield self._success(running, group, (match,), was_open=False)
        elif running.count >= condition.most_sets or self._count >= self._most:
            yield Limited(condition.name, event, not running.is_limited)
            running.is_limited = True
        else:
            made = self._add(number, group, [match])
            yield Opened((condition.name, event.number), group, match, made.deadline)

    def _join(self, running: _Running, held: _Set, match: Match) -> Iterator[Decision]:
        held.matches.append(match)
        key = running.condition.name, held.matches[0][1].number
        if not _is_met(running.condition, held.matches):
            yield Joined(key, match)
            return
        self._remove(held)
        yield self._success(running, held.group, tuple(held.matches), was_open=True)
        yield from self._room(running)

    def _success(
        self, running: _Running, group: Group, matches: tuple[Match, ...], *, was_open: bool
    ) -> Succeeded:
        key = running.condition.name, matches[0][1].number
        event = issued(running.condition, matches, matches[-1][1].arrived, is_success=True)
        return Succeeded(key, group, matches, was_open, event)

    @staticmethod
    def _room(running: _Running) -> Iterator[Decision]:
        """A set has ended; where none could be opened before, there is room again."""
        if running.is_limited:
            running.is_limited = False
            yield LimitEnded(running.condition.name)


def _is_met(condition: Condition, matches: Sequence[Match]) -> bool:
    most = condition.threshold if condition.kind is Kind.THRESHOLD else len(condition.cons)
    return len(matches) >= most


def _place(condition: Condition, matches: Sequence[Match], cons: Sequence[int]) -> int | None:
    """The event condition of a set that an event fills, the first one in the order of the file (R-52)."""
    if condition.kind is Kind.THRESHOLD:
        return cons[0]
    if condition.kind is Kind.SEQUENCE:
        return len(matches) if len(matches) in cons else None
    taken = {con for con, _ in matches}
    return next((con for con in cons if con not in taken), None)


def _opening(condition: Condition, cons: Sequence[int]) -> int | None:
    """The event condition by which an event opens a set: of a sequence the first one only (R-51)."""
    if condition.kind is Kind.SEQUENCE:
        return 0 if 0 in cons else None
    return cons[0]


def _missing(condition: Condition, matches: Sequence[Match]) -> tuple[int, ...]:
    if condition.kind is Kind.THRESHOLD:
        return ()
    taken = {con for con, _ in matches}
    return tuple(con for con in range(len(condition.cons)) if con not in taken)
