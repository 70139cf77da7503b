"""Advice about definitions that can be used (R-61, R-64)."""

from __future__ import annotations

import pytest

from indications.correlation.advising import advice
from indications.correlation.groups import Groups, read_groups
from indications.correlation.reading import read

ONE = "VERSION=2\n[a]\nCON=E.SEVERITY==Error\nSUCCESS_EVENT=E.SEVERITY:Alert\n"
RESTRICTED = read_groups('["/a"]\nhosts = ["h"]\nusers = ["u"]\n')


@pytest.mark.parametrize(
    ("text", "groups", "expected"),
    [
        (ONE, Groups(), []),
        (ONE.replace("Error", "Error;Bogus"), Groups(), ["odd-severity"]),
        (ONE.replace("Alert", "alert"), Groups(), ["odd-severity"]),
        (ONE.replace("==Error", ">=Err"), Groups(), []),
        (ONE.replace("SUCCESS", "TARGET=B.DESTSERVER!=/b;/a\nSUCCESS"), RESTRICTED,
         ["unknown-group", "no-source-host"]),
        (ONE, RESTRICTED, ["no-group-target", "no-source-host"]),
        (ONE.replace("SUCCESS", "TARGET=E.JP1_SOURCEHOST==/a\nSUCCESS").replace("CON=", "CON=CID:1,").replace(
            ":Alert", ":Alert,E.JP1_SOURCEHOST:$EV1_E.JP1_SOURCEHOST"), RESTRICTED, []),
    ],
)  # fmt: skip
def test_advice(text: str, groups: Groups, expected: list[str]) -> None:
    found = advice(read(text, "x"), groups)
    assert [each.key for each in found] == [f"correlation.{each}" for each in expected]
    assert all(each.text("ja") != each.text("en") for each in found)
