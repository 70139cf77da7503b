"""What the query languages accept, what they mean, and how they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.cim.errors import CIMError, Status
from openesm.cim.values import DateTime, Instance, TypedValue, Value
from subscription.query import FQL, WQL, Condition, parse, parse_filter

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
        "Same": (1, 2, 3),
        "Words": ["a", None],
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
        ("Codes = Same", True),
        ("Codes <> Same", False),
        ("Codes = Words", False),
        ("Codes <> Words", True),
        ("SourceInstance = SourceInstance", False),
        ("Quoted LIKE '%'", True),
        ("Missing = 1", False),
        ("Missing IS NULL", True),
        ("When = 'yesterday'", False),
        ("'a' < 'b'", True),
        ("__this ISA CIM_Thing", True),
        ("Nothing ISA CIM_Thing", False),
        ("NOT Nothing ISA CIM_Thing", False),
    ],
)
@pytest.mark.parametrize("language", [WQL, CQL])
def test_conditions(where: str, accepted: bool, language: str) -> None:
    if "LIKE" in where and language == CQL:
        where = where.replace("%", ".*").replace("_", ".").replace("[A-F]", "F").replace("[^2-9]", ".")
    assert parse(f"SELECT * FROM ESM_Thing t WHERE {where}", language).accepts(ROW) is accepted


@pytest.mark.parametrize("language", [WQL, CQL])
@pytest.mark.parametrize(
    "where", ["Span = '20260102030405.000000+000'", "When > '00000001000000.000000:000'"]
)
def test_intervals_and_times_do_not_compare(where: str, language: str) -> None:
    query = parse(f"SELECT * FROM ESM_Thing WHERE {where}", language)
    with pytest.raises(CIMError) as refused:
        query.accepts(ROW)
    assert refused.value.status is Status.INVALID_QUERY


FILTERS = [
    ("Speed = 600", True),
    ("Speed = 1001011000B", True),
    ("ANY Codes = 2", True),
    ("any codes = 9", False),
    ("NOT ANY Codes = 9", True),
    ("ANY Codes > 3 OR ANY Codes < 2", True),
    ("EVERY Codes > 0", True),
    ("EVERY Codes > 1", False),
    ("EVERY Codes <> Speed", True),
    ("ANY Speed = 600", False),
    ("ANY Words LIKE 'a'", True),
    ("EVERY Words LIKE 'a'", False),
    ("Codes = 1", False),
    ("Codes[2] = 3", True),
    ("Name LIKE 'Fan.*'", True),
    ("Name NOT LIKE 'Fan.*'", False),
    (r"Name LIKE 'Fan\.*'", False),
    (r"Name = 'Fan\u00201'", True),
]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        *FILTERS,
        ("Codes = {1, 2, 3}", True),
        ("Codes = {1, 2}", False),
        ("Codes <> {1, 2, 4}", True),
        ("Codes = {}", False),
        ("Nothing = NULL", True),
        ("Nothing <> NULL", False),
        ("Speed <> NULL", True),
        ("Missing = 3", False),
        ("Missing <> 3", True),
        ("Missing < 3", False),
        ("Words[1] = NULL", True),
        ("SourceInstance.Speed = 900", True),
    ],
)
def test_filters(text: str, accepted: bool) -> None:
    assert parse_filter(text, FQL).accepts(ROW) is accepted


@pytest.mark.parametrize(("text", "accepted"), [*FILTERS, ("ANY Codes[*] = 2", True)])
def test_quantifiers_of_cql(text: str, accepted: bool) -> None:
    assert parse(f"SELECT * FROM ESM_Thing WHERE {text}", CQL).accepts(ROW) is accepted


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("SourceInstance ISA CIM_NumericSensor", True),
        ("SourceInstance ISA esm_fan", True),
        ("SourceInstance ISA CIM_Processor", False),
        ("SourceInstance.CIM_NumericSensor::Speed = 900", True),
        ("SourceInstance.CIM_Processor::Speed = 900", False),
        ("SourceInstance.Speed <> PreviousInstance.Speed", True),
        ("PreviousInstance ISA CIM_NumericSensor", False),
    ],
)
def test_embedded_instances_are_of_the_classes_above(text: str, accepted: bool) -> None:
    def isa(classname: str, ancestor: str) -> bool:
        return classname == "ESM_Fan" and ancestor.lower() in ("esm_fan", "cim_numericsensor")

    previous = Instance("ESM_Pump", {"speed": TypedValue(800, "uint32")})
    row = Row(("CIM_InstModification",), {"SourceInstance": SOURCE, "PreviousInstance": previous})
    assert parse(f"SELECT * FROM CIM_InstModification WHERE {text}", CQL).accepts(row, isa) is accepted


def test_other_classes_are_not_accepted() -> None:
    assert not parse("SELECT * FROM CIM_Other", WQL).accepts(ROW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * FORM X", "Position 10: FROM was expected."),
        (
            "SELECT * FROM X WHERE a = ",
            "Position 27: a property, a string, a number, TRUE or FALSE was expected.",
        ),
        ("SELECT * FROM X WHERE a = 1 b", "Position 29: the end, AND or OR was expected."),
        ("SELECT * FROM X WHERE a = 'b", "Position 27: the string that starts here does not end."),
        (
            "SELECT * FROM X WHERE a = 99999999999999999999",
            "Position 27: a number of at most 64 bits was expected.",
        ),
        ("SELECT *, a FROM X", "* stands alone in the list of SELECT."),
    ],
)
def test_messages_say_where_and_what(text: str, message: str) -> None:
    with pytest.raises(CIMError) as refused:
        parse(text, WQL)
    assert refused.value.text("en") == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Speed",
        "SELECT * FROM T",
        "ANY Codes[1] = 2",
        "ANY Codes IS NULL",
        "ANY Codes ISA X",
        "ANY 3 = Codes",
        "Codes = {1, 2",
        "Codes = {{1}}",
        "Codes = {NULL}",
        "Codes[-1] = 1",
        "a + 1 = 2",
        "UPPER(a) = 'B'",
        "a NOT = 1",
        "a IS TRUE",
        "a = 1e999",
        "NULL IS NULL",
        "a LIKE '" + "x" * 1025 + "'",
        "NOT " * 65 + "a = 1",
    ],
)
def test_filters_refused(text: str) -> None:
    with pytest.raises(CIMError) as refused:
        parse_filter(text, FQL)
    assert refused.value.status is Status.INVALID_QUERY
    assert refused.value.text("en") and refused.value.text("ja")


def test_deepest_nesting() -> None:
    assert parse_filter("(" * 64 + "Speed = 600" + ")" * 64, FQL).accepts(ROW)
    assert parse_filter("NOT " * 64 + "Speed = 600", FQL).accepts(ROW)


@pytest.mark.parametrize("term", ["Low<0", "(Low<0)", "NOT Low>0"])
def test_long_rows_of_terms_need_no_depth(term: str) -> None:
    assert parse_filter(" AND ".join([term] * 500), FQL).accepts(ROW)


@pytest.mark.parametrize(("language", "accepted"), [(WQL, True), (CQL, False)])
def test_wql_takes_the_paths_of_windows_as_they_are(language: str, accepted: bool) -> None:
    row = Row(("T",), {"Path": r"C:\temp"})
    assert parse(r"SELECT * FROM T WHERE Path = 'C:\temp'", language).accepts(row) is accepted


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


PLACES = st.sampled_from(
    [
        "Speed",
        "name",
        "Codes[1]",
        "Missing",
        "Words",
        "SourceInstance.Speed",
        "SourceInstance.X::Y",
        "Nothing",
        "When",
    ]
)
LITERALS = st.one_of(
    st.sampled_from(["TRUE", "false", "0x1F", "-101b", "+7", "2.5", "-5e-1", "1E3", ".5"]),
    st.integers(-(2**63), 2**64 - 1).map(str),
    st.text(max_size=5).map(lambda text: repr(text) if text.isprintable() else "'" + text.strip("'\\") + "'"),
)
SIGNS = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "!="])
PREDICATES = st.one_of(
    st.tuples(PLACES, SIGNS, LITERALS),
    st.tuples(LITERALS, SIGNS, PLACES),
    st.tuples(st.sampled_from(["ANY", "Every", "NOT any"]), PLACES, SIGNS, PLACES),
    st.tuples(
        PLACES, st.sampled_from(["LIKE", "not like"]), st.sampled_from(["'a.*'", "'%_[a-c]'", "'\\\\'"])
    ),
    st.tuples(PLACES, st.sampled_from(["IS NULL", "is not null", "ISA X", "isa 'Y'", "= NULL"])),
).map(" ".join)
CONDITIONS = st.recursive(
    PREDICATES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(" AND ".join),
        st.lists(inner, min_size=2, max_size=4).map(" OR ".join),
        inner.map("({})".format),
        inner.map("NOT {}".format),
    ),
    max_leaves=12,
)


@given(CONDITIONS)
def test_conditions_spell_themselves(text: str) -> None:
    for language in (WQL, CQL, FQL):
        try:
            condition = _condition(text, language)
        except CIMError as refused:
            assert refused.status is Status.INVALID_QUERY
            continue
        assert _condition(str(condition), language) == condition


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("a = 1 and (b = 2 or c = 3)", "a = 1 AND (b = 2 OR c = 3)"),
        ("((a = 1) and b = 2) or c = 3", "a = 1 AND b = 2 OR c = 3"),
        ("not (a = 1 and b = 2)", "NOT (a = 1 AND b = 2)"),
        ("not not a is null", "NOT a IS NOT NULL"),
        ("a isa X", "a ISA 'X'"),
        ("a.X::b[2] like 'it\\'s'", "a.X::b[2] LIKE 'it\\'s'"),
        ("a != 1e3", "a <> 1000.0"),
        ("__This isa X", "__THIS ISA 'X'"),
    ],
)
@pytest.mark.parametrize("language", [WQL, CQL, FQL])
def test_spelling(text: str, spelled: str, language: str) -> None:
    assert str(_condition(text, language)) == spelled


def _condition(text: str, language: str) -> Condition:
    if language == FQL:
        return parse_filter(text, FQL)
    condition = parse(f"SELECT * FROM T WHERE {text}", language).where
    assert condition is not None
    return condition


WORDS = ["SELECT * FROM T WHERE", "AND", "OR", "NOT", "LIKE", "IS", "NULL", "ISA", "ANY", "EVERY", "TRUE"]
SYMBOLS = ["(", ")", "=", "<", ".", "::", "[", "]", "{", "}", ",", "*", "'", "\\"]
OPERANDS = ["Speed", "Name", "'x'", "1", "-0x1F", "2.5", "0", "T"]
PIECES = st.sampled_from([*WORDS, *SYMBOLS, *OPERANDS])


@given(st.lists(PIECES, max_size=20).map(" ".join))
def test_any_words_are_read_or_refused(text: str) -> None:
    for read in (
        lambda: parse(f"SELECT * FROM T WHERE {text}", WQL),
        lambda: parse(f"SELECT {text}", CQL),
        lambda: parse_filter(text, FQL),
    ):
        try:
            accepts = read().accepts
        except CIMError as refused:
            assert refused.status is Status.INVALID_QUERY
            continue
        assert accepts(ROW) in (True, False)
