"""The class reference is current, and says what a reader looks for."""

from pathlib import Path

import pytest

from openesm.cim.reference import markdown
from openesm.cim.schema import Schema

PAGE = Path(__file__).parents[2] / "docs" / "classes.md"


def test_page_is_current(schema: Schema) -> None:
    """Else: python -m openesm.cim.reference > docs/classes.md"""
    assert PAGE.read_text("utf-8") == markdown(schema)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("### ESM_Processor", id="class"),
        pytest.param("- Superclass: [CIM_Processor](#cim_processor)", id="superclass"),
        pytest.param("- Namespaces: `root/ESMPRO/AS`, `root/interop`", id="in both namespaces"),
        pytest.param("| `GroupComponent` | CIM_System REF |  | key |  |", id="reference"),
        pytest.param("#### `uint32 RestoreDefaultThresholds()`", id="method"),
        pytest.param("| `WarningThreshold` | uint16 | percent | in |  |", id="parameter"),
        pytest.param(
            "| `MonitoringInterval` | uint32 | second | write | Time between two judgements. |", id="writable"
        ),
    ],
)
def test_content(schema: Schema, line: str) -> None:
    assert line in markdown(schema).splitlines()


def test_ours_come_first_and_none_is_left_out(schema: Schema) -> None:
    lines = markdown(schema).splitlines()
    headings = [line[4:] for line in lines if line.startswith("### ")]
    names = {name for space in schema.namespaces.values() for name in space.descendants()}
    assert len(headings) == len(set(headings)) == len(names)
    assert headings == sorted(headings, key=lambda name: (not name.startswith("ESM_"), name))


def test_japanese_headings(schema: Schema) -> None:
    assert "## 本エージェントのクラス" in markdown(schema, "ja").splitlines()


def test_cells_cannot_break_the_table() -> None:
    described = ["Description", "string", False, "left | right", "ost"]
    odd = {"name": "T", "properties": [{"name": "A", "type": "string", "qualifiers": [described]}]}
    space = {"n": {"qualifiers": [], "classes": [odd]}}
    page = markdown(Schema({"format": 1, "digest": "", "namespaces": space}))
    assert "| `A` | string |  | read | left &#124; right |" in page.splitlines()
