"""The providers that are found."""

from pathlib import Path

import providers
from openesm.cim.provider import NAMESPACE


def test_every_file_is_found() -> None:
    stems = {file.stem for file in Path(providers.__file__).parent.glob("*.py")} - {"__init__"}
    found = providers.installed()
    assert len(found) == len(stems) >= 15
    assert len({each.classname for each in found}) == len(found)
    assert {each.namespace for each in found} == {NAMESPACE}


def test_associations_join_classes_that_are_there() -> None:
    classes = {each.classname for each in providers.installed()}
    ends = {
        name for each in providers.installed() for _, names in getattr(each, "ends", ()) for name in names
    }
    assert ends <= classes
    assert {"CIM_ComputerSystem", "ESM_Network", "ESM_FileSystemThread", "ESM_MemoryModule"} <= ends
