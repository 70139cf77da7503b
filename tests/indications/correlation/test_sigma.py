"""Correlation rules of Sigma: what means the same is taken over, all else is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from indications.correlation.deciding import Succeeded
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.reading import read
from indications.correlation.sigma import SigmaError, imported

FAILED = """
title: Failed logon
name: failed_logon
detection:
  selection:
    EventID: 4625
    TargetUser|contains: admin
  filter:
    Port: 22
  condition: selection and not filter
"""
LOGON = """
title: Logon
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
detection:
  keywords:
    - 'logon "ok"'
    - welcome
  condition: keywords
"""
COUNT = """
title: Many failed logons
name: many_failed
level: high
correlation:
  type: event_count
  rules: [failed_logon]
  group-by: [TargetUser, Host-Name]
  timespan: 5m
  condition: {gte: 3}
"""
ORDERED = """
title: Failed, then a logon
correlation:
  type: temporal_ordered
  rules: [failed_logon, 929a690e-bef0-4204-a928-ef5e620d6fcc]
  timespan: 10m
"""


def documents(*texts: str) -> list[Any]:
    return [each for text in texts for each in yaml.safe_load_all(text)]


def taken(text: str, *events: dict[str, str]) -> list[tuple[str, tuple[int, ...]]]:
    engine = Engine(read(text, "sigma"))
    decided = [
        each
        for number, attributes in enumerate(events, 1)
        for each in engine.step(Event(number, float(number), attributes))
    ]
    return [
        (each.key[0], tuple(event.number for _, event in each.matches))
        for each in decided
        if isinstance(each, Succeeded)
    ]


def logon(user: str, **more: str) -> dict[str, str]:
    return {"E.EVENTID": "4625", "E.TARGETUSER": user, "E.HOST_NAME": "h", **more}


def test_event_count() -> None:
    text = imported(documents(FAILED, COUNT), {})
    condition = read(text, "sigma").conditions[0]
    assert (condition.name, condition.timeout_s, condition.threshold) == ("many_failed", 300, 3)
    assert condition.same_attribute == ("E.TARGETUSER", "E.HOST_NAME")
    found = taken(
        text, logon("ADMIN"), logon("x"), logon("ADMIN", **{"E.PORT": "22"}), logon("ADMIN"), logon("ADMIN")
    )
    assert found == [("many_failed", (1, 4, 5))]
    assert "E.SEVERITY:Error" in text


def test_temporal_and_ordered() -> None:
    ok = {"B.MESSAGE": 'the LOGON "ok" of somebody'}
    text = imported(documents(FAILED, LOGON, ORDERED), {"TargetUser": "B.USERNAME"})
    failed = {"E.EVENTID": "4625", "B.USERNAME": "the administrator"}
    assert taken(text, ok, failed, ok) == [("Failed-then-a-logon", (2, 3))]
    both = imported(documents(FAILED, LOGON, ORDERED.replace("temporal_ordered", "temporal")), {})
    assert taken(both, ok, logon("admin")) == [("Failed-then-a-logon", (1, 2))]


@pytest.mark.parametrize(
    ("modifiers", "pattern", "matching", "other"),
    [
        ("", "Dis?", ["disk", "DISK"], ["a disk", "disks"]),
        ("", "a*b", ["axxb", "ab", "a\nb"], ["abx"]),
        ("", r"a\*b", ["a*b"], ["axb"]),
        ("", r"a\\b (x) ü-+.", [r"a\b (x) Ü-+."], [r"a\\b (x) ü-+."]),
        ("|contains", "err", ["an ERROR"], ["er"]),
        ("|startswith", "err", ["Error"], ["an error"]),
        ("|endswith", "err", ["an Err"], ["error"]),
        ("|cased", "Err", ["Err"], ["err"]),
        ("|contains|cased", "Err", ["an Error"], ["an error"]),
        ("|re", "^a[0-9]+$", ["a1"], ["A1", "ax"]),
        ("|contains|all", ["a", "b"], ["xbxa"], ["a", "b"]),
        ("", ["a", "b"], ["A", "b"], ["ab", ""]),
        ("", "", [""], ["a"]),
        ("", 5, ["5"], ["05"]),
        ("", True, ["true"], ["false"]),
    ],
)
def test_values(modifiers: str, pattern: object, matching: list[str], other: list[str]) -> None:
    rule = {"name": "r", "detection": {"s": {f"K{modifiers}": pattern}, "condition": "s"}}
    count = {
        "name": "c",
        "correlation": {"type": "event_count", "rules": ["r"], "timespan": "1m", "condition": {"gte": 1}},
    }
    text = imported([rule, count], {})
    for value in matching:
        assert taken(text, {"E.K": value}), (value, text)
    for value in other:
        assert not taken(text, {"E.K": value}), (value, text)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"type": "value_count"}, "value_count"),
        ({"type": "temporal_extended"}, "temporal_extended"),
        ({"aliases": {"a": {}}}, "aliases"),
        ({"condition": {"lt": 3}}, "lt"),
        ({"condition": {"gte": 3, "field": "x"}}, "field"),
        ({"condition": None}, "None"),
        ({"timespan": "2w"}, "timespan"),
        ({"rules": ["nobody"]}, "nobody"),
        ({"rules": []}, "rules"),
        ({"group-by": "x"}, "group-by"),
    ],
)
def test_what_has_no_same_meaning(change: dict[str, object], name: str) -> None:
    known, rule = documents(FAILED, COUNT)
    rule["correlation"] = {**rule["correlation"], **change}
    with pytest.raises(SigmaError, match=name) as refused:
        imported([known, rule], {})
    assert refused.value.message.text("ja")


@pytest.mark.parametrize(
    "detection",
    [
        {"a": {"K": 1}, "b": {"K": 2}, "condition": "a or b"},
        {"a": {"K": 1}, "b": {"K": 2}, "condition": "1 of them"},
        {"a": {"K": 1, "L": 2}, "condition": "not a"},
        {"a": {"K": "x"}, "condition": "not a"},
        {"a": [{"K": 1}, {"K": 2}], "condition": "a"},
        {"a": {"K|base64": "x"}, "condition": "a"},
        {"a": {"K": None}, "condition": "a"},
        {"a": {"K": []}, "condition": "a"},
        {"a": {"K": "x\ny"}, "condition": "a"},
        {"a": {"K": 1}, "condition": "b"},
        {"a": {"K": 1}},
        [],
    ],
)
def test_detections_that_are_no_conjunction(detection: object) -> None:
    (rule,) = documents(COUNT)
    with pytest.raises(SigmaError):
        imported([{"name": "failed_logon", "detection": detection}, rule], {})


def test_where_events_come_from_has_to_be_said() -> None:
    known, rule = documents(FAILED, COUNT)
    known["logsource"] = {"product": "windows", "service": "security", "definition": "audit them"}
    with pytest.raises(SigmaError, match=r"--field logsource\.product=E\.NAME"):
        imported([known, rule], {})
    text = imported([known, rule], {"logsource.product": "E.PRODUCT_NAME", "logsource.service": ""})
    others = [logon("admin", **{"E.PRODUCT_NAME": "linux"})] * 3
    assert taken(text, *others) == []
    assert taken(text, *[logon("admin", **{"E.PRODUCT_NAME": "Windows"})] * 3) == [("many_failed", (1, 2, 3))]


def test_no_rule_at_all() -> None:
    with pytest.raises(SigmaError, match="no correlation rule"):
        imported(documents(FAILED, "- 1"), {})
