"""What the query languages accept, what they mean, and how they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.cim.errors import CIMError, Status
from openesm.cim.values import DateTime, Instance, TypedValue, Value
from subscription.query import FQL, WQL, parse, parse_filter

CQL = "DMTF:CQL"


@dataclass(frozen=True)
class Row:
    classes: tuple[str, ...]
    values: Mapping[str, Value]

    def value(self, name: str) -> Value:
        return {key.lower(): value for key, value in self.values.items()}.get(name.lower())

    def isa(self, classname: str) -> bool:
        return classname.lower() in (known.lower() for known in self.classes)


SOURCE = Instance("ESM_Fan", {"Speed": TypedValue(900, "uint32")})
ROW = Row(
    ("ESM_Thing", "CIM_Thing"),
    {
        "Name": "Fan 1",
        "Quoted": 'it\'s a "fan"\\',
        "Speed": 600,
        "Low": -5,
        "Ratio": 0.5,
        "On": True,
        "Off": False,
        "Nothing": None,
        "When": DateTime.parse("20260102030405.000000+000"),
        "Span": DateTime.parse("00000001000000.000000:000"),
        "Codes": [1, 2, 3],
        "SourceInstance": SOURCE,
    },
)


@pytest.mark.parametrize(
    ("where", "accepted"),
    [
        ("Speed = 600", True),
        ("speed = 0x258", True),
        ("600 = Speed", True),
        ("500 < Speed", True),
        ("Speed <> 600", False),
        ("Speed != 601", True),
        ("Speed > 599 AND Speed < 601", True),
        ("Speed >= 601 OR Low <= -5", True),
        ("NOT Speed = 600", False),
        ("NOT NOT Speed = 600", True),
        ("NOT (Speed = 1 OR Low = 1)", True),
        ("Low < 0", True),
        ("Ratio = 0.5", True),
        ("Ratio = 5e-1", True),
        ("On = TRUE", True),
        ("on = true AND Off = False", True),
        ("On > FALSE", False),
        ("Name = 'Fan 1'", True),
        ('Name = "Fan 1"', True),
        ("Name = 'fan 1'", False),
        ("Name < 'Gan'", True),
        (r"""Quoted = 'it\'s a "fan"\\'""", True),
        ("Nothing IS NULL", True),
        ("Nothing IS NOT NULL", False),
        ("Name IS NOT NULL", True),
        ("Nothing = 1", False),
        ("NOT Nothing = 1", False),
        ("Nothing = 1 OR Speed = 600", True),
        ("Nothing = 1 AND Speed = 1", False),
        ("Nothing = NULL", True),
        ("Name = 600", False),
        ("Speed = Speed", True),
        ("Name LIKE 'Fan%'", True),
        ("Name LIKE '%1'", True),
        ("Name LIKE 'F_n _'", True),
        ("Name LIKE '[A-F]an [^2-9]'", True),
        ("Name LIKE 'an'", False),
        ("Name NOT LIKE 'Gan%'", True),
        ("Speed LIKE '6%'", False),
        ("When = '20260102030405.000000+000'", True),
        ("When = '20260102******.******+000'", True),
        ("When > '20260101030405.000000+000'", True),
        ("When < '20260102040405.000000+060'", False),
        ("Span < '00000002000000.000000:000'", True),
        ("Span = '20260102030405.000000+000'", False),
        ("SourceInstance ISA ESM_Fan", True),
        ("SourceInstance ISA 'ESM_Pump'", False),
        ("SourceInstance.Speed = 900", True),
        ("SourceInstance.ESM_Fan::Speed > 1", True),
        ("SourceInstance.ESM_Pump::Speed > 1", False),
        ("ESM_Thing.Speed = 600", True),
        ("ESM_Thing ISA CIM_Thing", True),
        ("t.Speed = 600", True),
        ("Name.Speed = 1", False),
        ("Codes[1] = 2", True),
        ("Codes[7] = 2", False),
    ],
)
@pytest.mark.parametrize("language", [WQL, CQL])
def test_conditions(where: str, accepted: bool, language: str) -> None:
    if "LIKE" in where and language == CQL:
        where = where.replace("%", ".*").replace("_", ".").replace("[A-F]", "F").replace("[^2-9]", ".")
    assert parse(f"SELECT * FROM ESM_Thing t WHERE {where}", language).accepts(ROW) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("Speed = 600", True),
        ("ANY Codes = 2", True),
        ("ANY Codes = 9", False),
        ("EVERY Codes > 0", True),
        ("EVERY Codes > 1", False),
        ("Codes = 1", False),
        ("Name LIKE 'Fan.*'", True),
        (r"Name LIKE 'Fan\.*'", False),
    ],
)
def test_filters(text: str, accepted: bool) -> None:
    assert parse_filter(text, FQL).accepts(ROW) is accepted


@pytest.mark.parametrize(
    ("text", "select"),
    [
        ("SELECT * FROM CIM_Thing", None),
        ("select Name, Speed from CIM_Thing", ("Name", "Speed")),
        ("SELECT CIM_Thing.Name FROM CIM_Thing", ("Name",)),
        ("SELECT t.Name FROM CIM_Thing AS t", ("Name",)),
    ],
)
def test_select_lists(text: str, select: tuple[str, ...] | None) -> None:
    query = parse(text, WQL)
    assert (query.classname, query.select) == ("CIM_Thing", select)
    assert query.accepts(ROW)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("SELECT", id="ends early"),
        pytest.param("SELECT * FROM", id="no class"),
        pytest.param("SELECT * FROM CIM_Thing WHERE", id="no condition"),
        pytest.param("SELECT * FROM CIM_Thing WHERE Speed", id="no operator"),
        pytest.param("SELECT * FROM CIM_Thing WHERE Speed = ", id="no operand"),
        pytest.param("SELECT * FROM CIM_Thing WHERE (Speed = 1", id="open parenthesis"),
        pytest.param("SELECT * FROM CIM_Thing WHERE Speed = 1)", id="too many parentheses"),
        pytest.param("SELECT * FROM CIM_Thing WHERE Speed = 1 garbage", id="garbage at the end"),
        pytest.param("SELECT * FROM CIM_Thing WHERE Name = 'open", id="open string"),
        pytest.param("SELECT * FROM CIM_Thing WHERE Name LIKE 5", id="pattern that is no string"),
        pytest.param("SELECT * FROM CIM_Thing WHERE Speed = 12abc", id="number and letters"),
        pytest.param("SELECT * FROM CIM_Thing ORDER BY Name", id="beyond the subset"),
        pytest.param("SELECT COUNT(*) FROM CIM_Thing", id="a function"),
        pytest.param("SELECT a.b.c FROM CIM_Thing", id="a path selected"),
        pytest.param("SELECT * FROM A, B", id="a join"),
        pytest.param("SELECT * FROM T WHERE " + "(" * 100 + "a = 1" + ")" * 100, id="nested too deep"),
        pytest.param("SELECT * FROM T WHERE a = '" + "x" * 9000 + "'", id="too long"),
        pytest.param("SELECT * FROM T WHERE a = 1 \x00", id="a control character"),
        pytest.param("SELECT * FROM T WHERE a[x] = 1", id="index that is no number"),
    ],
)
@pytest.mark.parametrize("language", [WQL, "DMTF:CQL", "CIM:CQL", "CQL"])
def test_refused(text: str, language: str) -> None:
    with pytest.raises(CIMError) as refused:
        parse(text, language)
    assert refused.value.status is Status.INVALID_QUERY
    assert refused.value.text("en") and refused.value.text("ja")


@pytest.mark.parametrize("language", ["", "wql", "DMTF:CQLT", "SQL", FQL])
def test_unknown_languages(language: str) -> None:
    with pytest.raises(CIMError) as refused:
        parse("SELECT * FROM CIM_Thing", language)
    assert refused.value.status is Status.QUERY_LANGUAGE_NOT_SUPPORTED


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (lambda: parse(text, WQL), lambda: parse(text, CQL), lambda: parse_filter(text, FQL)):
        try:
            read()
        except CIMError as refused:
            assert refused.status is Status.INVALID_QUERY


WORDS = ["SELECT", "*", "FROM", "WHERE", "AND", "OR", "NOT", "(", ")", "=", "<", "LIKE", "IS", "NULL", "ISA"]
PIECES = st.sampled_from(
    [*WORDS, "Speed", "Name", "'x'", "1", "-0x1F", "2.5", ".", "::", "[", "]", ",", "TRUE"]
)


@given(st.lists(PIECES, max_size=20))
def test_any_words_are_read_or_refused(pieces: list[str]) -> None:
    text = f"SELECT * FROM T WHERE {' '.join(pieces)}"
    try:
        condition = parse(text, WQL).where
    except CIMError as refused:
        assert refused.status is Status.INVALID_QUERY
        return
    assert condition is not None
    again = parse(f"SELECT * FROM T WHERE {condition}".replace("__Class", "T"), WQL).where
    assert again is not None
    assert again.accepts(ROW) is condition.accepts(ROW)
