"""SEC-27: what a client sent never becomes a header line of the answer."""

from __future__ import annotations

import pytest

from tests.running import RunningAgent
from tests.security.wire import call, request, wire

INJECTED = "x\r\nX-Injected: yes\r\n\r\n<html>"
KNOWN = {
    "content-type", "cimoperation", "content-length", "connection", "wbemserverresponsetime",
    "content-language", "cimerror", "ext", "man", "allow", "www-authenticate",
}  # fmt: skip


def escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("\r", "&#13;").replace("\n", "&#10;")


@pytest.mark.parametrize(
    "raw",
    [
        request(call().replace(b"ESM_Alive", escaped(INJECTED).encode())),
        request(call(message_id=escaped(INJECTED))),
        request(call(namespace=f"root/{escaped(INJECTED)}"), CIMObject="root/x%0d%0aX-Injected:%20yes"),
        request(CIMMethod="Enumerate%0d%0aX-Injected:%20yes"),
        request(line="POST /%0d%0aX-Injected:%20yes HTTP/1.1"),
        request(extra=["Accept-Language: en%0d%0aX-Injected: yes"]),
        request(CIMProtocolVersion="1.0%0d%0aX-Injected: yes"),
    ],
    ids=["class name", "message ID", "namespace", "CIMMethod", "URL", "language", "version"],
)
def test_sec_27_nothing_is_injected(agent: RunningAgent, raw: bytes) -> None:
    with wire(agent) as connection:
        answer = connection.send(raw).answer()
        assert answer is not None
        assert set(answer.headers) <= KNOWN
        assert b"\r\nX-Injected" not in answer.body
        assert b"<html" not in answer.body
