"""Commands that create, enable, disable and remove: what the server holds afterwards, and the exit code."""

import pytest

from tests.esmctl.cimsub.conftest import Run
from tests.esmctl.cimsub.wbem_server import (
    CIMV2,
    FILTER,
    HANDLER,
    INTEROP,
    LISTENER,
    SUBSCRIPTION,
    TRAP,
    Book,
    path,
)
from tests.esmd.wbem.small import VIEWER

QUERY = "SELECT * FROM CIM_AlertIndication"
SM = "ESMPRO/SM:10.0.0.1"


@pytest.mark.parametrize(
    ("words", "namespace", "expected"),
    [
        pytest.param(
            ["-cf", "N1", "-Q", QUERY],
            INTEROP,
            {
                "Query": QUERY,
                "QueryLanguage": "CIM:CQL",
                "SourceNamespace": "root/PG_InterOp",
                "SourceNamespaces": None,
            },
            id="language and source by default",
        ),
        pytest.param(
            ["-c", "f", "root/cimv2:N1", "-Q", QUERY, "-L", "WQL"],
            CIMV2,
            {"QueryLanguage": "WQL", "SourceNamespace": "root/cimv2"},
            id="in a namespace",
        ),
        pytest.param(["N1", "-cf", f"-Q{QUERY}"], INTEROP, {"Query": QUERY}, id="the name first"),
        pytest.param(
            ["-cf", "N1", "-Q", QUERY, "-N", "root/cimv2"],
            INTEROP,
            {"SourceNamespace": "root/cimv2", "SourceNamespaces": None},
            id="one source",
        ),
        pytest.param(
            ["-cf", "N1", "-Q", QUERY, "-N", "root/cimv2,root/PG_InterOp"],
            INTEROP,
            {"SourceNamespace": None, "SourceNamespaces": ["root/cimv2", "root/PG_InterOp"]},
            id="sources",
        ),
        pytest.param(
            ["-cf", "N1", "-Q", QUERY, "-N", "root/cimv2,"],
            INTEROP,
            {"SourceNamespace": None, "SourceNamespaces": ["root/cimv2"]},
            id="one source, of the newer property",
        ),
    ],
)
def test_create_filter(
    cimsub: Run, book: Book, words: list[str], namespace: str, expected: dict[str, object]
) -> None:
    assert cimsub(*words) == (0, "", "")
    made = book.of(namespace, FILTER)[-1]
    assert {name: made.get(name) for name in ("Name", *expected)} == {"Name": "N1", **expected}


@pytest.mark.parametrize(
    ("words", "where", "expected"),
    [
        pytest.param(
            ["-ch", "N1", "-D", "http://127.0.0.1:1"],
            (INTEROP, LISTENER),
            {"Destination": "http://127.0.0.1:1"},
            id="listener by default",
        ),
        pytest.param(
            ["-ch", "root/PG_InterOp:cim_indicationhandlercimxml.N1", "-D", "http://127.0.0.1:1"],
            (INTEROP, HANDLER),
            {"Destination": "http://127.0.0.1:1"},
            id="of the older class, in any case",
        ),
        pytest.param(
            ["-ch", f"{TRAP}.N1", "-T", "127.0.0.1", "-V3"],
            (INTEROP, TRAP),
            {"TargetHost": "127.0.0.1", "TargetHostFormat": 3, "PortNumber": 162, "SNMPVersion": 3},
            id="trap",
        ),
        pytest.param(
            ["-ch", f"{TRAP}.N1", "-M", "::1", "-V", "6", "-P", "1162", "-U", "me", "-E", "80"],
            (INTEROP, TRAP),
            {"TargetHostFormat": 4, "PortNumber": 1162, "SNMPSecurityName": "me", "SNMPEngineID": "80"},
            id="trap with everything",
        ),
        pytest.param(
            ["-ch", f"{TRAP}.N1", "-T", "nms", "-V2"],
            (INTEROP, TRAP),
            {"TargetHostFormat": 2},
            id="trap to a name",
        ),
    ],
)
def test_create_handler(
    cimsub: Run, book: Book, words: list[str], where: tuple[str, str], expected: dict[str, object]
) -> None:
    assert cimsub(*words) == (0, "", "")
    made = book.of(*where)[-1]
    assert {name: made.get(name) for name in ("Name", *expected)} == {"Name": "N1", **expected}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param(
            ["PG_ListenerDestinationEmail.N1", "-M", "a@example.com", "-S", "s"],
            "CIM_ERR_NOT_SUPPORTED: PG_ListenerDestinationEmail\n",
            id="mail, of which the server has no class",
        ),
        pytest.param(
            ["PG_ListenerDestinationSystemLog.N1"],
            "CIM_ERR_NOT_SUPPORTED: PG_ListenerDestinationSystemLog\n",
            id="system log",
        ),
        pytest.param(
            ["root/cimv2:PG_ListenerDestinationEmail.N1", "-M", "a@example.com,b", "-C", "c", "-S", "s"],
            "CIM_ERR_NOT_SUPPORTED: Instances of PG_ListenerDestinationEmail cannot be created.\n",
            id="mail, which the server refuses itself",
        ),
        pytest.param(
            ["root/cimv2:PG_IndicationHandlerSNMPMapper.N1", "-T", "127.0.0.1", "-V", "3"],
            "CIM_ERR_NOT_SUPPORTED: PG_IndicationHandlerSNMPMapper\n",
            id="traps",
        ),
    ],
)
def test_handlers_that_are_not_served(cimsub: Run, words: list[str], text: str) -> None:
    assert cimsub("-ch", *words) == (7, "", text)


@pytest.mark.parametrize(
    ("words", "outcome", "made"),
    [
        pytest.param(["-F", "F4", "-H", "H4"], (0, ""), ("F4", "H4", 2), id="of two that exist"),
        pytest.param(
            ["-F", "root/cimv2:F8", "-H", "root/cimv2:CIM_ListenerDestinationCIMXML.H3"],
            (0, ""),
            ("F8", "H3", 2),
            id="of another namespace",
        ),
        pytest.param(
            ["-F", "F8", "-H", "H4"],
            (6, "The requested filter could not be found.\n"),
            None,
            id="filter elsewhere",
        ),
        pytest.param(
            ["-F", "F4", "-H", "H3"],
            (6, "The requested handler could not be found.\n"),
            None,
            id="handler elsewhere",
        ),
        pytest.param(
            ["-F", "F4", "-H", "H2"],
            (6, "The requested handler could not be found.\n"),
            None,
            id="of another class",
        ),
    ],
)
def test_create_subscription(
    cimsub: Run, book: Book, words: list[str], outcome: tuple[int, str], made: tuple[str, str, int] | None
) -> None:
    before = book.subscriptions()
    assert cimsub("-cs", *words) == (*outcome, "")
    assert book.subscriptions() == before + ([made] if made else [])


def test_twice(cimsub: Run) -> None:
    assert cimsub("-cs", "-F", "F1", "-H", "H1") == (1, "", "CIM_ERR_ALREADY_EXISTS: it is there\n")
    assert cimsub("-cf", "F1", "-Q", QUERY) == (1, "", "CIM_ERR_ALREADY_EXISTS: it is there\n")


# -- enable, disable


@pytest.mark.parametrize(
    ("words", "states", "outcome"),
    [
        pytest.param(["-d", "-F", "F3", "-H", "root/cimv2:H3"], {"F3": 4}, (0, ""), id="disable"),
        pytest.param(
            ["-e", "-F", "F3", "-H", "root/cimv2:H3"],
            {"F3": 2},
            (0, "The subscription is already enabled.\n"),
            id="enable what is enabled",
        ),
        pytest.param(
            ["-e", "-F", "F3", "-H", "H3"],
            {"F3": 2},
            (6, "The requested subscription could not be found.\n"),
            id="the handler's namespace is that of the subscription",
        ),
        pytest.param(
            ["-d", "-n", "root/cimv2", "-F", "F8", "-H", "H1"],
            {"F8": 2},
            (6, "The requested subscription could not be found.\n"),
            id="no subscription in that namespace",
        ),
        pytest.param(
            ["-d", "-F", "F1", "-H", "CIM_IndicationHandlerCIMXML.H2"], {"F1": 4}, (0, ""), id="of a class"
        ),
        pytest.param(["-d", "-n", "root/interop", "-F", "F1", "-H", "H2"], {"F1": 4}, (0, ""), id="alias"),
    ],
)
def test_state(
    cimsub: Run, book: Book, words: list[str], states: dict[str, int], outcome: tuple[int, str]
) -> None:
    assert cimsub(*words) == (*outcome, "")
    assert {name: state for name, _, state in book.subscriptions() if name in states} == states


def test_disable_and_enable_again(cimsub: Run, book: Book) -> None:
    words = ("-F", "F1", "-H", "H2")
    assert cimsub("-d", *words) == (0, "", "")
    assert cimsub("-d", *words) == (0, "The subscription is already disabled.\n", "")
    assert ("F1", "H2", 4) in book.subscriptions()
    assert cimsub("-e", *words) == (0, "", "")
    assert ("F1", "H2", 2) in book.subscriptions()


# -- remove


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param(
            ["-rs", "-F", "F4", "-H", "H4"],
            "The requested subscription could not be found.\n",
            id="subscription",
        ),
        pytest.param(
            ["-ra", "-F", "F4", "-H", "H4"], "The requested subscription could not be found.\n", id="all"
        ),
        pytest.param(["-rf", "-F", "F8"], "The requested filter could not be found.\n", id="filter"),
        pytest.param(["-rh", "-H", "H3"], "The requested handler could not be found.\n", id="handler"),
        pytest.param(
            ["-rh", "-H", "CIM_IndicationHandlerCIMXML.H1"],
            "The requested handler could not be found.\n",
            id="handler of another class",
        ),
    ],
)
def test_nothing_to_remove(cimsub: Run, words: list[str], text: str) -> None:
    assert cimsub(*words) == (6, text, "")


def test_remove_subscription(cimsub: Run, book: Book) -> None:
    assert cimsub("-rs", "-F", "F3", "-H", "H3") == (0, "", "")
    assert "F3" not in [name for name, _, _ in book.subscriptions()]
    assert "F3" in book.names(INTEROP, FILTER)


def test_remove_filter_and_handler(cimsub: Run, book: Book) -> None:
    assert cimsub("-rf", "-F", "F4") == (0, "", "")
    assert cimsub("-rh", "-H", "root/PG_InterOp:PG_IndicationHandlerSNMPMapper.SNMP1") == (0, "", "")
    assert "F4" not in book.names(INTEROP, FILTER)
    assert book.names(INTEROP, TRAP) == []


def test_filter_in_use(cimsub: Run) -> None:
    assert cimsub("-rf", "-F", "F1") == (1, "", "CIM_ERR_FAILED: it is used\n")


def test_remove_all(cimsub: Run, book: Book) -> None:
    assert cimsub("-ra", "-F", "F3", "-H", "H3") == (0, "", "")
    assert "F3" not in book.names(INTEROP, FILTER)
    assert book.names(CIMV2, LISTENER) == []


def test_remove_all_but_what_others_use(cimsub: Run, book: Book) -> None:
    """The original told of it too, but ended with 0."""
    assert cimsub("-ra", "-F", "F8", "-H", "H1") == (1, "", "CIM_ERR_FAILED: it is used\n")
    assert book.names(CIMV2, FILTER) == []
    assert "H1" in book.names(INTEROP, LISTENER)


def test_manager_that_was_taken_away(cimsub: Run, book: Book) -> None:
    """FAQ-16: a line of -ls whose FILTER has ESMPRO/SM is removed with the words that stand in it."""
    book.add(INTEROP, FILTER, Name=SM, Query=QUERY, QueryLanguage="WQL")
    book.add(INTEROP, LISTENER, Name="192.0.2.7:6736.1", Destination="https://192.0.2.7:6736")
    book.subscribe(path(INTEROP, FILTER, SM), path(INTEROP, LISTENER, "192.0.2.7:6736.1"))
    line = next(row for row in cimsub("-ls")[1].splitlines() if "ESMPRO/SM" in row)
    namespace, of_filter, of_handler, state = line.split()
    assert (of_filter, state) == (f"root/PG_InterOp:{SM}", "Enabled")
    assert cimsub("-ra", "-n", namespace, "-F", of_filter, "-H", of_handler) == (0, "", "")
    assert "ESMPRO/SM" not in "".join(cimsub(f"-l{kind}")[1] for kind in "sfh")
    assert len(book.of(INTEROP, SUBSCRIPTION)) == 4


# -- refusals of the server


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        pytest.param(
            ["-ls", "-n", "root/nosuch"],
            (5, "", "CIM_ERR_INVALID_NAMESPACE: There is no namespace root/nosuch.\n"),
            id="namespace",
        ),
        pytest.param(
            ["-rf", "-F", "root/nosuch:F1"],
            (5, "", "CIM_ERR_INVALID_NAMESPACE: There is no namespace root/nosuch.\n"),
            id="namespace of a filter",
        ),
        pytest.param(
            ["-cf", "root/nosuch:F1", "-Q", QUERY],
            (5, "", "CIM_ERR_INVALID_NAMESPACE: There is no namespace root/nosuch.\n"),
            id="namespace of a new filter",
        ),
    ],
)
def test_refusals(cimsub: Run, words: list[str], outcome: tuple[int, str, str]) -> None:
    assert cimsub(*words) == outcome


def test_access_denied(cimsub: Run, book: Book) -> None:
    book.principal = VIEWER
    code, out, err = cimsub("-rf", "-F", "F4")
    assert (code, out, err[:23]) == (4, "", "CIM_ERR_ACCESS_DENIED: ")
    assert "F4" in book.names(INTEROP, FILTER)
