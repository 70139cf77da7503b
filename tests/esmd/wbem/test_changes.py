"""Instances created, modified and deleted, and methods invoked: all or nothing, in the declared types."""

from __future__ import annotations

from typing import Any

import pytest

from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import DateTime, Instance, TypedValue
from tests.esmd.wbem.small import NS, PART, VIEWER, World, new, paths, rows, thing

STRING, NUMBER = "string", "uint16"
DUE = DateTime.parse("20261125030405.000000+000")


@pytest.fixture
def world() -> World:
    return World()


def changed(name: str = "one", **properties: TypedValue) -> Instance:
    return Instance("T_Thing", properties, thing(name))


# -- create


def test_create(world: World) -> None:
    given = new(
        "t_thing",
        id=TypedValue("three", STRING),
        Note=TypedValue("third", STRING),
        Tags=TypedValue(["a", None], STRING, True),
        Due=TypedValue(DUE, "datetime"),
        Part=TypedValue(PART, STRING),
    )
    created = world.perform("CreateInstance", newinstance=given)
    assert str(created.path) == 'root/test:T_Thing.Id="three"'
    (row,) = rows(world.perform("GetInstance", instancename=created.path))
    assert row["Note"] == "third"
    assert row["Level"] == 3, "the default of the class"
    assert (row["Tags"], row["Due"], row["Part"]) == (["a", None], DUE, PART)
    told = (
        '1970-01-01T00:00:00Z change user="admin" source="127.0.0.1" operation="CreateInstance" '
        'target="root/test:t_thing"'
    )
    assert world.told == [told]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        pytest.param(new("T_None"), Status.INVALID_CLASS, id="no class"),
        pytest.param(new("T_Slow"), Status.NOT_SUPPORTED, id="class that creates nothing"),
        pytest.param(new("T_Part"), Status.NOT_SUPPORTED, id="class without a provider"),
        pytest.param(new("T_Peer"), Status.NOT_SUPPORTED, id="association"),
        pytest.param(
            new("T_Thing", Colour=TypedValue("red", STRING)), Status.INVALID_PARAMETER, id="unknown property"
        ),
        pytest.param(new("T_Thing"), Status.INVALID_PARAMETER, id="no key"),
        pytest.param(new("T_Thing", Id=TypedValue("one", STRING)), Status.ALREADY_EXISTS, id="there already"),
        pytest.param(new("T_Thing", Id=TypedValue(7, "uint32")), Status.TYPE_MISMATCH, id="type of the key"),
        pytest.param(
            new("T_Thing", Id=TypedValue("x", STRING), Level=TypedValue(7, "uint32")),
            Status.TYPE_MISMATCH,
            id="wider number",
        ),
        pytest.param(
            new("T_Thing", Id=TypedValue("x", STRING), Tags=TypedValue("a", STRING)),
            Status.TYPE_MISMATCH,
            id="scalar for an array",
        ),
        pytest.param(
            new("T_Thing", Id=TypedValue("x", STRING), Note=TypedValue(PART, STRING)),
            Status.TYPE_MISMATCH,
            id="instance in a plain string",
        ),
        pytest.param(
            new("T_Thing", Id=TypedValue("x", STRING), Level=TypedValue(PART, "uint16")),
            Status.TYPE_MISMATCH,
            id="instance in a number",
        ),
        pytest.param(
            new("T_Thing", Id=TypedValue("x", STRING), Part=TypedValue("text", STRING)),
            Status.TYPE_MISMATCH,
            id="text in place of an instance",
        ),
    ],
)
def test_create_refused(world: World, given: Instance, status: Status) -> None:
    before = dict(world.things)
    assert world.outcome("CreateInstance", newinstance=given) is status
    assert world.things == before
    assert world.told == []


# -- modify


def test_modify_in_one_go(world: World) -> None:
    change = changed(
        note=TypedValue("new", STRING),
        Level=TypedValue(9, NUMBER),
        Tags=TypedValue(None, STRING, True),
        Id=TypedValue("one", STRING),
        Serial=TypedValue("S1", STRING),
    )
    world.perform("ModifyInstance", modifiedinstance=change)
    assert world.things["one"] == {"Note": "new", "Level": 9, "Tags": None, "Serial": "S1"}
    assert world.things["two"]["Note"] == "second"
    assert rows(world.perform("GetInstance", instancename=thing()))[0]["Level"] == 9


def test_only_what_is_listed_is_modified(world: World) -> None:
    change = changed(
        Note=TypedValue("new", STRING), Level=TypedValue(9, NUMBER), Serial=TypedValue("forged", STRING)
    )
    world.perform("ModifyInstance", modifiedinstance=change, propertylist=["LEVEL"])
    assert world.things["one"] == {"Note": "first", "Level": 9, "Tags": ["x"], "Serial": "S1"}


def test_an_empty_list_modifies_nothing(world: World) -> None:
    change = changed(Note=TypedValue("new", STRING))
    world.perform("ModifyInstance", modifiedinstance=change, propertylist=[])
    assert world.things["one"]["Note"] == "first"


def test_all_that_was_read_may_come_back(world: World) -> None:
    """wbemcli and pywbem send every property, those that moved meanwhile among them."""
    change = changed(
        Note=TypedValue("new", STRING),
        Serial=TypedValue("as it was a minute ago", STRING),
        Label=TypedValue("none", STRING),
    )
    world.perform("ModifyInstance", modifiedinstance=change)
    assert (world.things["one"]["Note"], world.things["one"]["Serial"]) == ("new", "S1")


@pytest.mark.parametrize(
    ("change", "listed", "status"),
    [
        pytest.param(
            {"Serial": TypedValue("x", STRING)}, None, Status.INVALID_PARAMETER, id="read-only alone"
        ),
        pytest.param(
            {"Serial": TypedValue("x", STRING), "Note": TypedValue("n", STRING)},
            ["Serial", "Note"],
            Status.INVALID_PARAMETER,
            id="read-only, listed",
        ),
        pytest.param({"Id": TypedValue("uno", STRING)}, None, Status.INVALID_PARAMETER, id="another key"),
        pytest.param(
            {"Id": TypedValue("uno", STRING), "Note": TypedValue("n", STRING)},
            None,
            Status.INVALID_PARAMETER,
            id="another key among others",
        ),
        pytest.param(
            {"Note": TypedValue("n", STRING), "Colour": TypedValue("red", STRING)},
            None,
            Status.NO_SUCH_PROPERTY,
            id="unknown property",
        ),
        pytest.param(
            {"Note": TypedValue("n", STRING), "Level": TypedValue("high", STRING)},
            None,
            Status.TYPE_MISMATCH,
            id="type",
        ),
        pytest.param(
            {"Note": TypedValue(["n"], STRING, True)}, None, Status.TYPE_MISMATCH, id="array for a scalar"
        ),
    ],
)
def test_modify_refused_as_a_whole(
    world: World, change: dict[str, Any], listed: list[str] | None, status: Status
) -> None:
    before = {name: dict(values) for name, values in world.things.items()}
    given = {} if listed is None else {"propertylist": listed}
    assert world.outcome("ModifyInstance", modifiedinstance=changed(**change), **given) is status
    assert world.things == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (Path("T_None", (("Id", "one"),)), Status.INVALID_CLASS),
        (thing("three"), Status.NOT_FOUND),
        (Path("T_Slow", (("Id", "slow"),)), Status.NOT_SUPPORTED),
    ],
)
@pytest.mark.parametrize("operation", ["ModifyInstance", "DeleteInstance"])
def test_what_cannot_be_changed(world: World, operation: str, path: Path, status: Status) -> None:
    given: dict[str, Any] = (
        {"instancename": path}
        if operation == "DeleteInstance"
        else {"modifiedinstance": Instance(path.classname, {}, path)}
    )
    assert world.outcome(operation, **given) is status


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        pytest.param("Note", TypedValue("n"), "n", id="string"),
        pytest.param("level", TypedValue("0x1F"), 31, id="number"),
        pytest.param("Tags", TypedValue(["a", None], "", True), ["a", None], id="array"),
        pytest.param("Due", TypedValue(DUE.text), DUE, id="datetime"),
        pytest.param("Note", TypedValue(None), None, id="NULL"),
    ],
)
def test_set_property_reads_the_declared_type(
    world: World, name: str, value: TypedValue, stored: object
) -> None:
    world.perform("SetProperty", instancename=thing(), propertyname=name, newvalue=value)
    spelled = next(n for n in ("Note", "Level", "Tags", "Due") if n.lower() == name.lower())
    assert world.things["one"][spelled] == stored


def test_set_property_without_a_value_means_null(world: World) -> None:
    world.perform("SetProperty", instancename=thing(), propertyname="Note")
    assert world.things["one"]["Note"] is None


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Level", TypedValue("high"), Status.INVALID_PARAMETER),
        ("Level", TypedValue("65536"), Status.INVALID_PARAMETER),
        ("Tags", TypedValue("a"), Status.TYPE_MISMATCH),
        ("Serial", TypedValue("x"), Status.INVALID_PARAMETER),
        ("Colour", TypedValue("red"), Status.NO_SUCH_PROPERTY),
    ],
)
def test_set_property_refused(world: World, name: str, value: TypedValue, status: Status) -> None:
    given = {"instancename": thing(), "propertyname": name, "newvalue": value}
    assert world.outcome("SetProperty", **given) is status


# -- delete


def test_delete_once(world: World) -> None:
    world.perform("DeleteInstance", instancename=thing())
    assert paths(world.perform("EnumerateInstanceNames", classname="T_Thing")) == [
        'root/test:T_Thing.Id="two"'
    ]
    assert world.outcome("DeleteInstance", instancename=thing()) is Status.NOT_FOUND


def test_a_provider_that_fails_to_change(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.things["one"] = Stubborn(world.things["one"])
    change = changed(Note=TypedValue("new", STRING))
    assert world.outcome("ModifyInstance", modifiedinstance=change) is Status.FAILED
    assert "provider of T_Thing failed" in caplog.text
    assert world.told == []


class Stubborn(dict[str, Any]):
    """Values that cannot be written."""

    def update(self, *_: object, **__: object) -> None:
        raise OSError("read-only file system")


# -- methods


def test_a_method_with_parameters_in_and_out(world: World) -> None:
    given: dict[str, Any] = {"by": TypedValue(5, "uint32"), "total": TypedValue("0x10")}
    returned = world.perform("scale", target=thing("two"), **given)
    assert (returned.method, returned.type, returned.result.value) == ("Scale", "uint32", 0)
    assert returned.result.out == {"Total": 26, "Words": ["so", None]}
    assert returned.out_types == {"Total": ("uint32", False), "Words": ("string", True)}
    assert 'operation="scale" target="root/test:T_Thing.Id=\\"two\\""' in world.told[0]


def test_a_static_method(world: World) -> None:
    assert world.perform("Count", target="t_thing").result.value == 2
    assert world.perform("Count", target=thing()).result.value == 2


@pytest.mark.parametrize(
    ("name", "given", "received"),
    [
        pytest.param("Text", TypedValue("x"), "x", id="string"),
        pytest.param("Text", TypedValue(None), None, id="NULL"),
        pytest.param("At", TypedValue(DUE.text), DUE, id="datetime"),
        pytest.param("Flags", TypedValue(["true", "FALSE"], "", True), [True, False], id="booleans"),
        pytest.param("Which", TypedValue(thing("two"), "reference"), thing("two"), id="reference"),
        pytest.param("Part", TypedValue(PART, "string"), PART, id="instance"),
    ],
)
def test_parameters_arrive_in_their_declared_type(
    world: World, name: str, given: TypedValue, received: object
) -> None:
    returned = world.perform("Echo", target=thing(), **dict[str, Any]({name.lower(): given}))
    assert returned.result.value == "one"
    assert returned.result.out == {name: received}


@pytest.mark.parametrize(
    ("target", "method", "given", "status"),
    [
        pytest.param(thing(), "Fly", {}, Status.METHOD_NOT_FOUND, id="no such method"),
        pytest.param(thing(), "Never", {}, Status.METHOD_NOT_AVAILABLE, id="not carried out"),
        pytest.param(thing("three"), "Scale", {}, Status.NOT_FOUND, id="no such instance"),
        pytest.param("T_Thing", "Scale", {}, Status.INVALID_PARAMETER, id="on the class"),
        pytest.param("T_None", "Scale", {}, Status.INVALID_CLASS, id="no such class"),
        pytest.param(
            thing(), "Scale", {"colour": TypedValue("red")}, Status.INVALID_PARAMETER, id="no such parameter"
        ),
        pytest.param(
            thing(), "Scale", {"words": TypedValue(["a"], "", True)}, Status.INVALID_PARAMETER, id="out only"
        ),
        pytest.param(thing(), "Scale", {"by": TypedValue("many")}, Status.INVALID_PARAMETER, id="no number"),
        pytest.param(
            thing(), "Scale", {"by": TypedValue("x", "string")}, Status.INVALID_PARAMETER, id="wrong type"
        ),
        pytest.param(
            thing(),
            "Echo",
            {"which": TypedValue("T_Thing.Id=1")},
            Status.INVALID_PARAMETER,
            id="text for a reference",
        ),
        pytest.param(
            thing(), "Echo", {"text": TypedValue(PART, "string")}, Status.INVALID_PARAMETER, id="instance"
        ),
        pytest.param(thing(), "Fails", {}, Status.FAILED, id="provider fails"),
    ],
)
def test_method_refused(
    world: World, target: Path | str, method: str, given: dict[str, TypedValue], status: Status
) -> None:
    assert world.outcome(method, target=target, **given) is status


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("CreateInstance", {"newinstance": new("T_Thing", Id=TypedValue("x", STRING))}),
        ("ModifyInstance", {"modifiedinstance": changed(Note=TypedValue("n", STRING))}),
        ("DeleteInstance", {"instancename": thing()}),
        ("SetProperty", {"instancename": thing(), "propertyname": "Note", "newvalue": TypedValue("n")}),
        ("Scale", {"target": thing()}),
    ],
)
def test_a_viewer_changes_nothing(world: World, operation: str, given: dict[str, Any]) -> None:
    before = {name: dict(values) for name, values in world.things.items()}
    with pytest.raises(CIMError) as refused:
        world.perform(operation, who=VIEWER, **given)
    assert refused.value.status is Status.ACCESS_DENIED
    assert world.things == before
    assert [line.split()[1] for line in world.told] == ["access-denied"]
    assert f'user="viewer" source="127.0.0.1" operation="{operation}" target="{NS}:' in world.told[0]
