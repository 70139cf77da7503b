"""Attribute conditions and assignments, as a line of a definition file spells them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from indications.correlation.definition import Assignment, AttributeCondition, Operator, Variable
from indications.correlation.event import full_id
from indications.correlation.issuing import OWN
from indications.correlation.limits import (
    ATTRIBUTE_CONDITIONS_MOST,
    EXTENDED_NAME_BYTES_MOST,
    USER_IDS,
    VALUE_BYTES_MOST,
    VALUES_BYTES_MOST,
)
from indications.correlation.wrong import DefinitionError, Place
from openesm import patterns

_BASIC = """
SEQNO ID IDEXT REASON PROCESSID TIME ARRIVEDTIME USERID GROUPID USERNAME GROUPNAME SOURCESERVER DESTSERVER
SOURCEIPADDR DESTIPADDR SOURCESEQNO CODESET MESSAGE TYPE
"""
BASIC = frozenset(_BASIC.split())
HOSTS = frozenset({"B.SOURCESERVER", "B.DESTSERVER", "E.JP1_SOURCEHOST"})
"""Attributes whose value may be the path of a business group (R-60)."""

_ATTRIBUTE = re.compile(r"(?:B\.[A-Z]+|E\.[A-Z][A-Z0-9_]*)\Z")
_HEAD = re.compile(r"([^=!^<>*,;:\"]*?)[ \t]*(==|!=|\^=|>=|<=|\*=|[=!^<>*+~]+)[ \t]*")
_VARIABLE = re.compile(r"\$EV([0-9]*)(?:_([BE]\.[A-Z0-9_]*))?")
_OPERATORS = {each.value for each in Operator}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line, and where it stands."""

    text: str
    place: Place

    @property
    def end(self) -> Place:
        return self.place.after(len(self.text))

    def attribute(self) -> str:
        """The attribute that it names.

        Raises:
            DefinitionError: it names none.
        """
        name = self.text
        if not _ATTRIBUTE.match(name):
            raise DefinitionError.of(self.place, "bad-attribute", name=name)
        if name.startswith("B.") and name[2:] not in BASIC:
            raise DefinitionError.of(self.place, "no-basic-attribute", name=name)
        if len(name) - 2 > EXTENDED_NAME_BYTES_MOST:
            raise DefinitionError.of(self.place, "long-attribute", most=EXTENDED_NAME_BYTES_MOST)
        return name


def split(value: Piece, separator: str = ",") -> list[Piece]:
    """The pieces between separators that stand outside quotes, without the blanks around them.

    Raises:
        DefinitionError: a quote has no end.
    """
    pieces, start, quoted, at, text = list[Piece](), 0, -1, 0, value.text
    while at < len(text):
        character = text[at]
        if quoted >= 0 and character == "\\" and text[at + 1 : at + 2] == '"':
            at += 1
        elif character == '"':
            quoted = -1 if quoted >= 0 else at
        elif character == separator and quoted < 0:
            pieces.append(_stripped(value, start, at))
            start = at + 1
        at += 1
    if quoted >= 0:
        raise DefinitionError.of(value.place.after(quoted), "open-quote")
    return [*pieces, _stripped(value, start, at)]


def _stripped(value: Piece, start: int, end: int) -> Piece:
    text = value.text[start:end]
    left = len(text) - len(text.lstrip(" \t"))
    return Piece(text.strip(" \t"), value.place.after(start + left))


def attribute_conditions(pieces: Sequence[Piece]) -> tuple[AttributeCondition, ...]:
    """`attribute op value{;value}`, each a piece.

    Raises:
        DefinitionError: one of them is wrong, or they are too many or too long together.
    """
    if len(pieces) > ATTRIBUTE_CONDITIONS_MOST:
        place = pieces[ATTRIBUTE_CONDITIONS_MOST].place
        raise DefinitionError.of(place, "too-many-comparisons", most=ATTRIBUTE_CONDITIONS_MOST)
    found = tuple(map(_attribute_condition, pieces))
    total = sum(len(value.encode()) for each in found for value in each.values)
    if total > VALUES_BYTES_MOST:
        raise DefinitionError.of(pieces[0].place, "long-values", most=VALUES_BYTES_MOST)
    return found


def _attribute_condition(piece: Piece) -> AttributeCondition:
    if not piece.text:
        raise DefinitionError.of(piece.place, "no-comparison")
    head = _HEAD.match(piece.text)
    if head is None:
        raise DefinitionError.of(piece.place, "no-operator")
    attribute = Piece(head[1], piece.place).attribute()
    if head[2] not in _OPERATORS:
        raise DefinitionError.of(piece.place.after(head.start(2)), "bad-operator", operator=head[2])
    operator = Operator(head[2])
    rest = Piece(piece.text[head.end() :], piece.place.after(head.end()))
    values = [_value(each) for each in split(rest, ";")]
    for value, each in zip(values, split(rest, ";"), strict=True):
        _check_value(attribute, operator, value, each.place)
    is_group = attribute in HOSTS and any(value.startswith("/") for value in values)
    if is_group and not all(value.startswith("/") for value in values):
        raise DefinitionError.of(rest.place, "mixed-groups")
    if is_group and operator not in (Operator.EQUAL, Operator.DIFFERENT):
        raise DefinitionError.of(piece.place.after(head.start(2)), "group-operator", operator=operator)
    if attribute == "B.ID" and operator in (Operator.EQUAL, Operator.DIFFERENT):
        values = [full_id(value) for value in values]
    return AttributeCondition(attribute, operator, tuple(values), is_group)


def _check_value(attribute: str, operator: Operator, value: str, place: Place) -> None:
    if len(value.encode()) > VALUE_BYTES_MOST:
        raise DefinitionError.of(place, "long-value", most=VALUE_BYTES_MOST)
    if operator is Operator.MATCHES:
        try:
            patterns.check(value)
        except patterns.PatternError as wrong:
            raise DefinitionError.of(place, "bad-pattern", reason=wrong) from wrong
    if attribute == "B.ID" and operator in (Operator.EQUAL, Operator.DIFFERENT):
        try:
            full_id(value)
        except ValueError:
            raise DefinitionError.of(place, "bad-id", value=value) from None


def _value(piece: Piece) -> str:
    """A value, quoted or bare.

    Raises:
        DefinitionError: it is empty, or something stands beside the quotes.
    """
    text = piece.text
    if not text:
        raise DefinitionError.of(piece.place, "empty-value")
    if '"' not in text:
        return text
    if not text.startswith('"'):
        raise DefinitionError.of(piece.place.after(text.index('"')), "stray-quote")
    inner, at = list[str](), 1
    while text[at] != '"':
        if text[at] == "\\" and text[at + 1] == '"':
            at += 1
        inner.append(text[at])
        at += 1
    if at != len(text) - 1:
        raise DefinitionError.of(piece.place.after(at + 1), "stray-quote")
    return "".join(inner)


def assignments(
    pieces: Sequence[Piece],
) -> tuple[tuple[Assignment, ...], list[tuple[int, Place]]]:
    """`attribute:value`, each a piece; and the CIDs that their variables name.

    Raises:
        DefinitionError: one of them is wrong.
    """
    found: list[Assignment] = []
    variables: list[tuple[int, Place]] = []
    for piece in pieces:
        name, colon, _ = piece.text.partition(":")
        if not colon:
            raise DefinitionError.of(piece.place, "no-assignment")
        attribute = Piece(name.strip(" \t"), piece.place).attribute()
        rest = piece.text[len(name) + 1 :]
        value = Piece(
            rest.strip(" \t"), piece.place.after(len(name) + 1 + len(rest) - len(rest.lstrip(" \t")))
        )
        if attribute in OWN or attribute in ("B.SEQNO", "B.ARRIVEDTIME"):
            raise DefinitionError.of(piece.place, "fixed-attribute", name=attribute)
        if any(each.attribute == attribute for each in found):
            raise DefinitionError.of(piece.place, "attribute-twice", name=attribute)
        found.append(_assignment(attribute, value, variables))
    return tuple(found), variables


def _assignment(attribute: str, piece: Piece, variables: list[tuple[int, Place]]) -> Assignment:
    text = _value(piece)
    if len(text.encode()) > VALUE_BYTES_MOST:
        raise DefinitionError.of(piece.place, "long-value", most=VALUE_BYTES_MOST)
    pieces: list[str | Variable] = []
    at = 0
    shift = 1 if piece.text.startswith('"') else 0
    for match in _VARIABLE.finditer(text):
        place = piece.place.after(shift + match.start())
        if not match[1] or not match[2] or not _ATTRIBUTE.match(match[2]):
            raise DefinitionError.of(place, "bad-variable", text=match[0])
        variables.append((int(match[1]), place))
        pieces += [text[at : match.start()], Variable(int(match[1]), match[2])]
        at = match.end()
    pieces.append(text[at:])
    if attribute == "B.ID" and not _VARIABLE.search(text):
        return Assignment(attribute, (_issued_id(text, piece.place),))
    return Assignment(attribute, tuple(each for each in pieces if each != ""))


def _issued_id(text: str, place: Place) -> str:
    try:
        known = full_id(text)
    except ValueError:
        raise DefinitionError.of(place, "bad-id", value=text) from None
    if not any(low <= int(known[:8], 16) <= high for low, high in USER_IDS):
        raise DefinitionError.of(place, "foreign-id", value=text)
    return known
