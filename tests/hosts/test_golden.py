"""Every provider on every recorded machine gives exactly the rows of its golden file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.golden import golden_file, open_host, rows, spell
from tests.hosts.machines import MACHINES


@pytest.mark.parametrize("name", MACHINES)
def test_rows_are_those_of_the_golden_file(name: str, tmp_path: Path) -> None:
    found = json.loads(spell(rows(open_host(name, tmp_path))))
    golden: dict[str, Any] = json.loads(golden_file(name).read_text())
    assert found.keys() == golden.keys()
    for classname, expected in golden.items():
        assert found[classname] == expected, classname


@pytest.mark.parametrize("name", MACHINES)
def test_a_class_has_the_same_names_in_the_same_order_in_all_rows(name: str, tmp_path: Path) -> None:
    for classname, found in rows(open_host(name, tmp_path)).items():
        assert len({tuple(row) for row in found}) <= 1, classname


@pytest.mark.parametrize("name", MACHINES)
def test_elements_have_different_ids(name: str, tmp_path: Path) -> None:
    for classname, found in rows(open_host(name, tmp_path)).items():
        ids = [row["(element)"] for row in found]
        assert len(ids) == len(set(ids)), classname
