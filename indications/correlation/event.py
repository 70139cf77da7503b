"""An event of the stream: what correlation reads, whatever it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ID = re.compile(r"([0-9A-Fa-f]{1,8})(?::([0-9A-Fa-f]{1,8}))?\Z")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the event log.

    Attributes:
        number: SEQNO, strictly increasing in the log.
        arrived: ARRIVEDTIME, seconds of agent time; the clock of every timeout (R-47).
        attributes: basic ones as `B.NAME`, extended ones as `E.NAME`; an event ID in its full form.
        chain: names of the generation conditions that led to it, the first one first (R-59).
    """

    number: int
    arrived: float
    attributes: Mapping[str, str] = field(hash=False)
    chain: tuple[str, ...] = ()


def full_id(text: str) -> str:
    """An event ID as it compares: eight hexadecimal digits, and eight of the extended part.

    Raises:
        ValueError: it is none.
    """
    match = _ID.match(text.strip())
    if match is None:
        raise ValueError(text)
    return f"{int(match[1], 16):08X}:{int(match[2] or '0', 16):08X}"
