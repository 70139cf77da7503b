"""Walks from an instance or a class to what is associated with it (DSP0200 5.4.2.14 to 5.4.2.17)."""

from __future__ import annotations

from typing import Any

import pytest

from openesm.cim.errors import Status
from openesm.cim.path import Path
from openesm.cim.values import DateTime
from tests.esmd.wbem.small import DAY, INTEROP, World, paths, thing

KEYS = 'root/test:T_Keys.N=7,On=TRUE,When="00000001000000.000000:000",Name="q\\"\\\\"'
ALL = ['root/test:T_All.Id="full"', 'root/test:T_All.Id="empty"', 'root/test:T_More.Id="m"']
MORE = 'root/test:T_More.Id="m"'
ONE, TWO = 'root/test:T_Thing.Id="one"', 'root/test:T_Thing.Id="two"'
STANDARD = 'root/interop:I_Standard.InstanceID="profile"'


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("walk", "found"),
    [
        pytest.param({}, {KEYS, *ALL, TWO, STANDARD}, id="everything"),
        pytest.param({"assocclass": "T_Link"}, {KEYS, *ALL}, id="an association and its subclass"),
        pytest.param({"assocclass": "t_strong"}, {*ALL}, id="the subclass only"),
        pytest.param({"assocclass": "T_Peer"}, {TWO}, id="its own class on both ends"),
        pytest.param({"assocclass": "T_Thing"}, set(), id="no association"),
        pytest.param({"resultclass": "T_Base"}, {*ALL, TWO}, id="result class with its subclasses"),
        pytest.param({"resultclass": "T_MORE"}, {MORE}, id="result class"),
        pytest.param({"resultclass": "T_Slow"}, set(), id="result class that is not there"),
        pytest.param({"role": "to"}, {KEYS}, id="role of the source"),
        pytest.param({"role": "From"}, {*ALL}, id="other role"),
        pytest.param({"role": "Right", "resultrole": "Left"}, {TWO}, id="both roles"),
        pytest.param({"role": "Left", "resultrole": "Left"}, set(), id="the same role twice"),
        pytest.param({"resultrole": "From"}, {KEYS}, id="role of the result"),
        pytest.param({"resultrole": "NoSuch"}, set(), id="unknown role"),
        pytest.param({"assocclass": "T_Link", "resultclass": "T_Keys"}, {KEYS}, id="all filters must hold"),
        pytest.param({"assocclass": "T_Conforms"}, {STANDARD}, id="into another namespace"),
    ],
)
@pytest.mark.parametrize("operation", ["AssociatorNames", "Associators"])
def test_associators(world: World, operation: str, walk: dict[str, Any], found: set[str]) -> None:
    names = paths(world.perform(operation, objectname=thing(), **walk))
    assert sorted(names) == sorted(found), "each once"


@pytest.mark.parametrize(
    ("walk", "found"),
    [
        pytest.param({}, {"T_Link": 1, "T_Strong": 3, "T_Peer": 2, "T_Conforms": 1}, id="everything"),
        pytest.param({"resultclass": "t_link"}, {"T_Link": 1, "T_Strong": 3}, id="class and subclass"),
        pytest.param({"resultclass": "T_Strong"}, {"T_Strong": 3}, id="subclass"),
        pytest.param({"role": "left"}, {"T_Peer": 1}, id="role"),
        pytest.param({"resultclass": "T_Peer", "role": "From"}, {}, id="role of another association"),
    ],
)
@pytest.mark.parametrize("operation", ["ReferenceNames", "References"])
def test_references(world: World, operation: str, walk: dict[str, Any], found: dict[str, int]) -> None:
    groups = world.perform(operation, objectname=thing(), **walk).groups
    assert {group.cls.name: len(group.rows) for group in groups if group.rows} == found
    for group in groups:
        for row in group.rows:
            assert ONE in {str(end) for end in row.values()}


@pytest.mark.parametrize(
    ("pulled", "plain"),
    [
        ("OpenAssociatorInstances", "Associators"),
        ("OpenAssociatorInstancePaths", "AssociatorNames"),
        ("OpenReferenceInstances", "References"),
        ("OpenReferenceInstancePaths", "ReferenceNames"),
    ],
)
def test_pulled_walks_give_the_same(world: World, pulled: str, plain: str) -> None:
    walk: dict[str, Any] = {"resultclass": "T_Strong" if "Reference" in plain else "T_Base"}
    opened = world.perform(pulled, instancename=thing(), maxobjectcount=100, **walk)
    assert opened.ended
    assert paths(opened) == paths(world.perform(plain, objectname=thing(), **walk)) != []


def test_from_the_other_namespace(world: World) -> None:
    standard = Path("I_Standard", (("InstanceID", "profile"),))
    for namespace in (INTEROP, "interop", "root/PG_InterOp"):
        found = paths(world.perform("AssociatorNames", ns=namespace, objectname=standard))
        assert found == [ONE, TWO]


def test_from_an_end_with_keys_of_every_type(world: World) -> None:
    keys: dict[str, str | int | bool | DateTime] = {"N": "7", "On": True, "When": DAY.text, "Name": 'q"\\'}
    found = paths(world.perform("AssociatorNames", objectname=Path.of("T_Keys", keys)))
    assert found == [ONE, TWO]


def test_association_of_nothing_with_nothing() -> None:
    world = World(things={"only": {}})
    assert paths(world.perform("AssociatorNames", objectname=thing("only"), assocclass="T_Peer")) == []
    assert paths(world.perform("EnumerateInstanceNames", classname="T_Peer")) == []


# -- classes


@pytest.mark.parametrize(
    ("source", "walk", "found"),
    [
        pytest.param("T_Thing", {"assocclass": "T_Peer"}, {"T_Thing"}, id="own class"),
        pytest.param("T_Thing", {"assocclass": "T_Conforms"}, {"I_Standard"}, id="one end"),
        pytest.param(
            "T_More",
            {"assocclass": "T_Strong"},
            {"T_Base", "T_All", "T_More", "T_Thing", "T_Slow"},
            id="an end that its superclass declares",
        ),
        pytest.param(
            "T_More",
            {"assocclass": "T_Strong", "resultclass": "T_All"},
            {"T_All", "T_More"},
            id="result class",
        ),
        pytest.param("T_Part", {}, set(), id="in no association"),
        pytest.param("T_Thing", {"role": "Element"}, {"I_Standard"}, id="role"),
    ],
)
def test_class_associators(world: World, source: str, walk: dict[str, Any], found: set[str]) -> None:
    assert set(world.perform("AssociatorNames", objectname=source, **walk).names) == found
    assert {cls.name for cls in world.perform("Associators", objectname=source, **walk).classes} == found


@pytest.mark.parametrize(
    ("source", "walk", "found"),
    [
        pytest.param("T_Thing", {}, {"T_Link", "T_Strong", "T_Peer", "T_Conforms"}, id="everything"),
        pytest.param("T_All", {}, {"T_Link", "T_Strong"}, id="by its superclass"),
        pytest.param("T_Thing", {"resultclass": "T_Link"}, {"T_Link", "T_Strong"}, id="result class"),
        pytest.param("T_Thing", {"role": "Right"}, {"T_Peer"}, id="role"),
    ],
)
def test_class_references(world: World, source: str, walk: dict[str, Any], found: set[str]) -> None:
    assert set(world.perform("ReferenceNames", objectname=source, **walk).names) == found
    assert {cls.name for cls in world.perform("References", objectname=source, **walk).classes} == found


# -- refused


@pytest.mark.parametrize(
    ("given", "status"),
    [
        pytest.param({"objectname": Path("T_None", ())}, Status.INVALID_PARAMETER, id="class of an instance"),
        pytest.param({"objectname": "T_None"}, Status.INVALID_PARAMETER, id="class"),
        pytest.param({"objectname": thing("three")}, Status.NOT_FOUND, id="no such instance"),
        pytest.param(
            {"objectname": thing(), "resultclass": "T_None"}, Status.INVALID_PARAMETER, id="result class"
        ),
        pytest.param(
            {"objectname": "T_Thing", "resultclass": "T_None"},
            Status.INVALID_PARAMETER,
            id="result class of a class",
        ),
        pytest.param({}, Status.INVALID_PARAMETER, id="nothing to start from"),
    ],
)
@pytest.mark.parametrize("operation", ["Associators", "AssociatorNames", "References", "ReferenceNames"])
def test_refused(world: World, operation: str, given: dict[str, Any], status: Status) -> None:
    assert world.outcome(operation, **given) is status


@pytest.mark.parametrize("source", [thing(), "T_Thing"], ids=["instance", "class"])
@pytest.mark.parametrize("operation", ["Associators", "AssociatorNames"])
def test_unknown_association_class(world: World, operation: str, source: Path | str) -> None:
    outcome = world.outcome(operation, objectname=source, assocclass="T_None")
    assert outcome is Status.INVALID_PARAMETER
