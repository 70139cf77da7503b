"""Inheritance as the server shows it: what a class has of its own, what it inherits, and what passes on."""

import json
from pathlib import Path
from typing import Any

import pytest

from openesm.cim.schema import FORMAT, Class, Namespace, Schema
from openesm.cim.values import DateTime


def prop(name: str, cim_type: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": cim_type, **more}


KEY = ["Key", "boolean", False, True, "s"]
NOT_IN = ["In", "boolean", False, False, "s"]
OUT = ["Out", "boolean", False, True, "s"]
TEXT = ["Description", "string", False, "of the base", "ost"]
BASE: dict[str, Any] = {
    "name": "T_Base",
    "qualifiers": [
        ["Abstract", "boolean", False, True, "o"],
        ["Version", "string", False, "1.0.0", "ot"],
        TEXT,
    ],
    "properties": [
        prop("ID", qualifiers=[KEY, TEXT]),
        prop("Size", "uint64", default=1024, qualifiers=[["Write", "boolean", False, True, "os"]]),
        prop("Names", array=True, size=4),
    ],
    "methods": [
        {
            "name": "Reset",
            "type": "uint32",
            "qualifiers": [TEXT],
            "parameters": [
                prop("Force", "boolean"),
                {"name": "Job", "type": "reference", "class": "T_Base", "qualifiers": [NOT_IN, OUT]},
            ],
        }
    ],
}
CHILD: dict[str, Any] = {
    "name": "T_Child",
    "super": "T_Base",
    "qualifiers": [["Version", "string", False, "2.0.0", "ot"]],
    "properties": [
        prop("ID", default="one", qualifiers=[["Override", "string", False, "ID", "o"]]),
        prop("Extra", "boolean"),
        prop("Since", "datetime", default="00000001000000.000000:000"),
    ],
}
AGAIN: dict[str, Any] = {
    "name": "T_Again",
    "super": "T_Base",
    "properties": [prop("Size", "uint64", qualifiers=[["Override", "string", False, "Size", "o"]])],
}
GRANDCHILD: dict[str, Any] = {"name": "T_Grandchild", "super": "T_Child"}
QUALIFIER_TYPES = [["Key", "boolean", False, False, ["PROPERTY", "REFERENCE"], "s"]]
COMPILED = {
    "format": FORMAT,
    "digest": "d",
    "namespaces": {
        "root/Test/": {"qualifiers": QUALIFIER_TYPES, "classes": [BASE, CHILD, GRANDCHILD, AGAIN]}
    },
}


@pytest.fixture(scope="module")
def space() -> Namespace:
    return Schema(COMPILED).namespaces["root/test"]


def get(space: Namespace, name: str) -> Class:
    found = space.get(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("classname", "name", "origin", "propagated", "default"),
    [
        ("T_Base", "ID", "T_Base", False, None),
        ("T_Child", "ID", "T_Base", False, "one"),
        ("T_Grandchild", "ID", "T_Base", True, "one"),
        ("T_Child", "Size", "T_Base", True, 1024),
        ("T_Again", "Size", "T_Base", False, 1024),
        ("T_Child", "Extra", "T_Child", False, None),
        ("T_Grandchild", "Extra", "T_Child", True, None),
        ("T_Child", "Since", "T_Child", False, DateTime.parse("00000001000000.000000:000")),
    ],
)
def test_where_a_property_comes_from(
    space: Namespace, classname: str, name: str, origin: str, propagated: bool, default: object
) -> None:
    found = get(space, classname).properties[name.lower()]
    assert (found.name, found.class_origin, found.propagated, found.default) == (
        name,
        origin,
        propagated,
        default,
    )


def test_order_is_base_first_and_an_override_keeps_its_place(space: Namespace) -> None:
    assert [prop.name for prop in get(space, "T_Grandchild").properties.values()] == [
        "ID",
        "Size",
        "Names",
        "Extra",
        "Since",
    ]


@pytest.mark.parametrize(
    ("classname", "expected"),
    [
        (
            "T_Base",
            {"abstract": (True, False), "version": ("1.0.0", False), "description": ("of the base", False)},
        ),
        ("T_Child", {"version": ("2.0.0", False), "description": ("of the base", True)}),
        ("T_Grandchild", {"description": ("of the base", True)}),
    ],
)
def test_only_qualifiers_to_subclass_pass_on(
    space: Namespace, classname: str, expected: dict[str, tuple[object, bool]]
) -> None:
    found = get(space, classname).qualifiers
    assert {key: (entry.value, entry.propagated) for key, entry in found.items()} == expected


@pytest.mark.parametrize("classname", ["T_Base", "T_Child", "T_Grandchild", "T_Again"])
def test_a_key_stays_a_key(space: Namespace, classname: str) -> None:
    found = get(space, classname)
    assert found.keys == ("ID",)
    assert found.properties["id"].is_key
    assert found.properties["id"].qualifiers["description"].value == "of the base"


def test_abstract_does_not_pass_on(space: Namespace) -> None:
    assert [get(space, name).is_abstract for name in ("T_Base", "T_Child")] == [True, False]


def test_shapes(space: Namespace) -> None:
    properties = get(space, "T_Child").properties
    assert (properties["names"].is_array, properties["names"].array_size) == (True, 4)
    assert [properties[name].is_writable for name in ("size", "extra")] == [True, False]


def test_methods_pass_on(space: Namespace) -> None:
    reset = get(space, "T_Grandchild").methods["reset"]
    assert (reset.name, reset.type, reset.class_origin, reset.propagated) == (
        "Reset",
        "uint32",
        "T_Base",
        True,
    )
    assert [(entry.name, entry.is_in, entry.is_out, entry.reference_class) for entry in reset.parameters] == [
        ("Force", True, False, ""),
        ("Job", False, True, "T_Base"),
    ]


def test_names_in_any_case(space: Namespace) -> None:
    assert "T_CHILD" in space
    assert "T_None" not in space
    assert get(space, "t_child") is get(space, "T_CHILD")
    assert space.get("T_None") is None


def test_ancestry(space: Namespace) -> None:
    found = get(space, "T_Grandchild")
    assert found.ancestry == ("t_grandchild", "t_child", "t_base")
    assert found.isa("t_BASE")
    assert not get(space, "T_Base").isa("T_Child")


def test_walking_down(space: Namespace) -> None:
    assert list(space.children()) == ["T_Base"]
    assert list(space.children("t_base")) == ["T_Child", "T_Again"]
    assert list(space.descendants()) == ["T_Base", "T_Child", "T_Grandchild", "T_Again"]
    assert list(space.descendants("T_Child")) == ["T_Grandchild"]
    assert [found.name for found in space.classes()] == ["T_Base", "T_Child", "T_Grandchild", "T_Again"]
    assert list(space.children("T_None")) == []


def test_qualifier_types(space: Namespace) -> None:
    key = space.qualifier_types["key"]
    assert (key.name, key.type, key.value, key.scopes, key.flavors) == (
        "Key",
        "boolean",
        False,
        ("PROPERTY", "REFERENCE"),
        "s",
    )


def test_load(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(COMPILED))
    loaded = Schema.load(file)
    assert loaded.digest == "d"
    assert list(loaded.namespaces) == ["root/test"]
    assert loaded.namespaces["root/test"].name == "root/Test/"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 0}', "{", "\x00"])
def test_not_a_compiled_schema(tmp_path: Path, content: str) -> None:
    file = tmp_path / "schema.json"
    file.write_text(content)
    with pytest.raises(ValueError):
        Schema.load(file)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Schema.load(tmp_path / "schema.json")
