"""Operations that read: classes, qualifiers, instances, properties, and what their flags change."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from esmd.wbem.cimxml.encode import Encoder
from esmd.wbem.results import Call
from openesm.cim.errors import Status
from openesm.cim.path import Path
from tests.esmd.wbem.small import EMPTY, FULL, INTEROP, NS, World, paths, rows, thing


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def shown(world: World, operation: str, tag: str, **given: Any) -> list[list[str]]:
    """Names inside each `tag` of the answer's text: what a client would see."""
    result = world.perform(operation, **given)
    text = Encoder("h").result(Call(operation, NS, given), NS, result)
    elements = ElementTree.fromstring(text).iter(tag)
    wanted = {"PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE", "METHOD"}
    return [[str(c.get("NAME")) for c in element if c.tag in wanted] for element in elements]


# -- classes


TOP = {"T_Base", "T_Part", "T_Keys", "T_Broken", "T_Liar", "T_Link", "T_Peer", "I_Standard", "T_Conforms"}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param({}, TOP, id="top classes"),
        pytest.param({"classname": ""}, TOP, id="an empty name is none"),
        pytest.param({"classname": "t_base"}, {"T_All", "T_Thing", "T_Slow"}, id="children"),
        pytest.param(
            {"classname": "T_Base", "deepinheritance": True},
            {"T_All", "T_More", "T_Thing", "T_Slow"},
            id="descendants",
        ),
        pytest.param({"classname": "T_More"}, set(), id="a leaf"),
    ],
)
def test_class_tree(world: World, given: dict[str, Any], names: set[str]) -> None:
    assert set(world.perform("EnumerateClassNames", **given).names) == names
    assert {cls.name for cls in world.perform("EnumerateClasses", **given).classes} == names


@pytest.mark.parametrize(
    ("given", "properties"),
    [
        pytest.param({}, ["Reads"], id="LocalOnly is the default"),
        pytest.param({"localonly": False}, ["Id", "Label", "Reads"], id="all"),
        pytest.param({"localonly": False, "propertylist": ["ID", "x"]}, ["Id"], id="listed"),
        pytest.param({"localonly": False, "propertylist": []}, [], id="none"),
        pytest.param({"localonly": True, "propertylist": ["Id"]}, [], id="listed but not local"),
    ],
)
def test_properties_of_a_class(world: World, given: dict[str, Any], properties: list[str]) -> None:
    assert shown(world, "GetClass", "CLASS", classname="T_Slow", **given) == [properties]


@pytest.mark.parametrize(
    ("given", "attribute", "seen"),
    [
        ({}, "QUALIFIER", True),
        ({"includequalifiers": False}, "QUALIFIER", False),
        ({}, "CLASSORIGIN", False),
        ({"includeclassorigin": True}, "CLASSORIGIN", True),
    ],
)
def test_flags_of_a_class(world: World, given: dict[str, Any], attribute: str, seen: bool) -> None:
    call = Call("GetClass", NS, {"classname": "T_Thing", **given})
    text = Encoder("h").result(call, NS, world.carry_out(call))
    assert (attribute in text) is seen


def test_qualifier_declarations(world: World) -> None:
    every = world.perform("EnumerateQualifiers").types
    one = world.perform("GetQualifier", qualifiername="kEy").types
    assert [found.name for found in one] == ["Key"]
    assert one[0] in every
    assert world.outcome("GetQualifier", qualifiername="NoSuch") is Status.NOT_FOUND


# -- instances


def test_a_class_gives_its_subclasses_too(world: World) -> None:
    assert paths(world.perform("EnumerateInstanceNames", classname="t_BASE")) == [
        'root/test:T_All.Id="full"',
        'root/test:T_All.Id="empty"',
        'root/test:T_More.Id="m"',
        'root/test:T_Thing.Id="one"',
        'root/test:T_Thing.Id="two"',
        'root/test:T_Slow.Id="slow"',
    ]


@pytest.mark.parametrize(
    ("given", "more"),
    [
        pytest.param({}, True, id="default"),
        pytest.param({"deepinheritance": True}, True, id="deep"),
        pytest.param({"deepinheritance": False}, False, id="not deep"),
        pytest.param({"localonly": True}, True, id="LocalOnly is ignored"),
    ],
)
@pytest.mark.parametrize("operation", ["EnumerateInstances", "OpenEnumerateInstances"])
def test_deep_inheritance(world: World, operation: str, given: dict[str, Any], more: bool) -> None:
    if operation.startswith("Open"):
        given = {**given, "maxobjectcount": 10}
    found = shown(world, operation, "INSTANCE", classname="T_All", **given)
    assert len(found) == 3
    assert [("Extra" in names) for names in found] == [False, False, more]
    assert all({"Id", "Label", "S", "Parts"} <= set(names) for names in found)


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        pytest.param(["s", "NoSuch", "ID"], ["Id", "S"], id="in any case, unknown ones ignored"),
        pytest.param(["NoSuch"], [], id="only unknown ones"),
        pytest.param([], [], id="empty"),
        pytest.param(["s", "S"], ["S"], id="twice"),
    ],
)
@pytest.mark.parametrize("operation", ["GetInstance", "EnumerateInstances"])
def test_property_list(world: World, operation: str, listed: list[str], names: list[str]) -> None:
    full = Path("T_More", (("Id", "m"),))
    which: dict[str, Any] = {"instancename": full} if operation == "GetInstance" else {"classname": "T_More"}
    assert shown(world, operation, "INSTANCE", propertylist=listed, **which) == [names]


def test_no_property_list_shows_all(world: World) -> None:
    names = shown(world, "GetInstance", "INSTANCE", instancename=Path("T_All", (("Id", "full"),)))
    assert names == [["Id", "Label", *[name for name in FULL if name != "Id"]]]


def test_class_origin_on_request(world: World) -> None:
    for asked, seen in ((True, 26), (False, 0)):
        call = Call(
            "GetInstance", NS, {"instancename": Path("T_More", (("Id", "m"),)), "includeclassorigin": asked}
        )
        text = Encoder("h").result(call, NS, world.carry_out(call))
        assert text.count("CLASSORIGIN=") == seen


def test_null_and_empty_are_different(world: World) -> None:
    empty, full = (
        world.perform("GetInstance", instancename=Path("T_All", (("Id", name),))).groups[0].rows[0]
        for name in ("empty", "full")
    )
    assert {name for name, value in empty.items() if value is not None} == {"Id"}
    assert full["U8s"] == ()
    assert empty == EMPTY


@pytest.mark.parametrize(
    ("name", "value"), [("U64", 2**64 - 1), ("u64", 2**64 - 1), ("Label", "none"), ("Ss", ["", "a,b", None])]
)
def test_get_property(world: World, name: str, value: object) -> None:
    full = Path("T_All", (("Id", "full"),))
    assert world.perform("GetProperty", instancename=full, propertyname=name).value == value


def test_get_property_of_what_the_provider_did_not_say_is_null(world: World) -> None:
    more = Path("T_More", (("Id", "m"),))
    assert world.perform("GetProperty", instancename=more, propertyname="U8").value is None


@pytest.mark.parametrize(
    ("operation", "given", "status"),
    [
        ("GetClass", {"classname": "T_None"}, Status.NOT_FOUND),
        ("EnumerateClasses", {"classname": "T_None"}, Status.INVALID_CLASS),
        ("EnumerateClassNames", {"classname": "T_None"}, Status.INVALID_CLASS),
        ("EnumerateInstances", {"classname": "T_None"}, Status.INVALID_CLASS),
        ("EnumerateInstanceNames", {"classname": "T_None"}, Status.INVALID_CLASS),
        ("OpenEnumerateInstances", {"classname": "T_None"}, Status.INVALID_CLASS),
        ("OpenEnumerateInstancePaths", {"classname": "T_None"}, Status.INVALID_CLASS),
        ("GetInstance", {"instancename": Path("T_None", (("Id", "one"),))}, Status.INVALID_CLASS),
        ("GetInstance", {"instancename": thing("three")}, Status.NOT_FOUND),
        ("GetInstance", {"instancename": Path("T_Thing", ())}, Status.NOT_FOUND),
        ("GetInstance", {"instancename": Path("T_Base", (("Id", "one"),))}, Status.NOT_FOUND),
        ("GetInstance", {"instancename": Path("T_Part", (("Id", "one"),))}, Status.NOT_FOUND),
        ("GetProperty", {"instancename": thing(), "propertyname": "Colour"}, Status.NO_SUCH_PROPERTY),
        ("GetProperty", {"instancename": thing("three"), "propertyname": "Id"}, Status.NOT_FOUND),
        ("CreateClass", {}, Status.NOT_SUPPORTED),
        ("DeleteClass", {}, Status.NOT_SUPPORTED),
        ("SetQualifier", {}, Status.NOT_SUPPORTED),
        ("getinstance", {"instancename": thing()}, Status.NOT_SUPPORTED),
    ],
)
def test_refused(world: World, operation: str, given: dict[str, Any], status: Status) -> None:
    assert world.outcome(operation, **given) is status


@pytest.mark.parametrize("classname", ["T_Part", "T_Base", "T_Peer"])
def test_a_class_without_instances_gives_none(classname: str) -> None:
    world = World(things={"only": {}}, all_rows=[])
    found = rows(world.perform("EnumerateInstances", classname=classname))
    assert {row.get("Id", "none") for row in found} <= {"m", "only", "slow"}
    assert found == [] or classname == "T_Base"


def test_an_association_instance_can_be_read_by_its_path(world: World) -> None:
    names = world.perform("EnumerateInstanceNames", classname="T_Peer")
    path = names.groups[0].path(names.groups[0].rows[0])
    assert rows(world.perform("GetInstance", instancename=path)) == [names.groups[0].rows[0]]


@pytest.mark.parametrize("ns", [INTEROP, "interop", "root/PG_InterOp", "ROOT/INTEROP"])
def test_aliases_of_a_namespace_hold_the_same(world: World, ns: str) -> None:
    assert paths(world.perform("EnumerateInstanceNames", ns=ns, classname="I_Standard")) == [
        'root/interop:I_Standard.InstanceID="profile"'
    ]
