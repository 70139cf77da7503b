"""What was parsed once is the same request only with another MessageID, and nothing else (docs/adr/0005)."""

from __future__ import annotations

import pytest

from esmd.wbem.wsman.names import GET
from tests.esmd.wbem.small import VIEWER
from tests.esmd.wbem.wsman.asking import DMTF, Manager, request

ONE = {"Id": "one"}
FORGED = "<!-- <a:MessageID>uuid:1</a:MessageID> -->"


def test_another_message_id() -> None:
    manager = Manager()
    for message_id in ("uuid:1", "uuid:2", "uuid:A-b.c_d", "uuid:1"):
        answer = manager.ask(request(GET, selectors=ONE, message_id=message_id))
        assert (answer.status, answer.value("s:Header/a:RelatesTo")) == (200, message_id)


@pytest.mark.parametrize("message_id", ["uuid:1 ", "urn:&amp;", "ü", "x" * 200])
def test_odd_message_ids(message_id: str) -> None:
    """They are parsed each time."""
    manager = Manager()
    for each in ("uuid:1", message_id, "uuid:2"):
        answer = manager.ask(request(GET, selectors=ONE, message_id=each))
        expected = each.replace("&amp;", "&")
        assert (answer.status, answer.value("s:Header/a:RelatesTo")) == (200, expected)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_comment_is_no_header(place: str) -> None:
    manager = Manager()
    for real in ("uuid:1", "uuid:2"):
        asked = request(GET, selectors=ONE, message_id=real)
        forged = asked.replace("<s:Header>", f"<s:Header>{FORGED}") if place == "before" else asked + FORGED
        assert manager.ask(forged).value("s:Header/a:RelatesTo") == real


def test_rights_are_looked_at_each_time() -> None:
    manager = Manager()
    body = f'<p:T_Thing xmlns:p="{DMTF}/T_Thing"><p:Level>7</p:Level></p:T_Thing>'
    asked = request("http://schemas.xmlsoap.org/ws/2004/09/transfer/Put", body, selectors=ONE)
    assert manager.ask(asked).status == 200
    assert manager.ask(asked, who=VIEWER).fault[0] == "wsman:AccessDenied"


def test_the_language_belongs_to_it() -> None:
    manager = Manager()
    asked = request(GET, selectors={"Id": "none"})
    told = [manager.ask(asked, language=each).value("s:Body//s:Text") for each in ("en", "ja", "en")]
    assert told[0] == told[2] != told[1]
