"""Definition files: what is right becomes values, what is wrong is told with its place and reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indications.correlation.definition import (
    Assignment,
    AttributeCondition,
    Kind,
    Operator,
    Variable,
)
from indications.correlation.reading import read
from indications.correlation.wrong import DefinitionError
from openesm.text import catalogue
from tests.running import PROJECT

OK = "CON=E.A==x\nSUCCESS_EVENT=E.B:y"


def wrong(text: str) -> list[tuple[int, int, str]]:
    """Line, column and name of the reason of everything that is wrong."""
    with pytest.raises(DefinitionError) as error:
        read(text, "x.conf")
    return [
        (each.place.line, each.place.column, each.reason.key.removeprefix("correlation."))
        for each in error.value.wrong
    ]


def test_everything_at_once() -> None:
    text = """
# a comment
VERSION=0002

[all-of/it_1]
  TARGET=B.SOURCESERVER^=prod , E.K!=a;b
CON = CID:1 , E.SEVERITY==Error, E.PRODUCT_NAME>="a,b;c \\"d\\""
CON=NOT, E.T==test
CON=CID:2,B.ID==111:1,B.MESSAGE*=^x+$
TIMEOUT=0090
TYPE=sequence
SAME_ATTRIBUTE=B.SOURCESERVER, E.K
CORRELATION_NUM=7
SUCCESS_EVENT=B.ID:7fff8000,B.MESSAGE:"$EV1_B.SOURCESERVER: done, ok",E.X:a:b
FAIL_EVENT=E.SEVERITY:$EV2_E.SEVERITY
[next]
CON=E.A==x
TYPE=threshold:3
FAIL_EVENT=E.B:y
"""
    definition = read(text, "x.conf")
    first, second = definition.conditions
    assert (definition.version, first.name, first.timeout_s, first.kind) == (
        2,
        "all-of/it_1",
        90,
        Kind.SEQUENCE,
    )
    assert first.target == (
        AttributeCondition("B.SOURCESERVER", Operator.BEGINS, ("prod",)),
        AttributeCondition("E.K", Operator.DIFFERENT, ("a", "b")),
    )
    assert [con.number for con in first.cons] == [1, 2]
    assert first.cons[0].conditions[1].values == ('a,b;c "d"',)
    assert first.cons[1].conditions[0].values == ("00000111:00000001",)
    assert len(first.excluded) == 1
    assert (first.same_attribute, first.most_sets) == (("B.SOURCESERVER", "E.K"), 7)
    assert first.success == (
        Assignment("B.ID", ("7FFF8000:00000000",)),
        Assignment("B.MESSAGE", (Variable(1, "B.SOURCESERVER"), ": done, ok")),
        Assignment("E.X", ("a:b",)),
    )
    assert first.fail == (Assignment("E.SEVERITY", (Variable(2, "E.SEVERITY"),)),)
    assert (second.kind, second.threshold, second.success) == (Kind.THRESHOLD, 3, None)


def test_defaults() -> None:
    (one,) = read(f"[a]\n{OK}\n", "x").conditions
    assert (one.timeout_s, one.kind, one.most_sets, one.same_attribute) == (60, Kind.COMBINATION, 10, ())
    assert read("", "x").conditions == ()


def test_what_does_not_count() -> None:
    plain = f"[a]\n{OK}\n[b]\n{OK}\n"
    other = (
        f"VERSION=1\n# said\n\n[b]\r\n  {OK}\n\t\n[a]\n CON = E.A == x\nSUCCESS_EVENT= E.B : y\nTIMEOUT=60\n"
    )
    assert read(plain, "x").canonical == read(other, "x").canonical
    assert read(plain, "x").canonical != read(plain.replace("y", "z", 1), "x").canonical


LONG, V2 = "x" * 2049, "VERSION=2\n"
WRONG: list[tuple[str, tuple[int, int, str]]] = [
    ("hello\n", (1, 1, "no-parameter")),
    ("=5\n", (1, 1, "no-parameter")),
    (f"VERSION=3\n[a]\n{OK}", (1, 9, "bad-version")),
    (f"VERSION=two\n[a]\n{OK}", (1, 9, "bad-version")),
    (f"VERSION=\n[a]\n{OK}", (1, 9, "bad-version")),
    (f"VERSION=1\nVERSION=1\n[a]\n{OK}", (2, 1, "version-twice")),
    (f"[a]\nVERSION=2\n{OK}", (2, 1, "late-version")),
    (f"TIMEOUT=5\n[a]\n{OK}", (1, 1, "outside")),
    (f"[a\n{OK}", (1, 1, "bad-tag")),
    (f"[a] x\n{OK}", (1, 1, "bad-tag")),
    (f"[[a]]\n{OK}", (1, 1, "bad-tag")),
    (f"[]\n{OK}", (1, 2, "bad-name")),
    (f"[a b]\n{OK}", (1, 2, "bad-name")),
    (f"[あ]\n{OK}", (1, 2, "bad-name")),
    (f"[{'n' * 33}]\n{OK}", (1, 2, "long-name")),
    (f"[im_x]\n{OK}", (1, 2, "reserved-name")),
    (f"[a]\n{OK}\n[a]\n{OK}", (4, 2, "name-twice")),
    (f"[a]\n{OK}\nCOUNT=5", (4, 1, "unknown-parameter")),
    (f"[a]\n{OK}\ntimeout=5", (4, 1, "no-parameter")),
    (f"[a]\nTARGET=E.A==x\n{OK}", (2, 1, "needs-version-2")),
    (f"[a]\nSAME_ATTRIBUTE=E.A\n{OK}", (2, 1, "needs-version-2")),
    (f"[a]\nCORRELATION_NUM=5\n{OK}", (2, 1, "needs-version-2")),
    (f"[a]\n{OK}\nTIMEOUT=5\nTIMEOUT=6", (5, 1, "parameter-twice")),
    (f"[a]\n{OK}\nSUCCESS_EVENT=E.C:z", (4, 1, "parameter-twice")),
    (f"{V2}[a]\nTARGET=E.A==x\nTARGET=E.A==y\n{OK}", (4, 1, "parameter-twice")),
    (f"[a]\n{OK}\nTIMEOUT=", (4, 9, "no-value")),
    (f"[a]\n{OK}\nTIMEOUT=0", (4, 9, "bad-timeout")),
    (f"[a]\n{OK}\n TIMEOUT = 86401", (4, 12, "bad-timeout")),
    (f"[a]\n{OK}\nTIMEOUT=1.5", (4, 9, "bad-timeout")),
    (f"[a]\n{OK}\nTYPE=any", (4, 6, "bad-type")),
    (f"[a]\n{OK}\nTYPE=sequence:2", (4, 6, "bad-type")),
    (f"[a]\n{OK}\nTYPE=threshold", (4, 15, "bad-threshold")),
    (f"[a]\n{OK}\nTYPE=threshold:0", (4, 16, "bad-threshold")),
    (f"[a]\n{OK}\nTYPE=threshold:101", (4, 16, "bad-threshold")),
    (f"{V2}[a]\n{OK}\nSAME_ATTRIBUTE=E.A,E.B,E.C,E.D", (5, 28, "too-many-attributes")),
    (f"{V2}[a]\n{OK}\nSAME_ATTRIBUTE=E.A,E.A", (5, 20, "attribute-twice")),
    (f"{V2}[a]\n{OK}\nSAME_ATTRIBUTE=HOST", (5, 16, "bad-attribute")),
    (f"{V2}[a]\n{OK}\nCORRELATION_NUM=1025", (5, 17, "bad-sets")),
    ("[a]\nSUCCESS_EVENT=E.B:y", (1, 1, "no-con")),
    ("[a]\nCON=NOT,E.A==x\nSUCCESS_EVENT=E.B:y", (2, 1, "only-not")),
    ("[a]\nCON=E.A==x", (1, 1, "no-event")),
    ("[a]\n" + "CON=E.A==x\n" * 11 + "SUCCESS_EVENT=E.B:y", (12, 5, "too-many-cons")),
    ("[a]\nCON=CID:0,E.A==x\nSUCCESS_EVENT=E.B:y", (2, 5, "bad-cid")),
    ("[a]\nCON=CID:x,E.A==x\nSUCCESS_EVENT=E.B:y", (2, 5, "bad-cid")),
    ("[a]\nCON=CID:1,E.A==x\nCON=CID:1,E.A==y\nSUCCESS_EVENT=E.B:y", (3, 5, "cid-twice")),
    ("[a]\nCON=CID:1\nSUCCESS_EVENT=E.B:y", (2, 10, "no-comparison")),
    ("[a]\nCON=E.A==x,\nSUCCESS_EVENT=E.B:y", (2, 12, "no-comparison")),
    ("[a]\nCON=E.A\nSUCCESS_EVENT=E.B:y", (2, 5, "no-operator")),
    ("[a]\nCON=E.A=x\nSUCCESS_EVENT=E.B:y", (2, 8, "bad-operator")),
    ("[a]\nCON=E.A+=x\nSUCCESS_EVENT=E.B:y", (2, 8, "bad-operator")),
    ("[a]\nCON=A==x\nSUCCESS_EVENT=E.B:y", (2, 5, "bad-attribute")),
    ("[a]\nCON=B.HOST==x\nSUCCESS_EVENT=E.B:y", (2, 5, "no-basic-attribute")),
    (f"[a]\nCON=E.{'A' * 33}==x\nSUCCESS_EVENT=E.B:y", (2, 5, "long-attribute")),
    ("[a]\nCON=E.A==\nSUCCESS_EVENT=E.B:y", (2, 10, "empty-value")),
    ("[a]\nCON=E.A==x;;y\nSUCCESS_EVENT=E.B:y", (2, 12, "empty-value")),
    ('[a]\nCON=E.A=="x\nSUCCESS_EVENT=E.B:y', (2, 10, "open-quote")),
    ('[a]\nCON=E.A=="x"y\nSUCCESS_EVENT=E.B:y', (2, 13, "stray-quote")),
    ('[a]\nCON=E.A==x"y"\nSUCCESS_EVENT=E.B:y', (2, 11, "stray-quote")),
    (f"[a]\nCON=E.A=={LONG}\nSUCCESS_EVENT=E.B:y", (2, 10, "long-value")),
    (f"[a]\nCON=E.A=={'x' * 1200},E.C=={'x' * 1200}\nSUCCESS_EVENT=E.B:y", (2, 5, "long-values")),
    (
        "[a]\nCON=" + ",".join(["E.A==x"] * 257) + "\nSUCCESS_EVENT=E.B:y",
        (2, 5 + 7 * 256, "too-many-comparisons"),
    ),
    ("[a]\nCON=E.A*=(x\nSUCCESS_EVENT=E.B:y", (2, 10, "bad-pattern")),
    ("[a]\nCON=B.ID==xyz\nSUCCESS_EVENT=E.B:y", (2, 11, "bad-id")),
    ("[a]\nCON=B.SOURCESERVER==/g;h\nSUCCESS_EVENT=E.B:y", (2, 21, "mixed-groups")),
    ("[a]\nCON=B.SOURCESERVER^=/g\nSUCCESS_EVENT=E.B:y", (2, 19, "group-operator")),
    ("[a]\nCON=E.A==x\nSUCCESS_EVENT=E.B", (3, 15, "no-assignment")),
    ("[a]\nCON=E.A==x\nSUCCESS_EVENT=E.B:", (3, 19, "empty-value")),
    ("[a]\nCON=E.A==x\nSUCCESS_EVENT=E.B:y,E.B:z", (3, 21, "attribute-twice")),
    ("[a]\nCON=E.A==x\nSUCCESS_EVENT=E.OBJECT_NAME:y", (3, 15, "fixed-attribute")),
    ("[a]\nCON=E.A==x\nSUCCESS_EVENT=B.ID:2000", (3, 20, "foreign-id")),
    ("[a]\nCON=E.A==x\nSUCCESS_EVENT=E.B:a$EV_E.A", (3, 20, "bad-variable")),
    ('[a]\nCON=CID:1,E.A==x\nFAIL_EVENT=E.B:"a $EV1_X.A"', (3, 19, "bad-variable")),
    ("[a]\nCON=CID:1,E.A==x\nFAIL_EVENT=E.B:$EV2_E.A", (3, 16, "unknown-cid")),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=lambda each: str(each)[:40])
def test_wrong_definitions(text: str, expected: tuple[int, int, str]) -> None:
    assert expected in wrong(text)


def test_there_is_one_for_every_reason() -> None:
    told = {name for _, (_, _, name) in WRONG}
    folder = PROJECT / "indications" / "correlation"
    source = "".join((folder / name).read_text("utf-8") for name in ("reading.py", "attributes.py"))
    raised = {name for name in catalogue("correlation") if f'"{name}"' in source}
    assert raised - told == {"too-many-conditions"}
    assert told <= raised


@pytest.mark.parametrize(
    "line", ["TIMEOUT={}", "TYPE=threshold:{}", "CORRELATION_NUM={}", "CON=CID:{},E.K==a"]
)
def test_numbers_of_any_length(line: str) -> None:
    """Python refuses to read those of more than 4,300 digits."""
    assert wrong(f"VERSION=2\n[n]\n{OK}\n{line.format('9' * 5000)}\n")
    con = "" if line.startswith("CON") else OK
    read(f"VERSION=2\n[n]\n{con}\n{line.format('0' * 5000 + '7')}\nFAIL_EVENT=E.K:x\n", "x")


def test_too_many_conditions() -> None:
    text = "".join(f"[n{number}]\n{OK}\n" for number in range(1001))
    assert wrong(text) == [(3001, 1, "too-many-conditions")]


def test_all_errors_are_told_in_both_languages() -> None:
    with pytest.raises(DefinitionError) as error:
        read("[a]\nTIMEOUT=x\nCON=A==x\n", "rules.conf")
    assert [each.text() for each in error.value.wrong] == [
        "rules.conf:2:9: TIMEOUT is 1 to 86400 seconds, not x",
        "rules.conf:3:5: 'A' is no attribute: B.NAME or E.NAME",
        "rules.conf:1:1: [a] has neither SUCCESS_EVENT nor FAIL_EVENT",
    ]
    assert re.match(r"rules\.conf:2:9: TIMEOUT は", error.value.wrong[0].text("ja"))


def test_the_guides_example_needs_its_version() -> None:
    text = "[gyoumuA]\nTARGET=E.JP1_SOURCEHOST==/業務システムA\nCON=E.A==x\nSUCCESS_EVENT=E.SEVERITY:Alert\n"
    assert wrong(text) == [(2, 1, "needs-version-2")]
    (one,) = read(f"VERSION=2\n{text}", "x").conditions
    assert one.target[0].is_group


PIECES = st.sampled_from(
    ["[a]", "\n", "VERSION=2\n", "CON=", "E.A", "B.ID", "==", "*=", '"', "\\", ";", ",", "CID:1", "NOT",
     "$EV1_E.A", ":", "TYPE=threshold:", "9" * 30, "SUCCESS_EVENT=", "/", "日本", " ", "\t",
     "SAME_ATTRIBUTE=", "TIMEOUT=", "#"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text, "x")
    except DefinitionError as error:
        lines = text.split("\n")
        assert all(1 <= each.place.line <= len(lines) and each.place.column >= 1 for each in error.wrong)


def test_a_huge_one(tmp_path: Path) -> None:
    """1,000 conditions of ten event conditions each are read, and are what they say."""
    lines = ["VERSION=2"]
    for number in range(1000):
        lines += [
            f"[n{number}]",
            *(f"CON=E.A==v{number},E.B==w{con}" for con in range(10)),
            "FAIL_EVENT=E.C:x",
        ]
    definition = read("\n".join(lines), "big.conf")
    assert [len(each.cons) for each in definition.conditions] == [10] * 1000
