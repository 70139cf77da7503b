"""Reads a definition file; every error has its line, its column and its reason (R-5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from indications.correlation.attributes import Piece, assignments, attribute_conditions, split
from indications.correlation.definition import Condition, Definition, EventCondition, Kind
from indications.correlation.limits import (
    CID_MOST,
    CON_MOST,
    DEFINITION_MOST,
    NAME_BYTES_MOST,
    RESERVED_PREFIX,
    SAME_ATTRIBUTE_MOST,
    SETS,
    SETS_MOST,
    THRESHOLD_MOST,
    TIMEOUT_S,
    TIMEOUT_S_MOST,
)
from indications.correlation.wrong import DefinitionError, Place, Wrong
from openesm.text import Message

_TAG = re.compile(r"\[([^\[\]]*)\]\s*\Z")
_NAME = re.compile(r"[A-Za-z0-9_/-]+\Z")
_PARAMETER = re.compile(r"([A-Z_]+)[ \t]*=")
_CID = re.compile(r"CID[ \t]*:[ \t]*0*([0-9]{1,9})\Z")
_DIGITS = re.compile(r"0*([0-9]{1,9})\Z")
_VERSION_2 = frozenset({"TARGET", "SAME_ATTRIBUTE", "CORRELATION_NUM"})
_ONCE = frozenset(
    {"TARGET", "TIMEOUT", "TYPE", "SAME_ATTRIBUTE", "CORRELATION_NUM", "SUCCESS_EVENT", "FAIL_EVENT"}
)


def read(text: str, file: str) -> Definition:
    """The definition that a text spells.

    Args:
        file: its name, for errors.

    Raises:
        DefinitionError: with everything that is wrong.
    """
    reader = _Reader(file)
    for number, line in enumerate(text.split("\n"), 1):
        reader.line(number, line)
    return reader.end()


@dataclass(slots=True)
class _Block:
    """A generation condition as far as it was read."""

    name: str
    place: Place
    made: Condition
    seen: dict[str, Place] = field(default_factory=dict)
    numbers: dict[int, Place] = field(default_factory=dict)
    variables: list[tuple[int, Place]] = field(default_factory=list)


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._wrong: list[Wrong] = []
        self._version: int | None = None
        self._block: _Block | None = None
        self._done: list[Condition] = []
        self._names: dict[str, Place] = {}

    def _error(self, place: Place, key: str, **args: object) -> None:
        self._wrong.append(Wrong(place, Message.of(f"correlation.{key}", **args)))

    def line(self, number: int, line: str) -> None:
        text = line.strip(" \t\r")
        place = Place(self._file, number, line.find(text) + 1 if text else 1)
        if not text or text.startswith("#"):
            return
        if text.startswith("["):
            self._tag(place, text)
            return
        match = _PARAMETER.match(text)
        if match is None:
            self._error(place, "no-parameter")
            return
        rest = text[match.end() :]
        value = rest.lstrip(" \t")
        piece = Piece(value, place.after(match.end() + len(rest) - len(value)))
        self._parameter(match[1], place, piece)

    def _tag(self, place: Place, text: str) -> None:
        self._close()
        match = _TAG.match(text)
        name = match[1] if match else ""
        inside = place.after(1)
        if match is None:
            self._error(place, "bad-tag")
        elif not _NAME.match(name):
            self._error(inside, "bad-name", name=name)
        elif len(name.encode()) > NAME_BYTES_MOST:
            self._error(inside, "long-name", most=NAME_BYTES_MOST)
        elif name.upper().startswith(RESERVED_PREFIX):
            self._error(inside, "reserved-name", prefix=RESERVED_PREFIX)
        elif name in self._names:
            self._error(inside, "name-twice", name=name, line=self._names[name].line)
        elif len(self._names) >= DEFINITION_MOST:
            self._error(place, "too-many-conditions", most=DEFINITION_MOST)
        self._names.setdefault(name, place)
        self._block = _Block(name, place, Condition(name, (), timeout_s=TIMEOUT_S, most_sets=SETS))

    def _parameter(self, name: str, place: Place, value: Piece) -> None:
        if name == "VERSION":
            self._read_version(place, value)
            return
        block, read = self._block, _PARAMETERS.get(name)
        if read is None:
            self._error(place, "unknown-parameter", name=name)
        elif block is None:
            self._error(place, "outside", name=name)
        elif name in _VERSION_2 and self._version != 2:
            self._error(place, "needs-version-2", name=name)
        elif name in _ONCE and name in block.seen:
            self._error(place, "parameter-twice", name=name, line=block.seen[name].line)
        elif not value.text:
            self._error(value.place, "no-value", name=name)
        else:
            block.seen.setdefault(name, place)
            try:
                read(self, block, value)
            except DefinitionError as wrong:
                self._wrong += wrong.wrong

    def _read_version(self, place: Place, value: Piece) -> None:
        if self._names:
            self._error(place, "late-version")
        elif self._version is not None:
            self._error(place, "version-twice")
        elif (version := _number(value.text)) not in (1, 2):
            self._error(value.place, "bad-version", value=value.text)
        else:
            self._version = version

    # -- parameters of a generation condition

    def read_target(self, block: _Block, value: Piece) -> None:
        block.made = replace(block.made, target=attribute_conditions(split(value)))

    def read_con(self, block: _Block, value: Piece) -> None:
        if len(block.made.cons) + len(block.made.excluded) >= CON_MOST:
            raise DefinitionError.of(value.place, "too-many-cons", most=CON_MOST)
        pieces = split(value)
        first = pieces[0]
        if first.text == "NOT":
            excluded = EventCondition(attribute_conditions(pieces[1:] or (Piece("", first.end),)))
            block.made = replace(block.made, excluded=(*block.made.excluded, excluded))
            return
        number = self._number(block, first)
        if number is not None:
            pieces = pieces[1:] or [Piece("", first.end)]
        con = EventCondition(attribute_conditions(pieces), number)
        block.made = replace(block.made, cons=(*block.made.cons, con))

    @staticmethod
    def _number(block: _Block, first: Piece) -> int | None:
        if not first.text.startswith("CID"):
            return None
        match = _CID.match(first.text)
        if match is None or not 1 <= int(match[1]) <= CID_MOST:
            raise DefinitionError.of(first.place, "bad-cid", most=CID_MOST)
        number = int(match[1])
        if number in block.numbers:
            raise DefinitionError.of(first.place, "cid-twice", number=number, line=block.numbers[number].line)
        block.numbers[number] = first.place
        return number

    def read_timeout(self, block: _Block, value: Piece) -> None:
        block.made = replace(block.made, timeout_s=_whole(value, "bad-timeout", 1, TIMEOUT_S_MOST))

    def read_type(self, block: _Block, value: Piece) -> None:
        word, colon, count = value.text.partition(":")
        if word in (Kind.SEQUENCE, Kind.COMBINATION) and not colon:
            block.made = replace(block.made, kind=Kind(word))
        elif word == Kind.THRESHOLD:
            piece = Piece(count, value.place.after(len(word) + len(colon)))
            threshold = _whole(piece, "bad-threshold", 1, THRESHOLD_MOST)
            block.made = replace(block.made, kind=Kind.THRESHOLD, threshold=threshold)
        else:
            raise DefinitionError.of(value.place, "bad-type", value=value.text)

    def read_same(self, block: _Block, value: Piece) -> None:
        pieces = split(value)
        if len(pieces) > SAME_ATTRIBUTE_MOST:
            place = pieces[SAME_ATTRIBUTE_MOST].place
            raise DefinitionError.of(place, "too-many-attributes", most=SAME_ATTRIBUTE_MOST)
        names: list[str] = []
        for piece in pieces:
            name = piece.attribute()
            if name in names:
                raise DefinitionError.of(piece.place, "attribute-twice", name=name)
            names.append(name)
        block.made = replace(block.made, same_attribute=tuple(names))

    def read_sets(self, block: _Block, value: Piece) -> None:
        block.made = replace(block.made, most_sets=_whole(value, "bad-sets", 1, SETS_MOST))

    def read_success(self, block: _Block, value: Piece) -> None:
        found, variables = assignments(split(value))
        block.variables += variables
        block.made = replace(block.made, success=found)

    def read_fail(self, block: _Block, value: Piece) -> None:
        found, variables = assignments(split(value))
        block.variables += variables
        block.made = replace(block.made, fail=found)

    # -- the end

    def _close(self) -> None:
        """What can be said of a generation condition when all of it was read."""
        block, self._block = self._block, None
        if block is None:
            return
        if "CON" not in block.seen:
            self._error(block.place, "no-con", name=block.name)
        elif not block.made.cons and block.made.excluded:
            self._error(block.seen["CON"], "only-not", name=block.name)
        if not block.seen.keys() & {"SUCCESS_EVENT", "FAIL_EVENT"}:
            self._error(block.place, "no-event", name=block.name)
        for number, place in block.variables:
            if number not in block.numbers:
                self._error(place, "unknown-cid", number=number)
        self._done.append(block.made)

    def end(self) -> Definition:
        self._close()
        if self._wrong:
            raise DefinitionError(tuple(self._wrong))
        return Definition(self._version or 1, tuple(self._done))


_PARAMETERS: Mapping[str, Callable[[_Reader, _Block, Piece], None]] = {
    "TARGET": _Reader.read_target,
    "CON": _Reader.read_con,
    "TIMEOUT": _Reader.read_timeout,
    "TYPE": _Reader.read_type,
    "SAME_ATTRIBUTE": _Reader.read_same,
    "CORRELATION_NUM": _Reader.read_sets,
    "SUCCESS_EVENT": _Reader.read_success,
    "FAIL_EVENT": _Reader.read_fail,
}


def _whole(value: Piece, key: str, low: int, high: int) -> int:
    number = _number(value.text)
    if number is None or not low <= number <= high:
        raise DefinitionError.of(value.place, key, value=value.text, low=low, high=high)
    return number


def _number(text: str) -> int | None:
    """Leading zeros do not count; None where it is none, or far too large."""
    match = _DIGITS.match(text)
    return None if match is None else int(match[1])
