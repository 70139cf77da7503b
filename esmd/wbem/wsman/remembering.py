"""Requests that differ only in their MessageID are not parsed again (docs/adr/0005)."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import replace

from esmd.wbem.wsman.envelope import Envelope
from openesm.text import Language

KEPT = 128
BYTES_MOST = 8192
# nothing in the text means anything to XML, so that another such text in its place changes nothing else
_MESSAGE_ID = re.compile(rb"(<(?:\w+:)?MessageID(?: [^<>]*)?>)([A-Za-z0-9:._-]{1,100})</")


class Remembered:
    """The last requests in UTF-8, by their bytes without the MessageID."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[bytes, bytes, Language], Envelope] = OrderedDict()

    def find(self, body: bytes, language: Language) -> Envelope | None:
        """The request, if one like it was here before."""
        match = _MESSAGE_ID.search(body, 0, BYTES_MOST)
        if match is None:
            return None
        known = self._kept.get((body[: match.start(2)], body[match.end(2) :], language))
        return None if known is None else replace(known, message_id=match[2].decode("ascii"))

    def keep(self, body: bytes, language: Language, request: Envelope) -> None:
        """Remembers a request, unless it is large, has secrets, or the word stands in it more than once."""
        match = _MESSAGE_ID.search(body, 0, BYTES_MOST)
        if (
            match is None
            or len(body) > BYTES_MOST
            or body.count(b"MessageID") != 2
            or match[2].decode("ascii") != request.message_id
            or request.encoding != "utf-8"
            or request.issued_tokens is not None
        ):
            return
        self._kept[body[: match.start(2)], body[match.end(2) :], language] = request
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
