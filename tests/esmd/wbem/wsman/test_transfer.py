"""Get, Put, Create, Delete, fragments and methods over WS-Management."""

from __future__ import annotations

import pytest

from esmd.wbem.wsman.names import CREATE, DELETE, GET, PUT
from tests.esmd.wbem.wsman.asking import DMTF, Manager, request

ONE = {"Id": "one"}
THING = f"{DMTF}/T_Thing"
WRONG = "wxf:InvalidRepresentation"


@pytest.fixture
def manager() -> Manager:
    return Manager()


def thing(inner: str, uri: str = THING, name: str = "T_Thing") -> str:
    return f'<p:{name} xmlns:p="{uri}">{inner}</p:{name}>'


def test_get(manager: Manager) -> None:
    answer = manager.ask(request(GET, selectors=ONE))
    assert answer.status == 200
    assert answer.body.tag == f"{{{THING}}}T_Thing"
    found = {child.tag.rpartition("}")[2]: child.text for child in answer.body}
    assert (found["Id"], found["Level"], found["Note"], found["Label"]) == ("one", "1", "first", "none")
    assert list(found) == sorted(found)
    assert answer.find("s:Body/*/{*}Part").get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"


def test_headers_of_an_answer(manager: Manager) -> None:
    answer = manager.ask(request(GET, selectors=ONE, message_id="uuid:Ab-C"))
    assert answer.value("s:Header/a:RelatesTo") == "uuid:Ab-C"
    assert answer.value("s:Header/a:Action") == f"{GET}Response"
    assert answer.value("s:Header/a:MessageID").startswith("uuid:")
    assert answer.text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s=')
    assert dict(answer.response.headers)["Content-Type"] == "application/soap+xml;charset=UTF-8"


@pytest.mark.parametrize(
    "uri",
    [
        f"{DMTF}/t_thing",
        "http://schemas.example.com/wbem/wscim/1/cim-schema/2/T_Thing",
        f"{DMTF}/root/test/T_Thing",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/T_Thing",
    ],
)
def test_uris_of_a_class(manager: Manager, uri: str) -> None:
    """wsman.md 4: properties are answered in the namespace of the URI that was asked with."""
    namespace = "" if "root/test" in uri else "root/test"
    answer = manager.ask(request(GET, uri=uri, selectors=ONE, namespace=namespace))
    assert answer.status == 200
    assert answer.body.tag.lower() == f"{{{uri}}}t_thing".lower()


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        pytest.param("Note", "<p:Note>first</p:Note>", id="a property"),
        pytest.param("Note/text()", "first", id="its text"),
        pytest.param("Tags[1]", "<p:Tags>x</p:Tags>", id="an item"),
        pytest.param("p:Level", "<p:Level>1</p:Level>", id="with a prefix"),
    ],
)
def test_fragments(manager: Manager, path: str, inner: str) -> None:
    more = f'<w:FragmentTransfer s:mustUnderstand="true">{path}</w:FragmentTransfer>'
    answer = manager.ask(request(GET, selectors=ONE, more=more))
    assert answer.status == 200
    assert answer.value("s:Header/w:FragmentTransfer") == path
    assert f">{inner}</wsman:XmlFragment>" in answer.text


@pytest.mark.parametrize(
    ("path", "inner", "changed"),
    [
        pytest.param("Note", "<p:Note>new</p:Note>", {"Note": "new"}, id="a property"),
        pytest.param("Note/text()", "a &lt;b", {"Note": "a <b"}, id="its text"),
        pytest.param("Note", '<p:Note xsi:nil="true"/>', {"Note": None}, id="to nothing"),
        pytest.param("Tags", "<p:Tags>a</p:Tags><p:Tags>b</p:Tags>", {"Tags": ["a", "b"]}, id="an array"),
        pytest.param("Tags[1]", "<p:Tags>y</p:Tags>", {"Tags": ["y"]}, id="an item"),
    ],
)
def test_put_fragments(manager: Manager, path: str, inner: str, changed: dict[str, object]) -> None:
    """DSP0226 7.9: what is not named stays as it is."""
    before = dict(manager.world.things["one"])
    more = f'<w:FragmentTransfer s:mustUnderstand="true">{path}</w:FragmentTransfer>'
    body = f'<w:XmlFragment xmlns:p="{THING}">{inner}</w:XmlFragment>'
    answer = manager.ask(request(PUT, body, selectors=ONE, more=more))
    assert answer.status == 200, answer.text
    assert answer.value("s:Header/w:FragmentTransfer") == path
    assert manager.world.things["one"] == {**before, **changed}


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        pytest.param("Tags[2]", "<p:Tags>y</p:Tags>", ("wsman:CannotProcessFilter", ""), id="no such item"),
        pytest.param("Nope", "<p:Nope>y</p:Nope>", ("wsman:CannotProcessFilter", ""), id="no such name"),
        pytest.param("Level", "<p:Level>x</p:Level>", (WRONG, "InvalidValues"), id="value"),
        pytest.param("Level", "<p:Note>x</p:Note>", (WRONG, "InvalidValues"), id="another property"),
        pytest.param("Level", "", (WRONG, "MissingValues"), id="nothing"),
    ],
)
def test_put_fragments_refused(manager: Manager, path: str, body: str, fault: tuple[str, str]) -> None:
    before = dict(manager.world.things["one"])
    more = f"<w:FragmentTransfer>{path}</w:FragmentTransfer>"
    inner = f'<w:XmlFragment xmlns:p="{THING}">{body}</w:XmlFragment>'
    answer = manager.ask(request(PUT, inner, selectors=ONE, more=more))
    assert (answer.status, answer.fault) == (400, fault)
    assert manager.world.things["one"] == before


def test_put_sends_back_what_it_got(manager: Manager) -> None:
    """nil with text beside it is the text; what is not writable and the same is no fault (wsman.md 6)."""
    got = manager.ask(request(GET, selectors=ONE)).text
    body = got.partition("<s:Body>")[2].partition("</s:Body>")[0]
    spaces = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:p='
    body = body.replace(" xmlns:p=", spaces, 1).replace(
        "<p:Note>first<", '<p:Note xsi:nil="true">second <&amp;><'
    )
    body = body.replace("<&amp;>", "&lt;&amp;&gt;")
    answer = manager.ask(request(PUT, body, selectors=ONE))
    assert answer.status == 200
    assert manager.world.things["one"]["Note"] == "second <&>"
    assert answer.value("s:Body/*/{*}Note") == "second <&>"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param("", (WRONG, "MissingValues"), id="nothing"),
        pytest.param(thing("", uri="urn:x"), (WRONG, "InvalidNamespace"), id="namespace"),
        pytest.param(thing("", name="T_All"), (WRONG, "InvalidNamespace"), id="class"),
        pytest.param(thing("<p:Nope>1</p:Nope>"), (WRONG, "InvalidValues"), id="name"),
        pytest.param(thing("<p:Level>x</p:Level>"), (WRONG, "InvalidValues"), id="value"),
        pytest.param(
            thing("<p:Level>1</p:Level><p:Level>2</p:Level>"),
            (WRONG, "InvalidValues"),
            id="two of one",
        ),
    ],
)
def test_put_refused(manager: Manager, body: str, fault: tuple[str, str]) -> None:
    answer = manager.ask(request(PUT, body, selectors=ONE))
    assert (answer.status, answer.fault) == (400, fault)
    assert manager.world.things["one"]["Level"] == 1


def test_create_and_delete(manager: Manager) -> None:
    answer = manager.ask(request(CREATE, thing("<p:Id>new</p:Id><p:Level>7</p:Level>")))
    assert answer.status == 200
    created = answer.find("s:Body/x:ResourceCreated")
    assert created.findtext(".//{*}Selector[@Name='Id']") == "new"
    assert manager.world.things["new"]["Level"] == 7
    again = manager.ask(request(CREATE, thing("<p:Id>new</p:Id>")))
    assert (again.status, again.fault[0]) == (400, "wsman:AlreadyExists")
    answer = manager.ask(request(DELETE, selectors={"Id": "new"}))
    assert (answer.status, len(answer.find("s:Body"))) == (200, 0)
    assert "new" not in manager.world.things


@pytest.mark.parametrize(
    ("method", "selectors", "body", "expected"),
    [
        pytest.param(
            "Scale",
            ONE,
            f'<n:Scale_INPUT xmlns:n="{THING}"><n:Total>1</n:Total><n:By>5</n:By></n:Scale_INPUT>',
            {"Total": ["6"], "Words": ["so", None], "ReturnValue": ["0"]},
            id="in any order",
        ),
        pytest.param("Count", {}, "", {"ReturnValue": ["2"]}, id="static, with an empty body"),
        pytest.param(
            "Count",
            {},
            '<Count_INPUT xmlns="urn:any"/>',
            {"ReturnValue": ["2"]},
            id="in no namespace of ours",
        ),
    ],
)
def test_invoke(
    manager: Manager, method: str, selectors: dict[str, str], body: str, expected: dict[str, list[str | None]]
) -> None:
    answer = manager.ask(request(f"{THING}/{method}", body, selectors=selectors))
    assert answer.status == 200
    assert answer.value("s:Header/a:Action") == f"{THING}/{method}Response"
    assert answer.body.tag == f"{{{THING}}}{method}_OUTPUT"
    found: dict[str, list[str | None]] = {}
    for child in answer.body:
        found.setdefault(child.tag.rpartition("}")[2], []).append(child.text)
    assert found == expected


@pytest.mark.parametrize(
    ("action", "uri", "body", "fault"),
    [
        pytest.param(f"{THING}/Nothing", THING, "", ("wsa:ActionNotSupported", ""), id="unknown method"),
        pytest.param(f"{THING}/Never", THING, "", ("wsa:ActionNotSupported", ""), id="not carried out"),
        pytest.param(
            f"{DMTF}/T_All/Scale",
            THING,
            "",
            ("wsa:ActionNotSupported", "ActionMismatch"),
            id="of another",
        ),
        pytest.param(
            f"{THING}/Scale",
            THING,
            "<Scale_INPUT><By>x</By></Scale_INPUT>",
            ("wsman:InvalidParameter", ""),
            id="wrong value",
        ),
        pytest.param(
            f"{THING}/Scale",
            THING,
            "<Scale_INPUT><Much>1</Much></Scale_INPUT>",
            ("wsman:InvalidParameter", ""),
            id="no such parameter",
        ),
        pytest.param(f"{THING}/Fails", THING, "", ("wsman:InternalError", ""), id="the provider fails"),
    ],
)
def test_invoke_refused(manager: Manager, action: str, uri: str, body: str, fault: tuple[str, str]) -> None:
    answer = manager.ask(request(action, body, uri=uri, selectors=ONE))
    assert answer.fault == fault
    assert answer.status == (500 if fault[0] == "wsman:InternalError" else 400)
