"""The rules of correlation, each by its number (R-40 to R-60)."""

from __future__ import annotations

import pytest

from indications.correlation.deciding import Failed
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.limits import CHAIN_MOST
from indications.correlation.reading import read
from tests.indications.correlation.lab import HEAD, Lab

ENDS = "SUCCESS_EVENT=E.SEVERITY:Alert\nFAIL_EVENT=E.SEVERITY:Warning\n"
AB = f"[c]\nCON=E.SEVERITY==A\nCON=E.SEVERITY==B\nTIMEOUT=10\n{ENDS}"
ABC = f"[c]\nCON=E.SEVERITY==A\nCON=E.SEVERITY==B\nCON=E.SEVERITY==C\nTIMEOUT=10\n{ENDS}"
SEQUENCE = ABC + "TYPE=sequence\n"
THREE = f"[c]\nCON=E.SEVERITY==A\nCON=E.SEVERITY==B\nTYPE=threshold:3\nTIMEOUT=10\n{ENDS}"


def test_r_40_one_event_condition() -> None:
    lab = Lab(f"[c]\nCON=E.SEVERITY==A\n{ENDS}")
    lab.event("A").expect("success:c 1")
    assert lab.open == 0
    lab.wait(1e6).expect()


def test_r_41_all_or_none_in_time() -> None:
    lab = Lab(AB)
    lab.event("A").at(9).event("B").expect("success:c 1 2")
    assert lab.open == 0
    lab.at(20).event("A").wait(31).expect("fail:c 3")
    assert lab.open == 0


@pytest.mark.parametrize(("line", "issued"), [("SUCCESS", ["SUCCESS"]), ("FAIL", ["FAIL"])])
def test_r_42_what_is_not_defined_is_not_issued(line: str, issued: list[str]) -> None:
    one = next(each for each in ENDS.splitlines() if each.startswith(line))
    lab = Lab(f"[c]\nCON=E.SEVERITY==A\nCON=E.SEVERITY==B\nTIMEOUT=10\n{one}\n")
    lab.event("A").event("B").event("A").wait(100)
    assert [each.attributes["E.OCCURRENCE"] for each in lab.issued()] == issued


def test_r_43_sequence() -> None:
    Lab(SEQUENCE).event("A").event("B").event("C").expect("success:c 1 2 3")
    lab = Lab(SEQUENCE)
    lab.event("A").event("C").event("B").expect()  # the early C is ignored
    lab.event("C").expect("success:c 1 3 4")
    Lab(SEQUENCE).event("B").event("C").wait(100).expect()  # only the first one opens


def test_r_44_combination() -> None:
    Lab(ABC).event("C").event("A").event("B").expect("success:c 1 2 3")


def test_r_45_threshold_counts_all_cons_together() -> None:
    Lab(THREE).event("A").event("B").event("A").expect("success:c 1 2 3")
    Lab(THREE).event("A").at(5).event("B").wait(11).expect("fail:c 1 2")


def test_r_46_every_condition_is_offered_every_event() -> None:
    lab = Lab(f"[one]\nCON=E.SEVERITY==A\n{ENDS}[two]\nCON=E.SEVERITY==A\n{ENDS}")
    lab.event("A").expect("success:one 1", "success:two 1")


def test_r_47_the_time_of_arrival_counts() -> None:
    """An hour of events read at once gives what it gave live."""
    lab = Lab(AB)
    for hour in (0, 1000, 2000, 3000):
        lab.at(hour).event("A").at(hour + 11).event("B")
    lab.expect("fail:c 1", "fail:c 2", "fail:c 3", "fail:c 4", "fail:c 5", "fail:c 6", "fail:c 7")


def test_r_48_the_last_moment_is_in_time() -> None:
    Lab(AB).event("A").at(10).event("B").expect("success:c 1 2")
    Lab(AB).event("A").at(10.001).event("B").expect("fail:c 1")
    Lab(AB).event("A").wait(10).expect()


def test_r_49_absence_needs_no_further_event() -> None:
    lab = Lab(AB).event("A")
    assert lab.engine.next_deadline == 10
    lab.wait(10.5).expect("fail:c 1")
    assert lab.engine.next_deadline is None


def test_r_50_a_failure_carries_its_deadline() -> None:
    lab = Lab(AB).event("A").wait(5000)
    (failed,) = [each for each in lab.decisions if isinstance(each, Failed)]
    assert failed.event is not None
    assert (failed.deadline, failed.event.at) == (10, 10)


def test_r_51_the_oldest_set_is_served_first() -> None:
    lab = Lab(AB)
    lab.event("A").at(1).event("A").at(2).event("A")
    assert lab.open == 3
    lab.event("B").event("B").expect("success:c 1 4", "success:c 2 5")
    lab = Lab(THREE)
    lab.event("A").event("A")
    assert lab.open == 1  # of a threshold there is one set


def test_r_52_one_place_of_one_set() -> None:
    both = f"[c]\nCON=E.SEVERITY==A\nCON=E.SEVERITY==A,B.SOURCESERVER==h\nTIMEOUT=10\n{ENDS}"
    lab = Lab(both)
    lab.event("A h").expect()  # it fills the first place only
    lab.event("A h").expect("success:c 1 2")
    lab.event("A x").event("A x").expect()  # the second one opens a set of its own
    assert lab.open == 2


def test_r_53_sets_by_attribute() -> None:
    lab = Lab(AB + "SAME_ATTRIBUTE=B.SOURCESERVER\n")
    lab.event("A h1").event("A h2").event("B h2").expect("success:c 2 3")
    lab.event("B h1").expect("success:c 1 4")
    lab.event("A").expect("ungrouped:c 5")
    assert lab.open == 0


def test_r_54_limits() -> None:
    lab = Lab(AB + "CORRELATION_NUM=2\n")
    lab.event("A").event("A").event("A").event("A").expect("limit:c 3", "limited:c 4")
    lab.event("B").expect("success:c 1 5", "room:c")
    lab.event("A").event("A").expect("limit:c 7")
    few = Engine(read(HEAD + AB + "CORRELATION_NUM=9\n", "x"), most=1)
    few.step(Event(1, 0, {"E.SEVERITY": "A"}))
    assert len(list(few.sets())) == 1
    few.step(Event(2, 0, {"E.SEVERITY": "A"}))
    assert len(list(few.sets())) == 1, "nothing that runs is evicted"


def test_r_55_excluded() -> None:
    lab = Lab(f"[c]\nCON=E.SEVERITY==A\nCON=NOT,B.SOURCESERVER==test\n{ENDS}")
    lab.event("A test").expect()
    lab.event("A real").expect("success:c 2")


def test_r_56_target() -> None:
    lab = Lab(f"[c]\nTARGET=B.SOURCESERVER^=prod\nCON=E.SEVERITY==A\n{ENDS}")
    lab.event("A dev1").event("A").expect()
    lab.event("A prod1").expect("success:c 3")


def test_r_57_variables() -> None:
    text = (
        "[c]\nCON=CID:1,E.SEVERITY==A\nCON=CID:7,E.SEVERITY==B\nTIMEOUT=10\n"
        'SUCCESS_EVENT=B.MESSAGE:"$EV1_B.SOURCESERVER and $EV7_B.SOURCESERVER, $EV1_E.NONE."\n'
        "FAIL_EVENT=B.MESSAGE:only $EV1_B.SOURCESERVER$EV7_B.SOURCESERVER\n"
    )
    (event,) = Lab(text).event("B two").event("A one").issued()
    assert event.attributes["B.MESSAGE"] == "one and two, ."
    (event,) = Lab(text).event("A one").wait(11).issued()
    assert event.attributes["B.MESSAGE"] == "only one"
    (event,) = Lab(text.replace("TIMEOUT", "TYPE=threshold:2\nTIMEOUT")).event("A 1").event("A 2").issued()
    assert event.attributes["B.MESSAGE"].startswith("1 and ")  # the first one that matched


def test_r_58_what_an_issued_event_carries() -> None:
    (event,) = Lab(AB).at(3).event("A").at(4).event("B").issued()
    assert event.attributes == {
        "B.ID": "00000000:00000000",
        "E.SEVERITY": "Alert",
        "E.PRODUCT_NAME": "/HITACHI/JP1/IM/GENERATE_EVENT",
        "E.OBJECT_TYPE": "SERVICE",
        "E.OBJECT_NAME": "EGS",
        "E.OCCURRENCE": "SUCCESS",
        "E.JP1_GENERATE_SOURCE_SEQNO": "1 2",
        "E.JP1_GENERATE_NAME": "c",
    }
    assert (event.at, event.key.partition("#")[0], event.chain) == (4, "c/1/SUCCESS", ("c",))


def test_r_59_no_condition_feeds_itself() -> None:
    one = f"[c]\nCON=E.SEVERITY==A\n{ENDS}"
    (event,) = Lab(one).event("A", chain=("other",)).issued()
    assert event.chain == ("other", "c")
    Lab(one).event("A", chain=("other", "c")).expect()
    long = tuple(f"n{number}" for number in range(CHAIN_MOST))
    Lab(one).event("A", chain=long).expect()


GUIDE = """VERSION=2
[gyoumuA]
TARGET=E.JP1_SOURCEHOST==/業務システムA
CON=CID:1, E.SEVERITY==Error, E.PRODUCT_NAME>=HITACHI/JP1/AJS2
CON=CID:2, E.SEVERITY==Error, E.PRODUCT_NAME>=HITACHI/JP1/IM
SUCCESS_EVENT=E.SEVERITY:Alert,E.JP1_SOURCEHOST:$EV1_E.JP1_SOURCEHOST
"""


def belongs(host: str, path: str) -> bool:
    return path == "/業務システムA" and host in ("host1", "host2")


def test_r_60_business_groups() -> None:
    def told(lab: Lab, product: str, host: str) -> Lab:
        return lab.event("Error", E_PRODUCT_NAME=product, E_JP1_SOURCEHOST=host)

    lab = Lab(GUIDE, belongs)
    told(lab, "/HITACHI/JP1/IM", "host2")
    told(lab, "/HITACHI/JP1/AJS2", "elsewhere").expect()
    (event,) = told(lab, "/HITACHI/JP1/AJS2", "host1").issued()
    assert event.attributes["E.SEVERITY"] == "Alert"
    assert event.attributes["E.JP1_SOURCEHOST"] == "host1"


def test_r_61_groups_at_the_time_of_the_event() -> None:
    members: set[str] = set()
    outside = GUIDE.replace("==/", "!=/")
    for text, told in (GUIDE, ["in"]), (outside, ["out"]):
        members.clear()
        one = text.replace("CON=CID:2, E.SEVERITY==Error, E.PRODUCT_NAME>=HITACHI/JP1/IM\n", "")
        lab = Lab(one, lambda host, _path: host in members)
        members.add("in")
        lab.event("Error", E_PRODUCT_NAME="/HITACHI/JP1/AJS2", E_JP1_SOURCEHOST="in")
        lab.event("Error", E_PRODUCT_NAME="/HITACHI/JP1/AJS2", E_JP1_SOURCEHOST="out")
        assert [each.attributes["E.JP1_SOURCEHOST"] for each in lab.issued()] == told


PUBLISHED = """VERSION=2
[error_gradation]
CON=E.SEVERITY==Error,B.SOURCESERVER==hostA
CON=E.SEVERITY==Error,B.SOURCESERVER==hostB
CON=E.SEVERITY==Error,B.SOURCESERVER==hostC
TYPE=combination
SUCCESS_EVENT=E.SEVERITY:Warning,B.MESSAGE:"Errors on hosts A, B, and C."
FAIL_EVENT=E.SEVERITY:Information,B.MESSAGE:"Operations are continuing."
"""


def test_the_published_example_within_sixty_seconds() -> None:
    lab = Lab(PUBLISHED).event("Error hostC").at(30).event("Error hostA").at(60).event("Error hostB")
    (event,) = lab.issued()
    assert event.attributes["B.MESSAGE"] == "Errors on hosts A, B, and C."
    (event,) = Lab(PUBLISHED).event("Error hostA").wait(60.1).issued()
    assert (event.attributes["E.SEVERITY"], event.at) == ("Information", 60)


@pytest.mark.parametrize(
    ("comparison", "value", "is_met"),
    [
        ("==", "a;b", True),
        ("==", "x", False),
        ("!=", "x;y", True),
        ("!=", "x;b", False),
        ("^=", "b", True),
        ("^=", "x", False),
        (">=", '"b"', True),
        ("<=", "x", True),
        ("<=", "x;b", False),
        ("*=", "^b.*$", True),
        ("*=", "c", False),
    ],
)
def test_comparisons(comparison: str, value: str, is_met: bool) -> None:
    lab = Lab(f"[c]\nCON=E.SEVERITY{comparison}{value}\n{ENDS}").event("b")
    assert bool(lab.issued()) is is_met


@pytest.mark.parametrize(("comparison", "is_met"), [("==", False), ("!=", True), (">=", False), ("<=", True)])
def test_an_attribute_that_is_not_there(comparison: str, is_met: bool) -> None:
    lab = Lab(f"[c]\nCON=E.NONE{comparison}x\n{ENDS}").event("b")
    assert bool(lab.issued()) is is_met


def test_event_ids_compare_as_numbers() -> None:
    lab = Lab(f"[c]\nCON=B.ID==111;00000222:00000001\n{ENDS}")
    lab.event(B_ID="00000111:00000000").event(B_ID="00000222:00000000").expect("success:c 1")
    lab.event(B_ID="00000222:00000001").expect("success:c 3")
