"""A client that asks the same again gets what is true now, whether it is kept, renewed or done again."""

from __future__ import annotations

from typing import Any

import pytest

from esmd.wbem.results import Call
from tests.esmd.wbem.small import ADMIN, NS, World, thing

QUERY = {"query": "SELECT * FROM T_Thing WHERE Level > 1", "querylanguage": "WQL"}


def levels(result: Any) -> list[Any]:
    return [row.get("Level") for group in result.groups for row in group.rows]


@pytest.mark.parametrize(
    ("operation", "given", "before", "after"),
    [
        pytest.param("EnumerateInstances", {"classname": "T_Thing"}, [1, 2], [5, 2], id="a class"),
        pytest.param(
            "EnumerateInstances",
            {"classname": "T_Thing", "propertylist": ["Level"]},
            [1, 2],
            [5, 2],
            id="some properties",
        ),
        pytest.param("GetInstance", {"instancename": thing("one")}, [1], [5], id="an instance"),
        pytest.param("ExecQuery", QUERY, [2], [5, 2], id="a query"),
    ],
)
def test_the_same_call_again(
    operation: str, given: dict[str, Any], before: list[Any], after: list[Any]
) -> None:
    world = World()
    call = Call(operation, NS, given)

    def ask() -> Any:
        return world.operations.perform(call, ADMIN)

    first = ask()
    assert levels(first) == before
    assert ask() is first
    world.things["one"]["Level"] = 5
    assert ask() is first, "a reading is good for a second"
    world.clock.seconds += 2
    assert levels(ask()) == after
    world.clock.seconds += 2
    unchanged = ask()
    world.clock.seconds += 2
    assert ask() is unchanged, "the same reading gives the same result, whose text is kept"


def test_elements_that_come_and_go() -> None:
    world = World()
    call = Call("EnumerateInstanceNames", NS, {"classname": "T_Thing"})

    def names() -> list[Any]:
        result: Any = world.operations.perform(call, ADMIN)
        return [row["Id"] for group in result.groups for row in group.rows]

    assert names() == ["one", "two"]
    world.things["three"] = {"Note": "", "Level": 3, "Tags": [], "Serial": ""}
    world.clock.seconds += 2
    assert names() == ["one", "three", "two"]
