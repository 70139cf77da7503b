"""Queries against the schema: what a class does not have, and what does not compare, is told at once."""

from __future__ import annotations

import pytest

from openesm.cim.errors import CIMError, Status
from openesm.cim.schema import Class, Namespace
from subscription.query import FQL, WQL, check, parse, parse_filter

CQL = "DMTF:CQL"
EMBEDDED = [["EmbeddedInstance", "string", "CIM_Device", False, "os"]]
NAMESPACE = Namespace(
    "root/test",
    [],
    [
        {"name": "CIM_Device", "properties": [{"name": "DeviceID", "type": "string"}]},
        {
            "name": "ESM_Fan",
            "super": "CIM_Device",
            "properties": [{"name": "Speed", "type": "uint32"}],
        },
        {
            "name": "ESM_Change",
            "properties": [
                {"name": "Name", "type": "string"},
                {"name": "Letter", "type": "char16"},
                {"name": "Count", "type": "uint64"},
                {"name": "Ratio", "type": "real32"},
                {"name": "IsOn", "type": "boolean"},
                {"name": "When", "type": "datetime"},
                {"name": "Owner", "type": "reference", "class": "CIM_Device"},
                {"name": "Codes", "type": "uint16", "array": True},
                {"name": "Words", "type": "string", "array": True},
                {"name": "Times", "type": "datetime", "array": True},
                {"name": "SourceInstance", "type": "string", "qualifiers": EMBEDDED},
            ],
        },
    ],
)


def change() -> Class:
    found = NAMESPACE.get("ESM_Change")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "where",
    [
        "name = 'x'",
        "Letter = 'x'",
        "Count > 0 AND Count < 1.5 AND Count <> Ratio",
        "IsOn = TRUE AND IsOn <> FALSE",
        "When > '20260101000000.000000+000'",
        "'20260101******.******+000' = When",
        "When = When",
        "Owner IS NULL",
        "Codes = Codes",
        "Codes[0] = 5",
        "ANY Codes > 5",
        "ANY Words LIKE 'x.*'",
        "EVERY Words = Name",
        "ANY Times < '20260101000000.000000+000'",
        "Name LIKE 'x.*'",
        "SourceInstance ISA ESM_Fan",
        "SourceInstance.DeviceID = 'x'",
        "SourceInstance.Speed = 'a class below may have it, of any type'",
        "SourceInstance.ESM_Fan::Speed > 5",
        "SourceInstance.ESM_Fan::DeviceID = 'x'",
        "ESM_Change.Name = 'x'",
        "__this ISA CIM_Device",
        "1 = 1",
    ],
)
def test_sensible(where: str) -> None:
    parse(f"SELECT Name, COUNT FROM ESM_Change WHERE {where}", CQL).check(change(), NAMESPACE.get)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("Nmae = 'x'", "Class ESM_Change has no property Nmae."),
        ("Name IS NULL OR NOT Nmae IS NULL", "Class ESM_Change has no property Nmae."),
        ("Nmae ISA X", "Class ESM_Change has no property Nmae."),
        ("SourceInstance.ESM_Fan::Sped = 1", "Class ESM_Fan has no property Sped."),
        ("SourceInstance.ESM_Fun::Speed = 1", "There is no class ESM_Fun in this namespace."),
        ("Name.Length = 1", "Property Name holds no embedded instance."),
        ("Name[0] = 'x'", "Property Name[0] is no array."),
        ("ANY Name = 'x'", "Property Name is no array."),
        ("Name = 5", "Name = 5: the types of the two sides do not compare."),
        ("Count = '5'", "Count = '5': the types of the two sides do not compare."),
        ("Count = TRUE", "Count = TRUE: the types of the two sides do not compare."),
        ("IsOn > FALSE", "IsOn > FALSE: the types of the two sides do not compare."),
        ("IsOn = 1", "IsOn = 1: the types of the two sides do not compare."),
        ("When < 'yesterday'", "When < 'yesterday': the types of the two sides do not compare."),
        ("When = Name", "When = Name: the types of the two sides do not compare."),
        ("Codes = 5", "Codes = 5: the types of the two sides do not compare."),
        ("Codes > Codes", "Codes > Codes: the types of the two sides do not compare."),
        ("Codes = Words", "Codes = Words: the types of the two sides do not compare."),
        ("ANY Codes = 'x'", "Codes = 'x': the types of the two sides do not compare."),
        ("Owner = 'x'", "Owner = 'x': the types of the two sides do not compare."),
        ("SourceInstance = 'x'", "SourceInstance = 'x': the types of the two sides do not compare."),
        ("SourceInstance.ESM_Fan::Speed = 'x'", "SourceInstance.ESM_Fan::Speed = 'x': the types"),
        ("Count LIKE '5'", "Count: LIKE needs a string."),
        ("Words LIKE '5'", "Words: LIKE needs a string."),
        (
            "'20260101000000.000000+000' < '00000001000000.000000:000'",
            "The interval 00000001000000.000000:000 and the point in time 20260101000000.000000+000",
        ),
    ],
)
def test_senseless(where: str, says: str) -> None:
    query = parse(f"SELECT * FROM ESM_Change WHERE {where}", CQL)
    with pytest.raises(CIMError) as refused:
        query.check(change(), NAMESPACE.get)
    assert refused.value.status is Status.INVALID_QUERY
    assert refused.value.text("en").startswith(says)
    assert refused.value.text("ja") != refused.value.text("en")


def test_selected_properties_exist() -> None:
    with pytest.raises(CIMError) as refused:
        parse("SELECT Name, Nmae FROM ESM_Change", WQL).check(change())
    assert refused.value.text("en") == "Class ESM_Change has no property Nmae."


def test_embedded_classes_are_left_open_without_a_lookup() -> None:
    parse("SELECT * FROM ESM_Change WHERE SourceInstance.Any_Class::X = 1", CQL).check(change())


@pytest.mark.parametrize(
    "text", ["Missing = 1", "Codes = {}", "Codes = {1, 2}", "Times = {'20260101000000.000000+000'}"]
)
def test_filters_may_name_what_a_class_does_not_have(text: str) -> None:
    check(parse_filter(text, FQL), change())


@pytest.mark.parametrize("text", ["Codes = {'a'}", "Name = {'a'}", "Count = 'a'", "ANY Name = 'a'"])
def test_senseless_filters(text: str) -> None:
    with pytest.raises(CIMError) as refused:
        check(parse_filter(text, FQL), change())
    assert refused.value.status is Status.INVALID_QUERY
