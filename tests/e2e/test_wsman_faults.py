"""Every fault of WS-Management that the agent has: what causes it, its subcode, its detail, its status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

import esmd.wbem.wsman
from esmd.wbem.connection import Response
from esmd.wbem.wsman.contexts import MOST_PER_USER
from esmd.wbem.wsman.fault import RECEIVER, Fault
from esmd.wbem.wsman.names import (
    CREATE,
    DELETE,
    ENUMERATE,
    GET,
    HTTPS_BASIC,
    PULL,
    PUT,
    RELEASE,
    RENEW,
    SELECTOR_DIALECT,
    UNSUBSCRIBE,
    WQL_DIALECT,
)
from openesm.text import LANGUAGES, Language
from subscription.model import DeliveryMode
from tests.e2e.eventing import ALERTS, MODE_URIS, WQL, about, post, subscribed, subscription
from tests.esmd.wbem.wsman.asking import DMTF, Answer, Manager, envelope, request
from tests.esmd.wbem.wsman.test_envelope import COMPLY
from tests.running import PASSWORD, PROJECT, RunningAgent, running_agent

AS, INTEROP = "root/ESMPRO/AS", "root/interop"
ALIVE = f"{DMTF}/ESM_Alive"
FILTER = f"{DMTF}/CIM_IndicationFilter"
KEY = {"InstanceID": "ESM:Alive"}
OWN = {"Name": "ESM:AlertIndications"}
UNREACHABLE = "wsa:DestinationUnreachable"
NO_FRAGMENT = '<w:FragmentTransfer s:mustUnderstand="true">Name</w:FragmentTransfer>'
ELSEWHERE = "<a:Address>https://elsewhere.example/</a:Address>"
TOO_MUCH = f"<n:Tag xmlns:n='urn:test'>{'x' * 5000}</n:Tag>"
OPTIONS = "<w:OptionSet>" + '<w:Option Name="a"/>' * 65 + "</w:OptionSet>"
LONG = "a" * 9000


def alive(action: str = GET, body: str = "", **how: Any) -> str:
    return request(action, body, **{"uri": ALIVE, "selectors": KEY, "namespace": AS, **how})


def enumerating(inner: str = "", **how: Any) -> str:
    return request(ENUMERATE, f"<e:Enumerate>{inner}</e:Enumerate>", **{"uri": ALIVE, "namespace": AS, **how})


def pulling(context: str, action: str = PULL, **how: Any) -> str:
    name = action.rpartition("/")[2]
    inner = f"<e:{name}><e:EnumerationContext>{context}</e:EnumerationContext></e:{name}>"
    return request(action, inner, **{"uri": ALIVE, "namespace": AS, **how})


def wanting(to: str = "https://localhost:1/a", **how: Any) -> str:
    return subscription(to, **how)


def making(inner: str, action: str = CREATE, name: str = "CIM_IndicationFilter", **how: Any) -> str:
    body = f'<p:{name} xmlns:p="{FILTER}">{inner}</p:{name}>'
    return request(action, body, **{"uri": FILTER, "namespace": INTEROP, **how})


def named(name: str, query: str = "SELECT * FROM CIM_AlertIndication") -> str:
    return f"<p:Name>{name}</p:Name><p:Query>{query}</p:Query><p:QueryLanguage>WQL</p:QueryLanguage>"


def limited(limit: str) -> str:
    return f'<w:MaxEnvelopeSize s:mustUnderstand="true">{limit}</w:MaxEnvelopeSize>'


# what causes it, subcode, detail; the status follows from wsman.md 1 and 10
TABLE: dict[str, tuple[str | bytes, str, str]] = {
    # wsa
    "W13 an action that is none": (alive("urn:none"), "wsa:ActionNotSupported", ""),
    "wsman.md 8 an unknown method": (alive(f"{ALIVE}/None"), "wsa:ActionNotSupported", ""),
    "wsman.md 8 a method of another class": (
        alive(f"{DMTF}/ESM_PhysicalMemory/SetThresholds"),
        "wsa:ActionNotSupported",
        "ActionMismatch",
    ),
    "W13 an operation that the class has not": (alive(DELETE), "wsa:ActionNotSupported", ""),
    "W13 an unknown class": (alive(uri=f"{DMTF}/ESM_None"), UNREACHABLE, "InvalidResourceURI"),
    "W13 an unknown namespace": (alive(namespace="root/none"), UNREACHABLE, "InvalidResourceURI"),
    "W13 a URI of nothing": (alive(uri="urn:none"), UNREACHABLE, "InvalidResourceURI"),
    "W13 no ResourceURI": (alive(without="ResourceURI"), UNREACHABLE, "InvalidResourceURI"),
    "W13 no such instance": (alive(selectors={"InstanceID": "none"}), UNREACHABLE, ""),
    "wsman.md 2 no MessageID": (alive(without="MessageID"), "wsa:MessageInformationHeaderRequired", ""),
    "wsman.md 2 no Action": (alive(without="Action"), "wsa:MessageInformationHeaderRequired", ""),
    "W02 a header twice": (
        alive(more="<a:MessageID>uuid:2</a:MessageID>"),
        "wsa:InvalidMessageInformationHeader",
        "",
    ),
    "W04 a MessageID without end": (
        alive(message_id="uuid:" + "x" * 2000),
        "wsa:InvalidMessageInformationHeader",
        "",
    ),
    "W05 an OperationTimeout that is none": (
        alive(more="<w:OperationTimeout>soon</w:OperationTimeout>"),
        "wsa:InvalidMessageInformationHeader",
        "OperationTimeout",
    ),
    # wsman
    "wsman.md 5 a key that is missing": (
        alive(selectors={}),
        "wsman:InvalidSelectors",
        "InsufficientSelectors",
    ),
    "wsman.md 5 a key too many": (
        alive(selectors={**KEY, "Other": "1"}),
        "wsman:InvalidSelectors",
        "UnexpectedSelectors",
    ),
    "W02 a key twice": (
        alive(selectors={**KEY, "instanceid": "x"}),
        "wsman:InvalidSelectors",
        "DuplicateSelectors",
    ),
    "wsman.md 5 a reference to nothing": (
        alive(selectors={"InstanceID": "<a:EndpointReference/>"}),
        "wsman:InvalidSelectors",
        "TypeMismatch",
    ),
    "W13 what exists is made again": (making(named("twice")), "wsman:AlreadyExists", ""),
    "W08 an option that has to be obeyed": (alive(more=COMPLY), "wsman:InvalidOptions", "NotSupported"),
    "W08 too many options": (
        alive(more=OPTIONS),
        "wsman:InvalidOptions",
        "OptionLimit",
    ),
    "W13 a parameter that is wrong": (
        request(
            f"{DMTF}/ESM_PhysicalMemory/SetThresholds",
            "<SetThresholds_INPUT><WarningThreshold>x</WarningThreshold></SetThresholds_INPUT>",
            uri=f"{DMTF}/ESM_PhysicalMemory",
            namespace=AS,
        ),
        "wsman:InvalidParameter",
        "",
    ),
    "W15 a filter beside one that exists": (
        wanting(uri=FILTER, selectors=OWN),
        "wsman:InvalidParameter",
        "",
    ),
    "a heartbeat at no time": (
        wanting(delivery="<w:Heartbeats>often</w:Heartbeats>"),
        "wsman:InvalidParameter",
        "Heartbeats",
    ),
    "tries at no time": (
        wanting(delivery='<w:ConnectionRetry Total="x">PT1S</w:ConnectionRetry>'),
        "wsman:InvalidParameter",
        "ConnectionRetry",
    ),
    "no envelope": ("<a/>", "wsman:SchemaValidationError", ""),
    "half an envelope": ("<s:Envelope", "wsman:SchemaValidationError", ""),
    "wsman.md 7 none at a time": (
        enumerating("<w:OptimizeEnumeration/><w:MaxElements>0</w:MaxElements>"),
        "wsman:SchemaValidationError",
        "",
    ),
    "W06 a tiny envelope": (alive(more=limited("100")), "wsman:EncodingLimit", "MinimumEnvelopeLimit"),
    "W06 an answer that does not fit": (
        enumerating(
            '<w:OptimizeEnumeration/><w:Filter>Name = "long"</w:Filter>',
            uri=FILTER,
            namespace=INTEROP,
            more=limited("8192"),
        ),
        "wsman:EncodingLimit",
        "MaxEnvelopeSize",
    ),
    "reference properties that are too long": (
        wanting(properties=f"<a:ReferenceProperties>{TOO_MUCH}</a:ReferenceProperties>"),
        "wsman:EncodingLimit",
        "ServiceEnvelopeLimit",
    ),
    "W11 another encoding": (
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + alive()).encode("latin-1"),
        "wsman:EncodingLimit",
        "CharacterSet",
    ),
    "W11 bytes that are no UTF-8": (alive().encode() + b"\xff", "wsman:EncodingLimit", "CharacterSet"),
    "W03 ReplyTo elsewhere": (
        alive(without="ReplyTo", more=f"<a:ReplyTo>{ELSEWHERE}</a:ReplyTo>"),
        "wsman:UnsupportedFeature",
        "AddressingMode",
    ),
    "W03 FaultTo elsewhere": (
        alive(more=f"<a:FaultTo>{ELSEWHERE}</a:FaultTo>"),
        "wsman:UnsupportedFeature",
        "AddressingMode",
    ),
    "W03 EndTo of an Enumerate": (
        enumerating(f"<e:EndTo>{ELSEWHERE}</e:EndTo>"),
        "wsman:UnsupportedFeature",
        "AddressingMode",
    ),
    "W07 a language that has to be": (
        alive(more='<w:Locale s:mustUnderstand="true" xml:lang="de"/>'),
        "wsman:UnsupportedFeature",
        "Locale",
    ),
    "wsman.md 7 all classes without a filter": (
        enumerating(uri=f"{DMTF}/*"),
        "wsman:UnsupportedFeature",
        "FilteringRequired",
    ),
    "W09 a fragment of what is made": (
        making(named("part"), more=NO_FRAGMENT),
        "wsman:UnsupportedFeature",
        "FragmentLevelAccess",
    ),
    "wsman.md 7 an unknown mode": (
        enumerating("<w:EnumerationMode>All</w:EnumerationMode>"),
        "wsman:UnsupportedFeature",
        "EnumerationMode",
    ),
    "credentials of another kind": (
        wanting(delivery='<w:Auth Profile="urn:other"/>'),
        "wsman:UnsupportedFeature",
        "AuthorizationMode",
    ),
    "wsman.md 6 a fragment that is none": (
        alive(more="<w:FragmentTransfer>//x</w:FragmentTransfer>"),
        "wsman:CannotProcessFilter",
        "",
    ),
    "wsman.md 6 a fragment in another dialect": (
        alive(more='<w:FragmentTransfer Dialect="urn:x">Name</w:FragmentTransfer>'),
        "wsman:CannotProcessFilter",
        "FragmentDialectNotSupported",
    ),
    "W14 a bookmark that is none": (
        wanting(wanted=f"{WQL}<w:Bookmark>17</w:Bookmark>"),
        "wsman:InvalidBookmark",
        "InvalidFormat",
    ),
    "W14 a bookmark of long ago": (
        wanting(wanted=f"{WQL}<w:Bookmark>{uuid4()}</w:Bookmark>"),
        "wsman:InvalidBookmark",
        "Expired",
    ),
    # wxf
    "wsman.md 6 a Put of nothing": (
        alive(PUT),
        "wxf:InvalidRepresentation",
        "MissingValues",
    ),
    "wsman.md 6 in another namespace": (
        making(named("x"), name="CIM_Other"),
        "wxf:InvalidRepresentation",
        "InvalidNamespace",
    ),
    "wsman.md 6 a value of another type": (
        making("<p:IndividualSubscriptionSupported>x</p:IndividualSubscriptionSupported>"),
        "wxf:InvalidRepresentation",
        "InvalidValues",
    ),
    # wsen
    "W10 a context that is none": (pulling("uuid:none"), "wsen:InvalidEnumerationContext", ""),
    "W10 a release of none": (
        pulling("uuid:none", action=RELEASE),
        "wsen:InvalidEnumerationContext",
        "",
    ),
    "wsman.md 7 an unknown dialect": (
        enumerating('<w:Filter Dialect="urn:x">a</w:Filter>'),
        "wsen:FilterDialectRequestedUnavailable",
        "",
    ),
    "wsman.md 7 two filters": (
        enumerating("<w:Filter>a=1</w:Filter><e:Filter>a=1</e:Filter>"),
        "wsen:CannotProcessFilter",
        "",
    ),
    "W13 a query that is none": (
        enumerating(f'<w:Filter Dialect="{WQL_DIALECT}">select</w:Filter>', uri=f"{DMTF}/*"),
        "wsen:CannotProcessFilter",
        "",
    ),
    "W10 an end before the beginning": (
        enumerating("<e:Expires>P-1D</e:Expires>"),
        "wsen:InvalidExpirationTime",
        "",
    ),
    # wse
    "W14 an unknown delivery mode": (wanting(mode="urn:x"), "wse:DeliveryModeRequestedUnavailable", ""),
    "W14 an unknown dialect of a filter": (
        wanting(wanted=f'<w:Filter Dialect="{SELECTOR_DIALECT}"/>'),
        "wse:FilteringRequestedUnavailable",
        "",
    ),
    "W15 a query of another class": (
        wanting(uri=f"{DMTF}/CIM_AlertIndication"),
        "wse:EventSourceUnableToProcess",
        "",
    ),
    "W15 events of a class that has none": (
        wanting(wanted="", uri=f"{DMTF}/ESM_Processor"),
        UNREACHABLE,
        "InvalidResourceURI",
    ),
    "W16 a time that is none": (
        wanting(expires="<v:Expires>soon</v:Expires>"),
        "wse:InvalidExpirationTime",
        "",
    ),
    "W16 a time that is over": (
        wanting(expires="<v:Expires>2020-01-01T00:00:00Z</v:Expires>"),
        "wse:InvalidExpirationTime",
        "",
    ),
    "W16 a Renew of nothing": (about(RENEW, "uuid:none"), "wse:UnableToRenew", ""),
    "W16 an Unsubscribe of nothing": (about(UNSUBSCRIBE, "uuid:none"), "wse:InvalidMessage", ""),
    "wsman.md 11 a sink at no URL": (wanting("ftp://localhost/"), "wse:InvalidMessage", ""),
    "wsman.md 11 credentials without a token": (
        wanting(delivery=f'<w:Auth Profile="{HTTPS_BASIC}"/>'),
        "wse:InvalidMessage",
        "",
    ),
    # wsmb
    "wsman.md 7 an unknown polymorphism": (
        enumerating("<b:PolymorphismMode>Some</b:PolymorphismMode>"),
        "wsmb:PolymorphismModeNotSupported",
        "",
    ),
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("agent")) as agent:
        long = f"{named('long')}<p:ElementName>{LONG}</p:ElementName>"
        for each in making(named("twice")), making(long):
            assert post(agent, each).status == 200
        yield agent


def ask(agent: RunningAgent, body: str | bytes, user: str = "admin") -> Answer:
    got = requests.post(
        agent.wsman,
        body if isinstance(body, bytes) else body.encode(),
        auth=(user, PASSWORD),
        verify=str(agent.certificate),
        timeout=30,
    )
    assert got.headers["Content-Type"] == "application/soap+xml;charset=UTF-8"
    return Answer(Response(got.status_code, (), got.content))


def check(answer: Answer, subcode: str, detail: str) -> None:
    """The whole fault: code, subcode, detail, reason, action and HTTP status (DSP0226 14)."""
    receivers = subcode in RECEIVER
    assert (answer.fault, answer.status) == ((subcode, detail), 500 if receivers else 400), answer.text
    code = answer.value("s:Body/s:Fault/s:Code/s:Value")
    assert code == ("s:Receiver" if receivers else "s:Sender")
    reason = answer.find("s:Body/s:Fault/s:Reason/s:Text")
    assert reason.text
    assert reason.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert answer.value("s:Header/a:Action").endswith("/fault")


@pytest.mark.parametrize("case", TABLE)
def test_each_row(agent: RunningAgent, case: str) -> None:
    body, subcode, detail = TABLE[case]
    check(ask(agent, body), subcode, detail)


def test_access_denied(agent: RunningAgent) -> None:
    """W13; not to be mixed up with 401, which is for who is nobody."""
    check(ask(agent, making(named("other")), "viewer"), "wsman:AccessDenied", "")


def test_what_is_not_understood(agent: RunningAgent) -> None:
    """W02: a code of its own, the name of the header, and status 500."""
    answer = ask(agent, alive(more='<o:Odd xmlns:o="urn:o" s:mustUnderstand="true"/>'))
    assert answer.status == 500
    assert answer.value("s:Body/s:Fault/s:Code/s:Value") == "s:MustUnderstand"
    assert answer.find("s:Header/s:NotUnderstood").get("qname") == "x:Odd"


def test_too_late(agent: RunningAgent) -> None:
    """W05."""
    context = post(agent, wanting("", mode=MODE_URIS[DeliveryMode.PULL])).value(
        "s:Body/v:SubscribeResponse/e:EnumerationContext"
    )
    late = "<w:OperationTimeout>PT0.200S</w:OperationTimeout>"
    check(ask(agent, pulling(context, uri=ALERTS, more=late)), "wsman:TimedOut", "")


def test_too_many_contexts(agent: RunningAgent) -> None:
    """W20."""
    session = requests.Session()
    session.trust_env, session.verify = False, str(agent.certificate)
    session.auth = ("operator", PASSWORD)
    for _ in range(MOST_PER_USER):
        assert session.post(agent.wsman, enumerating().encode(), timeout=30).status_code == 200
    check(ask(agent, enumerating(), "operator"), "wsman:QuotaLimit", "")


def test_what_only_a_failing_provider_causes() -> None:
    manager = Manager()
    failing = request(f"{DMTF}/T_Thing/Fails", selectors={"Id": "one"})
    check(manager.ask(failing), "wsman:InternalError", "")


def test_a_size_that_is_not_enough() -> None:
    """W06: nothing is done for a Get, a Put says less, and what was carried out is called a success."""
    manager = Manager()
    manager.world.things["one"]["Note"] = "x" * 9000
    how: dict[str, Any] = {"selectors": {"Id": "one"}, "more": limited("8192")}
    check(manager.ask(request(GET, **how)), "wsman:EncodingLimit", "MaxEnvelopeSize")
    level = f'<p:T_Thing xmlns:p="{DMTF}/T_Thing"><p:Level>7</p:Level></p:T_Thing>'
    answer = manager.ask(request(PUT, level, **how))
    assert (answer.status, len(answer.find("s:Body")), manager.world.things["one"]["Level"]) == (200, 0, 7)
    text = f"<n:Text>{'x' * 9000}</n:Text>"
    body = f'<n:Echo_INPUT xmlns:n="urn:x">{text}</n:Echo_INPUT>'
    asked = request(f"{DMTF}/T_Thing/Echo", body, **how)
    check(manager.ask(asked), "wsman:EncodingLimit", "UnreportableSuccess")


OTHERS = {
    ("s:MustUnderstand", ""): test_what_is_not_understood,
    ("wsman:AccessDenied", ""): test_access_denied,
    ("wsman:TimedOut", ""): test_too_late,
    ("wsman:QuotaLimit", ""): test_too_many_contexts,
    ("wsman:InternalError", ""): test_what_only_a_failing_provider_causes,
    ("wsman:EncodingLimit", "UnreportableSuccess"): test_a_size_that_is_not_enough,
    # two requests at once, and one at the very start: see tests/e2e/test_wsman_fetching.py
    ("wsman:Concurrency", ""): None,
    ("wsa:EndpointUnavailable", ""): None,
}


def raised() -> set[tuple[str, str]]:
    """Every subcode, with its detail, that stands in the source."""
    folder = Path(esmd.wbem.wsman.__file__).parent
    text = "".join(path.read_text() for path in sorted(folder.glob("*.py")))
    pair = r'\(\s*"((?:wsa|wsman|wsen|wse|wxf|wsmb|s):\w+)"(?:,\s*"(\w*)")?'
    return {(subcode, detail) for subcode, detail in re.findall(pair, text)}


def test_the_table_is_complete() -> None:
    """What the source can raise is caused by a row; what it cannot is in none."""
    shown = {(subcode, detail) for _, subcode, detail in TABLE.values()} | set(OTHERS)
    named_elsewhere = {subcode for subcode, _ in shown}
    missing = raised() - shown - {(subcode, "") for subcode in named_elsewhere}
    assert not missing
    assert named_elsewhere >= RECEIVER


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_has_a_reason_of_its_own(language: Language) -> None:
    told = {pair: Fault(*pair).text(language) for pair in raised()}
    assert all(told.values())
    details = {detail: told[subcode, detail] for subcode, detail in told}
    assert len(set(details.values())) == len(details)


def test_the_documentation_names_each() -> None:
    told = (PROJECT / "docs" / "wsman.md").read_text()
    for subcode, detail in raised():
        assert subcode in told, subcode
        assert detail in told, (subcode, detail)


def test_a_fault_after_a_fault(agent: RunningAgent) -> None:
    """None of them costs the connection or the agent anything."""
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(agent.certificate)
        session.auth = ("admin", PASSWORD)
        for body, _, _ in TABLE.values():
            session.post(agent.wsman, body if isinstance(body, bytes) else body.encode(), timeout=30)
        assert (
            session.post(agent.wsman, envelope("", "<i:Identify/>").encode(), timeout=30).status_code == 200
        )
    assert "Traceback" not in agent.log
    assert subscribed(post(agent, wanting()))
