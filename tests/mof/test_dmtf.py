"""The CIM classes hold exactly what the DMTF's schema 2.49 gives them.

The DMTF's MOF is not part of this project: OPENESM_DMTF_SCHEMA names the folder where it is unpacked.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from openesm.cim.schema import Class, Namespace, Schema

FOLDER = os.environ.get("OPENESM_DMTF_SCHEMA", "")
COMPARED = {
    *("key", "write", "required", "override", "propagated", "maxlen", "punit", "units", "counter", "gauge"),
    *("valuemap", "values", "in", "out", "embeddedinstance", "embeddedobject", "arraytype", "abstract"),
    *("association", "aggregation", "composition", "aggregate", "weak", "min", "max", "minvalue", "maxvalue"),
    *("version", "deprecated", "ispunit", "octetstring", "exception", "indication"),
}
pytestmark = pytest.mark.skipif(not FOLDER, reason="OPENESM_DMTF_SCHEMA names no DMTF schema")


@pytest.fixture(scope="module")
def dmtf(schema: Schema) -> Mapping[str, Any]:
    """The DMTF's classes by lower-cased name, as its MOF declares them."""
    import pywbem

    names = {name for space in schema.namespaces.values() for name in space.descendants()}
    repository = pywbem.MOFWBEMConnection()
    folders = [str(path) for path in Path(FOLDER).iterdir() if path.is_dir()]
    compiler = pywbem.MOFCompiler(repository, search_paths=folders, log_func=None)
    for stem in ("qualifiers", "qualifiers_optional"):
        compiler.compile_file(str(Path(FOLDER, f"{stem}.mof")), "root/dmtf")
    for path in sorted(Path(FOLDER).glob("*/CIM_*.mof")):
        if path.stem in names and path.stem not in repository.classes.get("root/dmtf", {}):
            compiler.compile_file(str(path), "root/dmtf")
    return {name.lower(): found for name, found in repository.classes["root/dmtf"].items()}


def qualifiers(entries: Iterable[Any]) -> dict[str, Any]:
    found = {entry.name.lower(): entry.value for entry in entries if not entry.propagated}
    return {name: value for name, value in found.items() if name in COMPARED}


def facts_of_ours(found: Class) -> dict[str, Any]:
    facts: dict[str, Any] = {"": (found.superclass, qualifiers(found.qualifiers.values()))}
    for prop in found.properties.values():
        if not prop.propagated:
            shape = prop.type, prop.is_array, prop.reference_class
            facts[prop.name] = *shape, qualifiers(prop.qualifiers.values())
    for method in found.methods.values():
        if not method.propagated:
            facts[f"{method.name}()"] = method.type, qualifiers(method.qualifiers.values())
            for parameter in method.parameters:
                shape = parameter.type, parameter.is_array, parameter.reference_class
                facts[f"{method.name}({parameter.name})"] = *shape, qualifiers(parameter.qualifiers.values())
    return facts


def facts_of_theirs(found: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"": (found.superclass or "", qualifiers(found.qualifiers.values()))}
    for prop in found.properties.values():
        if prop.class_origin == found.classname:
            shape = prop.type, bool(prop.is_array), prop.reference_class or ""
            facts[prop.name] = *shape, qualifiers(prop.qualifiers.values())
    for method in found.methods.values():
        if method.class_origin == found.classname:
            facts[f"{method.name}()"] = method.return_type, qualifiers(method.qualifiers.values())
            for parameter in method.parameters.values():
                shape = parameter.type, bool(parameter.is_array), parameter.reference_class or ""
                facts[f"{method.name}({parameter.name})"] = *shape, qualifiers(parameter.qualifiers.values())
    return facts


@pytest.mark.parametrize("space", ["root/esmpro/as", "root/interop"])
def test_cim_classes_are_the_dmtfs(schema: Schema, dmtf: Mapping[str, Any], space: str) -> None:
    namespace: Namespace = schema.namespaces[space]
    compared = 0
    for found in namespace.classes():
        if found.name.startswith("CIM_"):
            compared += 1
            assert facts_of_ours(found) == facts_of_theirs(dmtf[found.name.lower()]), found.name
    assert compared >= 30


def test_descriptions_are_our_own(schema: Schema, dmtf: Mapping[str, Any]) -> None:
    for namespace in schema.namespaces.values():
        for found in namespace.classes():
            for name, text in described(dmtf.get(found.name.lower())).items():
                holder = found.properties[name] if name else found
                own = holder.qualifiers.get("description")
                assert own is None or own.value != text, f"{found.name}.{name}"


def described(found: Any) -> dict[str, str]:
    """Lower-cased property name ("" for the class) -> the DMTF's description; nothing for a class of ours."""
    if found is None:
        return {}
    holders = {"": found, **{prop.name.lower(): prop for prop in found.properties.values()}}
    texts = {name: holder.qualifiers.get("description") for name, holder in holders.items()}
    return {name: text.value for name, text in texts.items() if text}
