"""Rules of DSP0004 that a MOF compiler lets pass, and our own on how the schema is written."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mof
import providers
from openesm.cim.schema import Class, Method, Namespace, Parameter, Property, Qualifiers, Schema
from openesm.cim.values import Value

BASE_UNITS = {
    "bit",
    "byte",
    "count",
    "degree celsius",
    "hertz",
    "meter",
    "percent",
    "pixel",
    "revolution",
    "second",
}
UNIT = re.compile(r"(?P<base>[a-z ]+?)( [*/] (?P<factor>[a-z]+|(2|10)\^-?\d+|\d+))*\Z")
ESM_FILES = sorted(path for path in mof.FOLDER.glob("*.mof") if "\nclass ESM_" in "\n" + path.read_text())


def classes(schema: Schema) -> Iterator[tuple[Namespace, Class]]:
    for namespace in schema.namespaces.values():
        for found in namespace.classes():
            yield namespace, found


def own_elements(found: Class) -> Iterator[tuple[str, str, Property | Method | Parameter]]:
    """(name, scope, element) of what the class declares itself."""
    for prop in found.properties.values():
        if not prop.propagated:
            scope = "REFERENCE" if prop.type == "reference" else "PROPERTY"
            yield f"{found.name}.{prop.name}", scope, prop
    for method in found.methods.values():
        if not method.propagated:
            yield f"{found.name}.{method.name}()", "METHOD", method
            for parameter in method.parameters:
                yield f"{found.name}.{method.name}({parameter.name})", "PARAMETER", parameter


def items(qualifiers: Qualifiers, name: str) -> list[Value] | None:
    value = qualifiers[name].value if name in qualifiers else None
    return value if isinstance(value, list) else None


def test_superclasses_and_referenced_classes_are_there(schema: Schema) -> None:
    for namespace, found in classes(schema):
        wanted = {found.superclass} - {""}
        for _, _, element in own_elements(found):
            wanted |= {getattr(element, "reference_class", "")} - {""}
            embedded = element.qualifiers.get("embeddedinstance")
            wanted |= {str(embedded.value)} if embedded else set()
        assert {name for name in wanted if name not in namespace} == set(), found.name


def test_overrides_keep_the_type(schema: Schema) -> None:
    for namespace, found in classes(schema):
        parent = namespace.get(found.superclass) if found.superclass else None
        inherited = parent.properties if parent else {}
        for key, prop in found.properties.items():
            if prop.propagated:
                continue
            override = prop.qualifiers.get("override")
            assert (override is not None) == (key in inherited), f"{found.name}.{prop.name}"
            if key in inherited:
                before = inherited[key]
                assert override is not None
                assert override.value == before.name
                assert (prop.type, prop.is_array) == (before.type, before.is_array)
                if prop.type == "reference":
                    narrowed = namespace.get(prop.reference_class)
                    assert narrowed is not None
                    assert narrowed.isa(before.reference_class)


def test_classes_with_instances_have_keys(schema: Schema) -> None:
    """DSP0004 7.9; CIM_Error exists only embedded, an indication only while it is sent."""
    keyless = {
        found.name for _, found in classes(schema) if not found.keys and "abstract" not in found.qualifiers
    }
    indications = {found.name for _, found in classes(schema) if found.isa("CIM_Indication")}
    assert keyless - indications == {"CIM_Error"}


def test_keys_are_not_added_below_a_keyed_class(schema: Schema) -> None:
    for namespace, found in classes(schema):
        parent = namespace.get(found.superclass) if found.superclass else None
        if parent and parent.keys:
            assert set(found.keys) == set(parent.keys), found.name


def test_qualifiers_stand_where_their_scope_allows(schema: Schema) -> None:
    for namespace, found in classes(schema):
        for name, scope, element in own_elements(found):
            for qualifier in element.qualifiers.values():
                declared = namespace.qualifier_types[qualifier.name.lower()]
                allowed = {*declared.scopes}
                assert allowed & {scope, "ANY", *(["PROPERTY"] * (scope == "REFERENCE"))}, (name, qualifier)
                assert qualifier.type == declared.type, name
                assert qualifier.is_array == declared.is_array, name


def test_every_declared_qualifier_is_used(schema: Schema) -> None:
    used = {
        key
        for _, found in classes(schema)
        for holder in (found, *(element for _, _, element in own_elements(found)))
        for key in holder.qualifiers
    }
    assert set(schema.namespaces["root/esmpro/as"].qualifier_types) == used


def test_values_fit_their_map(schema: Schema) -> None:
    for _, found in classes(schema):
        for name, _, element in own_elements(found):
            labels, numbers = items(element.qualifiers, "values"), items(element.qualifiers, "valuemap")
            if labels is not None and numbers is not None:
                assert len(labels) == len(numbers), name
                assert len(set(map(str, numbers))) == len(numbers), name


@pytest.mark.parametrize(
    ("unit", "good"),
    [
        ("byte * 2^10", True),
        ("hertz * 10^6", True),
        ("bit / second", True),
        ("byte / second * 10^3", True),
        ("kilobyte", False),
        ("byte*2^10", False),
    ],
)
def test_unit_grammar_of_the_test(unit: str, good: bool) -> None:
    assert is_unit(unit) is good


def is_unit(text: str) -> bool:
    match = UNIT.match(text)
    return match is not None and match["base"] in BASE_UNITS


def test_units(schema: Schema) -> None:
    """DSP0004 Annex C: programmatic units; the DMTF's own classes have their own units."""
    for _, found in classes(schema):
        for name, _, element in own_elements(found):
            if found.name.startswith("ESM_") and "punit" in element.qualifiers:
                assert is_unit(str(element.qualifiers["punit"].value)), name


def test_everything_of_ours_is_described(schema: Schema) -> None:
    for _, found in classes(schema):
        described = found.qualifiers["description"]
        assert described.value, found.name
        assert not described.propagated, found.name
        if found.name.startswith("ESM_"):
            for name, scope, element in own_elements(found):
                assert scope == "PARAMETER" or element.qualifiers["description"].value, name


@pytest.mark.parametrize("path", mof.files(), ids=lambda path: path.relative_to(mof.FOLDER).as_posix())
def test_plain_text(path: Path) -> None:
    text = path.read_text("ascii")
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 110
    assert text.count("\n") <= 400


def test_every_file_belongs_to_a_namespace() -> None:
    included = {*mof.ROOTS.values(), mof.FOR_OTHERS.relative_to(mof.FOLDER).as_posix()}
    for root in mof.ROOTS.values():
        included |= set(re.findall(r'#pragma include \("(.+)"\)', (mof.FOLDER / root).read_text()))
    assert {path.relative_to(mof.FOLDER).as_posix() for path in mof.files()} == included


@pytest.mark.parametrize("path", ESM_FILES, ids=lambda path: path.stem)
def test_one_class_a_file(path: Path, agent: Namespace) -> None:
    names = re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE)
    assert len(names) == 1
    assert names[0] in agent


def test_each_class_of_ours_has_a_file(agent: Namespace) -> None:
    ours = [name for name in agent.descendants() if name.startswith("ESM_")]
    assert len(ESM_FILES) == len(ours) == 18


def test_each_provider_has_a_mof_file() -> None:
    """CIM_ComputerSystem is the DMTF's own class: its MOF is mof/cim/system.mof."""
    stems = {path.stem for path in Path(providers.__file__).parent.glob("*.py")}
    assert stems - {"__init__", "computer_system"} <= {path.stem for path in ESM_FILES}
