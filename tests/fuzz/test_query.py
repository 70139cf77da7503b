"""Query languages: any text is read or refused with 14 or 15, and what is read can be asked."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from openesm.cim.errors import CIMError, Status
from openesm.cim.values import DateTime, Instance, TypedValue, Value
from subscription.query import CQL_NAMES, FQL, WQL, parse, parse_filter
from tests.fuzz.hunt import broken_text, hunt, rearranged

CONDITIONS = (
    "SourceInstance ISA CIM_Fan AND SourceInstance.CIM_Fan::Speed < 500",
    "NOT (a.Name = 'it\\'s' OR Speed >= 0x1F) AND Ratio <> -2.5e3",
    "ANY Codes[*] = 3 OR EVERY Codes > 1 OR Codes[1] = 101B",
    "Codes[7] IS NULL AND Words[0] LIKE 'x'",
    f"Speed < {'9' * 5000} AND Speed < 1e{'9' * 80}",
    "Name LIKE 'a%_[b-c][^d]\\\\.x*' AND Name NOT LIKE '.*'",
    "When > '20260102******.******+000' AND Span <= '00000001000000.000000:000'",
    "Codes = {1, 2, 3} AND Nothing = NULL AND Name IS NOT NULL AND On = TRUE",
    "__this ISA 'X' AND SourceInstance.CIM_Fan::Speed <> PreviousInstance.CIM_Fan::Speed",
)
QUERIES = tuple(f"SELECT a.Name, Speed FROM CIM_Thing AS a WHERE {text}" for text in CONDITIONS)
PIECES = [re.findall(r"\w+|\s+|\W", text) for text in (*CONDITIONS, *QUERIES)]
VALUES: dict[str, Value] = {
    "name": "Fan 1",
    "speed": 600,
    "ratio": 0.5,
    "on": True,
    "codes": [1, None, 3],
    "when": DateTime.parse("20260102030405.******+000"),
    "span": DateTime.parse("000000010000**.******:000"),
    "sourceinstance": Instance("CIM_Fan", {"Speed": TypedValue(900, "uint32")}),
}
TEXTS = st.one_of(broken_text((*CONDITIONS, *QUERIES)), rearranged(PIECES), st.text())
LANGUAGES = st.sampled_from([WQL, *CQL_NAMES, FQL, "DMTF:CQLT", ""])


class Thing:
    def value(self, name: str) -> Value:
        return VALUES.get(name.lower())

    def isa(self, classname: str) -> bool:
        return classname == "CIM_Thing"


def check(text: str, language: str) -> None:
    try:
        accepts = (parse_filter if language == FQL else parse)(text, language).accepts
        assert accepts(Thing()) in (True, False)
    except CIMError as refused:
        assert refused.status in (Status.QUERY_LANGUAGE_NOT_SUPPORTED, Status.INVALID_QUERY)
        assert refused.text("en") and refused.text("ja")


def test_queries() -> None:
    hunt(check, TEXTS, LANGUAGES)
