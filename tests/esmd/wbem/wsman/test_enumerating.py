"""Enumerate, Pull and Release: contexts, modes, filters, and batches that fit."""

from __future__ import annotations

from typing import Any

import pytest

from esmd.wbem.wsman import contexts
from esmd.wbem.wsman.names import (
    ASSOCIATION_DIALECT,
    CQL_DIALECT,
    ENUMERATE,
    PULL,
    RELEASE,
    SELECTOR_DIALECT,
    WQL_DIALECT,
    XPATH_DIALECT,
)
from tests.esmd.wbem.small import VIEWER, World
from tests.esmd.wbem.wsman.asking import DMTF, SPACES, Answer, Manager, request

ALL = "http://schemas.dmtf.org/wbem/wscim/1/*"
ITEM, ID = "{*}T_Thing", "{*}Id"
ALL_AT_ONCE = "<w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements>"


@pytest.fixture
def manager() -> Manager:
    return Manager()


def enumerate_(inner: str = "", **how: Any) -> str:
    return request(ENUMERATE, f"<e:Enumerate>{inner}</e:Enumerate>", **how)


def pull(context: str, inner: str = "", **how: Any) -> str:
    body = f"<e:Pull><e:EnumerationContext>{context}</e:EnumerationContext>{inner}</e:Pull>"
    return request(PULL, body, **how)


def context_of(answer: Answer) -> str:
    return answer.value("s:Body/*/e:EnumerationContext")


def ids(answer: Answer) -> list[str | None]:
    return [found.text for found in answer.all(f".//{ITEM}/{ID}")]


def test_one_by_one(manager: Manager) -> None:
    """The context is dropped with the last item: clients go by it alone (wsman.md 7)."""
    answer = manager.ask(enumerate_())
    context, seen = context_of(answer), []
    assert answer.all(".//w:Items") == []
    while context:
        answer = manager.ask(pull(context))
        seen += ids(answer)
        found = answer.all("s:Body/*/e:EnumerationContext")
        context = found[0].text or "" if found else ""
    assert seen == ["one", "two"]
    assert answer.all("s:Body/*/e:EndOfSequence")
    assert len(manager.service._enumerating.contexts) == 0


def test_optimized(manager: Manager) -> None:
    answer = manager.ask(enumerate_("<w:OptimizeEnumeration/><w:MaxElements>10</w:MaxElements>"))
    assert ids(answer) == ["one", "two"]
    assert context_of(answer) == ""
    assert answer.all("s:Body/*/w:EndOfSequence")
    assert manager.service.contexts == 0
    answer = manager.ask(enumerate_("<w:OptimizeEnumeration/>"))
    assert ids(answer) == ["one"]
    rest = manager.ask(pull(context_of(answer), "<e:MaxElements>10</e:MaxElements>"))
    assert ids(rest) == ["two"]


def test_nothing_there(manager: Manager) -> None:
    manager.world.things.clear()
    answer = manager.ask(enumerate_())
    answer = manager.ask(pull(context_of(answer)))
    assert answer.find("s:Body/*/e:Items") is not None
    assert answer.all("s:Body/*/e:EndOfSequence")
    answer = manager.ask(enumerate_("<w:OptimizeEnumeration/>"))
    assert answer.find("s:Body/*/w:Items") is not None


def test_counts(manager: Manager) -> None:
    more = "<w:RequestTotalItemsCountEstimate/>"
    answer = manager.ask(enumerate_(more=more))
    assert answer.value("s:Header/w:TotalItemsCountEstimate") == "2"
    answer = manager.ask(pull(context_of(answer), more=more))
    assert answer.value("s:Header/w:TotalItemsCountEstimate") == "2"


@pytest.mark.parametrize(
    ("mode", "objects", "references"),
    [("EnumerateEPR", 0, 2), ("EnumerateObjectAndEPR", 2, 2)],
)
def test_modes(manager: Manager, mode: str, objects: int, references: int) -> None:
    inner = f"{ALL_AT_ONCE}<w:EnumerationMode>{mode}</w:EnumerationMode>"
    answer = manager.ask(enumerate_(inner))
    assert len(answer.all(f".//{ITEM}")) == objects
    found = answer.all(".//a:EndpointReference")
    assert len(found) == references
    assert found[0].findtext(".//{*}Selector[@Name='Id']") == "one"


@pytest.mark.parametrize(
    ("shape", "classes", "has_extra"),
    [
        pytest.param("IncludeSubClassProperties", ["T_All", "T_All", "T_More"], True, id="include"),
        pytest.param("ExcludeSubClassProperties", ["T_All", "T_All", "T_All"], False, id="exclude"),
        pytest.param("None", ["T_All", "T_All"], False, id="none"),
    ],
)
def test_polymorphism(manager: Manager, shape: str, classes: list[str], has_extra: bool) -> None:
    inner = f"{ALL_AT_ONCE}<b:PolymorphismMode>{shape}</b:PolymorphismMode>"
    answer = manager.ask(enumerate_(inner, uri=f"{DMTF}/T_All"))
    items = list(answer.find(".//w:Items"))
    assert [item.tag.rpartition("}")[2] for item in items] == classes
    assert ("Extra" in answer.text) == has_extra


@pytest.mark.parametrize(
    ("dialect", "text", "uri", "found"),
    [
        pytest.param(WQL_DIALECT, "select * from T_Thing where Level = 2", ALL, ["two"], id="WQL"),
        pytest.param(CQL_DIALECT, "SELECT * FROM T_Thing WHERE Level = 1", ALL, ["one"], id="CQL"),
        pytest.param(XPATH_DIALECT, 'Note = "second"', f"{DMTF}/T_Thing", ["two"], id="XPath"),
        pytest.param(
            "", "../T_Thing[Level &gt; 1 or Note='first']", f"{DMTF}/T_Thing", ["one", "two"], id="default"
        ),
        pytest.param(XPATH_DIALECT, "Level &gt;= 2 and (Level &lt; 3)", f"{DMTF}/T_Thing", ["two"], id="and"),
        pytest.param(XPATH_DIALECT, "Tags", f"{DMTF}/T_Thing", ["one", "two"], id="there at all"),
        pytest.param(
            SELECTOR_DIALECT,
            '<w:SelectorSet><w:Selector Name="Level">2</w:Selector></w:SelectorSet>',
            f"{DMTF}/T_Thing",
            ["two"],
            id="selectors",
        ),
    ],
)
def test_filters(manager: Manager, dialect: str, text: str, uri: str, found: list[str]) -> None:
    named = f' Dialect="{dialect}"' if dialect else ""
    inner = f"{ALL_AT_ONCE}<w:Filter{named}>{text}</w:Filter>"
    answer = manager.ask(enumerate_(inner, uri=uri))
    assert answer.status == 200, answer.text
    assert ids(answer) == found


def test_associations(manager: Manager) -> None:
    source = (
        "<b:Object><a:Address>x</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{DMTF}/T_Thing</w:ResourceURI><w:SelectorSet>"
        '<w:Selector Name="Id">one</w:Selector><w:Selector Name="__cimnamespace">root/test</w:Selector>'
        "</w:SelectorSet></a:ReferenceParameters></b:Object>"
    )
    joining = "<b:AssociationClassName>T_Peer</b:AssociationClassName>"
    wanted = f"<b:AssociatedInstances>{source}{joining}</b:AssociatedInstances>"
    inner = f'{ALL_AT_ONCE}<w:Filter Dialect="{ASSOCIATION_DIALECT}">{wanted}</w:Filter>'
    assert ids(manager.ask(enumerate_(inner, uri=ALL))) == ["two"]
    inner = inner.replace("AssociatedInstances", "AssociationInstances").replace(
        "AssociationClassName", "ResultClassName"
    )
    answer = manager.ask(enumerate_(inner, uri=ALL))
    assert len(answer.all(".//{*}T_Peer")) == 2
    assert len(answer.all(".//a:ReferenceParameters")) == 4


@pytest.mark.parametrize(
    ("inner", "uri", "fault"),
    [
        pytest.param("", ALL, ("wsman:UnsupportedFeature", "FilteringRequired"), id="all classes unfiltered"),
        pytest.param("", f"{DMTF}/T_None", ("wsa:DestinationUnreachable", "InvalidResourceURI"), id="class"),
        pytest.param(
            '<w:Filter Dialect="urn:x">a</w:Filter>',
            f"{DMTF}/T_Thing",
            ("wsen:FilterDialectRequestedUnavailable", ""),
            id="dialect",
        ),
        pytest.param(
            f'<w:Filter Dialect="{WQL_DIALECT}">select</w:Filter>',
            ALL,
            ("wsen:CannotProcessFilter", ""),
            id="no query",
        ),
        pytest.param(
            "<w:Filter>a=1</w:Filter><e:Filter>a=1</e:Filter>",
            f"{DMTF}/T_Thing",
            ("wsen:CannotProcessFilter", ""),
            id="two filters",
        ),
        pytest.param(
            "<w:EnumerationMode>All</w:EnumerationMode>",
            f"{DMTF}/T_Thing",
            ("wsman:UnsupportedFeature", "EnumerationMode"),
            id="mode",
        ),
        pytest.param(
            "<b:PolymorphismMode>Some</b:PolymorphismMode>",
            f"{DMTF}/T_Thing",
            ("wsmb:PolymorphismModeNotSupported", ""),
            id="polymorphism",
        ),
        pytest.param(
            "<w:OptimizeEnumeration/><w:MaxElements>0</w:MaxElements>",
            f"{DMTF}/T_Thing",
            ("wsman:SchemaValidationError", ""),
            id="none at a time",
        ),
        pytest.param(
            "<e:Expires>P-1D</e:Expires>", f"{DMTF}/T_Thing", ("wsen:InvalidExpirationTime", ""), id="expires"
        ),
    ],
)
def test_refused(manager: Manager, inner: str, uri: str, fault: tuple[str, str]) -> None:
    answer = manager.ask(enumerate_(inner, uri=uri))
    assert (answer.status, answer.fault) == (400, fault)


def test_batches_are_cut_to_fit(manager: Manager) -> None:
    """What does not fit stays for the next Pull; an item that never fits is a fault (wsman.md 2)."""
    for number in range(40):
        manager.world.things[f"t{number:02}"] = {"Note": "n" * 400, "Level": 1, "Tags": [], "Serial": ""}
    more = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"
    answer = manager.ask(enumerate_("<w:OptimizeEnumeration/><w:MaxElements>99</w:MaxElements>", more=more))
    seen = ids(answer)
    assert 1 < len(seen) < 20
    while context_of(answer):
        assert len(answer.response.body) <= 8192
        answer = manager.ask(pull(context_of(answer), "<e:MaxElements>99</e:MaxElements>", more=more))
        seen += ids(answer)
        if not answer.all("s:Body/*/e:EnumerationContext"):
            break
    assert len(seen) == len(set(seen)) == 42
    manager.world.things = {"big": {"Note": "n" * 9000, "Level": 1, "Tags": [], "Serial": ""}}
    manager.world.clock.seconds += 2
    answer = manager.ask(enumerate_("<w:OptimizeEnumeration/>", more=more))
    assert (answer.status, answer.fault) == (400, ("wsman:EncodingLimit", "MaxEnvelopeSize"))


def test_contexts_of_others_and_of_nobody(manager: Manager) -> None:
    """SEC-08: as if it did not exist."""
    context = context_of(manager.ask(enumerate_()))
    for wrong, who in (context, VIEWER), ("uuid:0", None), ("", None):
        answer = manager.ask(pull(wrong), who=who)
        assert (answer.status, answer.fault) == (500, ("wsen:InvalidEnumerationContext", ""))
    assert ids(manager.ask(pull(context))) == ["one"]
    body = f"<e:Release><e:EnumerationContext>{context}</e:EnumerationContext></e:Release>"
    assert manager.ask(request(RELEASE, body), who=VIEWER).status == 500
    assert manager.ask(request(RELEASE, body)).status == 200
    assert manager.ask(pull(context)).status == 500


def test_too_many_contexts(manager: Manager) -> None:
    for _ in range(contexts.MOST_PER_USER):
        assert manager.ask(enumerate_()).status == 200
    answer = manager.ask(enumerate_())
    assert (answer.status, answer.fault) == (400, ("wsman:QuotaLimit", ""))
    assert manager.ask(enumerate_(), who=VIEWER).status == 200


def test_pull_of_another_class(manager: Manager) -> None:
    context = context_of(manager.ask(enumerate_()))
    answer = manager.ask(pull(context, uri=f"{DMTF}/T_All"))
    assert answer.fault == ("wsa:MessageInformationHeaderRequired", "")


def test_ten_thousand() -> None:
    """In batches of 999, each once and in order; the context goes with the last one."""
    rows = [{"Id": f"{number:05}", "S": "x" * (number % 50)} for number in range(10_000)]
    manager = Manager(World(all_rows=list(rows)))
    uri = f"{DMTF}/T_All"
    inner = "<b:PolymorphismMode>None</b:PolymorphismMode>"
    answer, found = manager.ask(enumerate_(inner, uri=uri)), list[str | None]()
    while context := answer.root.findtext(".//e:EnumerationContext", "", SPACES):
        answer = manager.ask(pull(context, "<e:MaxElements>999</e:MaxElements>", uri=uri))
        found += [each.text for each in answer.all(".//{*}T_All/{*}Id")]
    assert found == [row["Id"] for row in rows]
    assert manager.service.contexts == 0
