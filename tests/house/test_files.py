"""How the house is built: a MOF a provider, files and functions of a size that a reader can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mof
import providers
from openesm.cim.provider import Association, Provider

PROJECT = Path(__file__).parents[2]
ROOMS = ("benchmarks", "esmctl", "esmd", "indications", "openesm", "providers", "subscription", "tests")
SOURCES = sorted(path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))
LONGEST_FILE, LONGEST_TEST, LONGEST_FUNCTION = 400, 500, 50  # a table of stories may be longer
OF_DMTF = {"computer_system"}  # providers of classes that are not ours; their MOF stands in mof/cim
ROOTS_AND_SHARED = {"esmpro_as", "interop", "qualifiers"}
OF_THE_SERVER = {
    "conforms_to_profile",
    "alert_indication",
    "alert_record",
    "correlation_event",
}  # classes that esmd itself serves


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_mof_a_provider_and_a_provider_a_mof() -> None:
    files = {path.stem for path in (PROJECT / "providers").glob("*.py")} - {"__init__"}
    schemas = {path.stem for path in (PROJECT / "mof").glob("*.mof")}
    assert files - schemas == OF_DMTF
    assert schemas - files <= ROOTS_AND_SHARED | OF_THE_SERVER


def test_each_mof_declares_the_class_of_its_provider() -> None:
    found = {type(each): each for each in providers.installed()}
    assert set(found) == {Provider, Association}
    for path in sorted((PROJECT / "providers").glob("*.py")):
        if path.stem in OF_DMTF | {"__init__"}:
            continue
        text = (mof.FOLDER / f"{path.stem}.mof").read_text("utf-8")
        declared = [line.split()[1] for line in text.splitlines() if line.startswith("class ")]
        served = {each.classname for each in providers.installed()}
        assert len(declared) == 1, path.stem
        assert declared[0] in served
        assert declared[0].removeprefix("ESM_").lower() == path.stem.replace("_", "")
        assert f'classname="{declared[0]}"' in path.read_text("utf-8")


def test_every_mof_is_included_once() -> None:
    included = [
        line.split('"')[1]
        for root in mof.ROOTS.values()
        for line in (mof.FOLDER / root).read_text("utf-8").splitlines()
        if line.startswith("#pragma include")
    ]
    every = {path.relative_to(mof.FOLDER).as_posix() for path in mof.files()}
    every -= {*mof.ROOTS.values(), mof.FOR_OTHERS.relative_to(mof.FOLDER).as_posix()}
    assert set(included) == every


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 100


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_sizes(path: Path) -> None:
    longest = LONGEST_TEST if "tests" in path.parts else LONGEST_FILE
    assert len(path.read_bytes().splitlines()) <= longest
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in functions(path)
        if node.end_lineno and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}
