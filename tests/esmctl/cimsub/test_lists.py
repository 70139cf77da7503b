"""What -l prints, byte by byte, as the original did with the same instances."""

import pytest

from tests.esmctl.cimsub.conftest import Run
from tests.esmctl.cimsub.wbem_server import (
    CIMV2,
    FILTER,
    INTEROP,
    LISTENER,
    MAIL,
    SUBSCRIPTION,
    TRAP,
    Address,
    Book,
    path,
)

SUBSCRIPTIONS = """\
NAMESPACE        FILTER              HANDLER                                           STATE
root/PG_InterOp  root/cimv2:F8       root/PG_InterOp:CIM_ListenerDestinationCIMXML.H1  Enabled
root/PG_InterOp  root/PG_InterOp:F1  root/PG_InterOp:CIM_IndicationHandlerCIMXML.H2    Enabled
root/PG_InterOp  root/PG_InterOp:F1  root/PG_InterOp:CIM_ListenerDestinationCIMXML.H1  Enabled
root/PG_InterOp  root/PG_InterOp:F3  root/cimv2:CIM_ListenerDestinationCIMXML.H3       Enabled
"""
SUBSCRIPTION_DETAILS = """\
Namespace:         root/PG_InterOp
Filter:            root/cimv2:F8
Handler:           root/PG_InterOp:CIM_ListenerDestinationCIMXML.H1
Query:             "SELECT * FROM CIM_AlertIndication"
Destination:       http://127.0.0.1:25990
SubscriptionState: Enabled
-----------------------------------------
Namespace:         root/PG_InterOp
Filter:            root/PG_InterOp:F1
Handler:           root/PG_InterOp:CIM_IndicationHandlerCIMXML.H2
Query:             "SELECT * FROM Peer_Alert"
Destination:       http://127.0.0.1:25990/path
SubscriptionState: Enabled
-----------------------------------------
Namespace:         root/PG_InterOp
Filter:            root/PG_InterOp:F1
Handler:           root/PG_InterOp:CIM_ListenerDestinationCIMXML.H1
Query:             "SELECT * FROM Peer_Alert"
Destination:       http://127.0.0.1:25990
SubscriptionState: Enabled
-----------------------------------------
Namespace:         root/PG_InterOp
Filter:            root/PG_InterOp:F3
Handler:           root/cimv2:CIM_ListenerDestinationCIMXML.H3
Query:             "SELECT * FROM Peer_Alert"
Destination:       https://127.0.0.1:25991
SubscriptionState: Enabled
-----------------------------------------
"""
FILTERS = """\
FILTER              QUERY
root/cimv2:F8       "SELECT * FROM CIM_AlertIndication"
root/PG_InterOp:F1  "SELECT * FROM Peer_Alert"
root/PG_InterOp:F3  "SELECT * FROM Peer_Alert"
root/PG_InterOp:F4  "SELECT * FROM CIM_InstCreation"
"""
FILTER_DETAILS = """\
Filter:           root/cimv2:F8
Query:            "SELECT * FROM CIM_AlertIndication"
Query Language:   WQL
Source Namespace: root/cimv2
-----------------------------------------
Filter:           root/PG_InterOp:F1
Query:            "SELECT * FROM Peer_Alert"
Query Language:   WQL
Source Namespace: root/cimv2
-----------------------------------------
Filter:           root/PG_InterOp:F3
Query:            "SELECT * FROM Peer_Alert"
Query Language:   WQL
Source Namespace: root/cimv2
-----------------------------------------
Filter:           root/PG_InterOp:F4
Query:            "SELECT * FROM CIM_InstCreation"
Query Language:   CIM:CQL
Source Namespace: root/cimv2,root/PG_InterOp
-----------------------------------------
"""
HANDLERS = """\
HANDLER                                               DESTINATION
root/cimv2:CIM_ListenerDestinationCIMXML.H3           https://127.0.0.1:25991
root/PG_InterOp:CIM_IndicationHandlerCIMXML.H2        http://127.0.0.1:25990/path
root/PG_InterOp:CIM_ListenerDestinationCIMXML.H1      http://127.0.0.1:25990
root/PG_InterOp:CIM_ListenerDestinationCIMXML.H4      127.0.0.1:25990
root/PG_InterOp:PG_IndicationHandlerSNMPMapper.SNMP1  127.0.0.1
"""
HANDLER_DETAILS = """\
Handler:           root/cimv2:CIM_ListenerDestinationCIMXML.H3
Destination:       https://127.0.0.1:25991
PersistenceType:   Permanent
-----------------------------------------
Handler:           root/PG_InterOp:CIM_IndicationHandlerCIMXML.H2
Destination:       http://127.0.0.1:25990/path
PersistenceType:   Permanent
-----------------------------------------
Handler:           root/PG_InterOp:CIM_ListenerDestinationCIMXML.H1
Destination:       http://127.0.0.1:25990
PersistenceType:   Permanent
-----------------------------------------
Handler:           root/PG_InterOp:CIM_ListenerDestinationCIMXML.H4
Destination:       127.0.0.1:25990
PersistenceType:   Permanent
-----------------------------------------
Handler:           root/PG_InterOp:PG_IndicationHandlerSNMPMapper.SNMP1
TargetHost:        127.0.0.1
SNMPVersion:       SNMPv2C Trap
PersistenceType:   Permanent
-----------------------------------------
"""
MAIL_DETAILS = """\
Handler:           root/cimv2:PG_ListenerDestinationEmail.E1
MailTo:            a@example.com b@example.com
MailSubject:       Alarm
PersistenceType:   Other
-----------------------------------------
"""
ONE_FILTER = 'FILTER         QUERY\nroot/cimv2:F8  "SELECT * FROM CIM_AlertIndication"\n'
ONE_HANDLER = """\
HANDLER                                      DESTINATION
root/cimv2:CIM_ListenerDestinationCIMXML.H3  https://127.0.0.1:25991
"""
THIRD = """\
NAMESPACE        FILTER              HANDLER                                      STATE
root/PG_InterOp  root/PG_InterOp:F3  root/cimv2:CIM_ListenerDestinationCIMXML.H3  Enabled
"""
OLD_CLASS = """\
NAMESPACE        FILTER              HANDLER                                         STATE
root/PG_InterOp  root/PG_InterOp:F1  root/PG_InterOp:CIM_IndicationHandlerCIMXML.H2  Enabled
"""


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        pytest.param(["-ls"], SUBSCRIPTIONS, id="subscriptions"),
        pytest.param(["-l", "s", "-v"], SUBSCRIPTION_DETAILS, id="subscriptions in detail"),
        pytest.param(["-lf"], FILTERS, id="filters"),
        pytest.param(["-l", "f", "-v"], FILTER_DETAILS, id="filters in detail, each with its own namespaces"),
        pytest.param(["-lh"], HANDLERS, id="handlers"),
        pytest.param(["-l", "h", "-v"], HANDLER_DETAILS, id="handlers in detail"),
        pytest.param(["-ls", "-n", "root/PG_InterOp"], SUBSCRIPTIONS, id="of a namespace"),
        pytest.param(["-ls", "-n", "root/cimv2"], "", id="of a namespace that has none"),
        pytest.param(["-lf", "-n", "root/cimv2"], ONE_FILTER, id="filters of a namespace"),
        pytest.param(["-lf", "-F", "root/cimv2:F8"], ONE_FILTER, id="one filter, by its namespace"),
        pytest.param(["-lf", "-F", "F8"], ONE_FILTER, id="one filter, wherever it is"),
        pytest.param(["-lf", "-n", "root/PG_InterOp", "-F", "F8"], "", id="a filter of another namespace"),
        pytest.param(["-lh", "-n", "root/cimv2"], ONE_HANDLER, id="handlers of a namespace"),
        pytest.param(["-lh", "-H", "CIM_ListenerDestinationCIMXML.H3"], ONE_HANDLER, id="by class and name"),
        pytest.param(["-lh", "-H", "CIM_IndicationHandlerCIMXML.H3"], "", id="of another class"),
        pytest.param(["-ls", "-F", "F3"], THIRD, id="subscriptions of a filter"),
        pytest.param(["-ls", "-H", "root/cimv2:H3"], THIRD, id="subscriptions of a handler"),
        pytest.param(["-ls", "-H", "CIM_IndicationHandlerCIMXML.H2"], OLD_CLASS, id="of a class of handlers"),
        pytest.param(["-ls", "-H", "CIM_ListenerDestinationCIMXML.H2"], "", id="of no such class"),
        pytest.param(["-ls", "-F", "root/cimv2:F1"], "", id="of a filter elsewhere"),
        pytest.param(["-ls", "-F", "none"], "", id="of a filter that is not there"),
    ],
)
def test_lists(cimsub: Run, words: list[str], printed: str) -> None:
    assert cimsub(*words) == (0, printed, "")


def test_namespace_spelled_as_asked(cimsub: Run) -> None:
    words = [line.replace("root/PG_InterOp", "root/interop").split() for line in SUBSCRIPTIONS.splitlines()]
    _, out, _ = cimsub("-ls", "-n", "root/interop")
    assert [line.split() for line in out.splitlines()] == words


def test_nothing_at_all(cimsub: Run, book: Book) -> None:
    book.rows.clear()
    for kind in "sfh":
        assert cimsub(f"-l{kind}") == (0, "", "")
        assert cimsub(f"-l{kind}", "-v") == (0, "", "")


def test_over_tcp(book: Book, server: Address, bare: Run) -> None:
    assert bare("-ls", "--server", server.url) == (0, SUBSCRIPTIONS, "")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (None, "Unknown"),
        (0, "Unknown"),
        (1, "Unknown"),
        (2, "Enabled"),
        (3, "Enabled Degraded"),
        (4, "Disabled"),
        (5, "Not Supported"),
    ],
)
def test_states(cimsub: Run, book: Book, state: int | None, word: str) -> None:
    book.of(INTEROP, SUBSCRIPTION).clear()
    book.subscribe(path(INTEROP, FILTER, "F1"), path(INTEROP, LISTENER, "H1"), state)
    assert cimsub("-ls")[1].splitlines()[1].endswith(f"H1  {word}")


@pytest.mark.parametrize(
    ("kind", "word"), [(None, "Other"), (1, "Other"), (2, "Permanent"), (3, "Transient"), (9, "Unknown")]
)
def test_persistence(cimsub: Run, book: Book, kind: int | None, word: str) -> None:
    book.of(CIMV2, LISTENER)[0]["PersistenceType"] = kind
    assert f"PersistenceType:   {word}\n" in cimsub("-lh", "-v", "-H", "H3")[1]


def test_mail(cimsub: Run, book: Book) -> None:
    book.add(CIMV2, MAIL, Name="E1", MailTo=["a@example.com", "b@example.com"], MailSubject="Alarm")
    assert cimsub("-lh", "-v", "-H", "E1") == (0, MAIL_DETAILS, "")
    assert cimsub("-lh", "-H", "E1")[1].endswith("E1  a@example.com b@example.com\n")


@pytest.mark.parametrize(
    ("version", "word"), [(2, "SNMPv1 Trap"), (5, "SNMPv3 Trap"), (None, "Pegasus Reserved")]
)
def test_trap(cimsub: Run, book: Book, version: int | None, word: str) -> None:
    book.of(INTEROP, TRAP)[0]["SNMPVersion"] = version
    book.of(INTEROP, SUBSCRIPTION).clear()
    book.subscribe(path(INTEROP, FILTER, "F1"), path(INTEROP, TRAP, "SNMP1"))
    assert f"TargetHost:        127.0.0.1\nSNMPVersion:       {word}\nSubscr" in cimsub("-ls", "-v")[1]


def test_handler_that_is_gone(cimsub: Run, book: Book) -> None:
    book.of(CIMV2, LISTENER).clear()
    assert cimsub("-ls") == (0, SUBSCRIPTIONS, "")
    assert "H3\nQuery:             " in cimsub("-ls", "-v", "-F", "F3")[1]


def test_nothing_steers_the_terminal(cimsub: Run, book: Book) -> None:
    book.of(CIMV2, FILTER)[0]["Query"] = "\u009b2J日本語"
    assert cimsub("-lf", "-F", "F8")[1].endswith('F8  "\\x9b2J日本語"\n')
    assert 'Query:            "\\x9b2J日本語"\n' in cimsub("-lf", "-v", "-F", "F8")[1]
