"""An event that somebody else gives: checked, and completed with what every event has."""

from __future__ import annotations

from collections.abc import Mapping

from indications.correlation.attributes import Piece
from indications.correlation.event import full_id
from indications.correlation.limits import DEFAULT_ID, EVENT_BYTES_MOST, VALUE_BYTES_MOST
from indications.correlation.wrong import DefinitionError, Place
from openesm.text import Message

SENDER = "E.ESM_SENDER"
_OURS = frozenset({"B.SEQNO", "B.ARRIVEDTIME", SENDER})


class GivenError(ValueError):
    """It is no event; `message` says why."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


def given_event(given: object, system_name: str, at: float, sender: str) -> Mapping[str, str]:
    """The attributes of the event.

    Args:
        given: names and texts, as in a definition: `B.MESSAGE`, `E.SEVERITY`.
        at: now, epoch seconds; the time of an event that tells none.
        sender: name of the user who gives it.

    Raises:
        GivenError: it has no attributes, or one of them cannot be.
    """
    if not isinstance(given, Mapping) or not given:
        raise _wrong("no-attributes")
    attributes: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise _wrong("no-text", name=name)
        _check(name, value)
        attributes[name] = value
    if sum(len(name) + len(value.encode()) for name, value in attributes.items()) > EVENT_BYTES_MOST:
        raise _wrong("long-event", most=EVENT_BYTES_MOST)
    try:
        attributes["B.ID"] = full_id(attributes.get("B.ID", DEFAULT_ID))
    except ValueError as wrong:
        raise GivenError(Message.of("correlation.bad-id", value=attributes["B.ID"])) from wrong
    host = attributes.setdefault("B.SOURCESERVER", system_name)
    attributes.setdefault("B.DESTSERVER", system_name)
    attributes.setdefault("E.JP1_SOURCEHOST", host)
    attributes.setdefault("B.TIME", str(int(at)))
    attributes[SENDER] = sender
    return attributes


def _check(name: str, value: str) -> None:
    try:
        Piece(name, Place("", 1, 1)).attribute()
    except DefinitionError as wrong:
        raise GivenError(wrong.wrong[0].reason) from wrong
    if name in _OURS:
        raise _wrong("own-attribute", name=name)
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise _wrong("no-text", name=name)
    if len(value.encode()) > VALUE_BYTES_MOST:
        raise _wrong("long-attribute-value", name=name, most=VALUE_BYTES_MOST)


def _wrong(key: str, **args: object) -> GivenError:
    return GivenError(Message.of(f"correlation.{key}", **args))
