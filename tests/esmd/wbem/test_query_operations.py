"""ExecQuery and OpenQueryInstances: a query's rows and properties, and its errors as CIM errors."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from esmd.wbem.cimxml.encode import Encoder
from esmd.wbem.results import Call
from openesm.cim.errors import Status
from tests.esmd.wbem.small import NS, World, paths

ONE, TWO = 'root/test:T_Thing.Id="one"', 'root/test:T_Thing.Id="two"'
MORE = 'root/test:T_More.Id="m"'


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def ask(world: World, operation: str, query: str, language: str = "WQL", **given: Any) -> Any:
    names = ("query", "querylanguage") if operation == "ExecQuery" else ("filterquery", "filterquerylanguage")
    if operation != "ExecQuery":
        given.setdefault("maxobjectcount", 100)
    return world.outcome(operation, **dict(zip(names, (query, language), strict=True)), **given)


BOTH = pytest.mark.parametrize("operation", ["ExecQuery", "OpenQueryInstances"])


@BOTH
@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("SELECT * FROM T_Thing", [ONE, TWO], id="all"),
        pytest.param("select * from t_thing where LEVEL = 2", [TWO], id="case of words and names"),
        pytest.param("SELECT * FROM T_Thing WHERE Level > 1 AND Note = 'second'", [TWO], id="and"),
        pytest.param("SELECT * FROM T_Thing WHERE Note = 'first' OR Note = 'second'", [ONE, TWO], id="or"),
        pytest.param("SELECT * FROM T_Thing WHERE NOT Level = 1", [TWO], id="not"),
        pytest.param("SELECT * FROM T_Thing WHERE Level = 99", [], id="none"),
        pytest.param("SELECT * FROM T_More", [MORE], id="subclass"),
        pytest.param("SELECT * FROM T_All WHERE S = 'more'", [MORE], id="a subclass's rows too"),
        pytest.param(
            "SELECT * FROM T_All WHERE U64 = 18446744073709551615", ['root/test:T_All.Id="full"'], id="u64"
        ),
        pytest.param(
            "SELECT * FROM T_All WHERE U64 IS NULL AND Label IS NULL",
            ['root/test:T_All.Id="empty"'],
            id="NULL",
        ),
        pytest.param("SELECT * FROM T_Part", [], id="class without a provider"),
    ],
)
def test_rows(world: World, operation: str, query: str, found: list[str]) -> None:
    assert paths(ask(world, operation, query)) == found


@BOTH
@pytest.mark.parametrize("language", ["WQL", "DMTF:CQL", "CIM:CQL"])
def test_languages(world: World, operation: str, language: str) -> None:
    assert paths(ask(world, operation, "SELECT * FROM T_Thing WHERE Level = 1", language)) == [ONE]


@BOTH
@pytest.mark.parametrize(
    ("select", "shown"),
    [
        pytest.param("*", ["Id", "Label", "Note", "Level", "Tags", "Due", "Serial", "Part"], id="all"),
        pytest.param("Level, note", ["Note", "Level"], id="listed, in the order of the class"),
    ],
)
def test_selected_properties(world: World, operation: str, select: str, shown: list[str]) -> None:
    result = ask(world, operation, f"SELECT {select} FROM T_Thing WHERE Level = 1")
    text = Encoder("h").result(Call(operation, NS, {}), NS, result)
    instances = list(ElementTree.fromstring(text).iter("INSTANCE"))
    assert [[p.get("NAME") for p in instance] for instance in instances] == [shown]


@BOTH
@pytest.mark.parametrize(
    ("query", "language", "status"),
    [
        pytest.param("SELECT * FROM T_Thing", "SQL", Status.QUERY_LANGUAGE_NOT_SUPPORTED, id="language"),
        pytest.param("SELECT * FROM T_Thing", "", Status.QUERY_LANGUAGE_NOT_SUPPORTED, id="no language"),
        pytest.param("", "WQL", Status.INVALID_QUERY, id="nothing"),
        pytest.param("DELETE FROM T_Thing", "WQL", Status.INVALID_QUERY, id="no SELECT"),
        pytest.param("SELECT * FROM T_Thing WHERE", "WQL", Status.INVALID_QUERY, id="no condition"),
        pytest.param("SELECT * FROM T_Thing WHERE Level = 'a", "WQL", Status.INVALID_QUERY, id="open quote"),
        pytest.param("SELECT * FROM T_Thing WHERE Colour = 1", "WQL", Status.INVALID_QUERY, id="property"),
        pytest.param("SELECT Colour FROM T_Thing", "WQL", Status.INVALID_QUERY, id="selected property"),
        pytest.param(
            "SELECT * FROM T_Thing WHERE " + "(" * 500 + "Level=1" + ")" * 500,
            "WQL",
            Status.INVALID_QUERY,
            id="too deep",
        ),
    ],
)
def test_refused(world: World, operation: str, query: str, language: str, status: Status) -> None:
    assert ask(world, operation, query, language) is status


@BOTH
def test_a_class_that_is_not_there(world: World, operation: str) -> None:
    refused = ask(world, operation, "SELECT * FROM T_None")
    assert refused in (Status.INVALID_CLASS, Status.INVALID_QUERY)


@pytest.mark.parametrize("missing", ["query", "querylanguage"])
def test_both_parameters_are_needed(world: World, missing: str) -> None:
    given = {"query": "SELECT * FROM T_Thing", "querylanguage": "WQL"}
    del given[missing]
    assert world.outcome("ExecQuery", **given) is Status.INVALID_PARAMETER


def test_the_class_of_the_result_on_request(world: World) -> None:
    query = "SELECT * FROM T_Thing"
    asked = ask(world, "OpenQueryInstances", query, returnqueryresultclass=True)
    assert asked.result_class.name == "T_Thing"
    text = Encoder("h").result(Call("OpenQueryInstances", NS, {}), NS, asked)
    parameters = {p.get("NAME"): p for p in ElementTree.fromstring(text).iter("PARAMVALUE")}
    assert set(parameters) == {"EndOfSequence", "EnumerationContext", "QueryResultClass"}
    declared = parameters["QueryResultClass"].find("CLASS")
    assert declared is not None
    assert declared.get("NAME") == "T_Thing"
    assert ask(world, "OpenQueryInstances", query).result_class is None


def test_pulled(world: World) -> None:
    first = ask(world, "OpenQueryInstances", "SELECT Level FROM T_Thing", maxobjectcount=1)
    rest = world.perform("PullInstances", enumerationcontext=first.context, maxobjectcount=5)
    assert (paths(first), paths(rest), rest.ended) == ([ONE], [TWO], True)
