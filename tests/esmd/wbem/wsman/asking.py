"""WS-Management without sockets: requests as text, answers as elements."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from esmd.auth.principal import Principal
from esmd.wbem.connection import Response
from esmd.wbem.http1 import Head
from esmd.wbem.wsman.eventing import Eventing
from esmd.wbem.wsman.fetching import Fetching
from esmd.wbem.wsman.names import (
    ADDRESSING,
    ANONYMOUS,
    BINDING,
    COMMON,
    ENUMERATION,
    EVENTING,
    IDENTITY,
    INSTANCE,
    SOAP,
    TRANSFER,
    WSMAN,
)
from esmd.wbem.wsman.service import WsmanService
from tests.esmd.wbem.small import ADMIN, World

DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
SPACES = {
    "s": SOAP,
    "a": ADDRESSING,
    "x": TRANSFER,
    "e": ENUMERATION,
    "v": EVENTING,
    "w": WSMAN,
    "b": BINDING,
    "i": IDENTITY,
    "cim": COMMON,
    "xsi": INSTANCE,
}
DECLARED = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items())


def envelope(header: str, body: str) -> str:
    return f"<s:Envelope{DECLARED}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"


def request(
    action: str,
    body: str = "",
    *,
    uri: str = f"{DMTF}/T_Thing",
    selectors: dict[str, str] | None = None,
    namespace: str = "root/test",
    more: str = "",
    message_id: str = "uuid:AAAA-1",
    without: str = "",
) -> str:
    """A request with what every one needs; `without` names a header that is left out."""
    chosen = {"__cimnamespace": namespace, **(selectors or {})} if namespace else selectors or {}
    picked = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in chosen.items())
    headers = {
        "Action": f'<a:Action s:mustUnderstand="true">{action}</a:Action>',
        "To": "<a:To>https://localhost:5986/wsman</a:To>",
        "MessageID": f"<a:MessageID>{message_id}</a:MessageID>",
        "ReplyTo": f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>",
        "ResourceURI": f"<w:ResourceURI>{uri}</w:ResourceURI>",
        "SelectorSet": f"<w:SelectorSet>{picked}</w:SelectorSet>" if picked else "",
    }
    return envelope("".join(text for name, text in headers.items() if name != without) + more, body)


@dataclass
class Answer:
    """An answer taken apart."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def text(self) -> str:
        body = self.response.body
        return body.decode("utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")

    @property
    def root(self) -> Element:
        return ElementTree.fromstring(self.text.partition("?>")[2])

    def find(self, path: str) -> Element:
        found = self.root.find(path, SPACES)
        assert found is not None, self.text
        return found

    def all(self, path: str) -> list[Element]:
        return self.root.findall(path, SPACES)

    def value(self, path: str) -> str:
        return self.find(path).text or ""

    @property
    def body(self) -> Element:
        return next(iter(self.find("s:Body")))

    @property
    def fault(self) -> tuple[str, str]:
        """Subcode and the end of the detail."""
        subcode = self.root.find("s:Body/s:Fault/s:Code/s:Subcode/s:Value", SPACES)
        detail = self.root.find("s:Body/s:Fault/s:Detail/w:FaultDetail", SPACES)
        return (
            "" if subcode is None else subcode.text or "",
            "" if detail is None else (detail.text or "").rpartition("/")[2],
        )


class Manager:
    """Somebody who asks."""

    def __init__(
        self,
        world: World | None = None,
        who: Principal = ADMIN,
        events: tuple[Eventing, Fetching] | None = None,
    ) -> None:
        self.world = world or World()
        self.service = WsmanService(cast(Any, None), self.world.operations, self.world.repository, events)
        self.who = who

    def ask(self, text: str | bytes, *, language: str = "", who: Principal | None = None) -> Answer:
        return asyncio.run(self.asking(text, language=language, who=who))

    async def asking(self, text: str | bytes, *, language: str = "", who: Principal | None = None) -> Answer:
        fields = {"accept-language": language} if language else {}
        head = Head("POST", "/wsman", 1, fields)
        body = text if isinstance(text, bytes) else text.encode()
        answer = self.service.answer(head, who or self.who, body)
        return Answer(answer if isinstance(answer, Response) else await answer)
