"""What the compiler makes of good MOF, and what it says of bad MOF."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import mof
from openesm.cim import mofc
from openesm.cim.mofc import MofError
from openesm.cim.schema import FORMAT, Schema

QUALIFIERS = """\
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier MaxLen : uint32 = NULL, Scope(property);
Qualifier Values : string[], Scope(property), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier Version : string = NULL, Scope(class), Flavor(EnableOverride, Restricted, Translatable);
"""


def test_shape(compiled: dict[str, Any]) -> None:
    assert compiled["format"] == FORMAT
    assert compiled["digest"] == mofc.digest()
    assert list(compiled["namespaces"]) == list(mof.ROOTS)
    assert json.loads(json.dumps(compiled)) == compiled


def test_superclasses_come_first(compiled: dict[str, Any]) -> None:
    for content in compiled["namespaces"].values():
        seen = {None}
        for entry in content["classes"]:
            assert entry.get("super") in seen
            seen.add(entry["name"])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("[Key] string A;", {"name": "A", "type": "string"}, id="nothing more than there is"),
        pytest.param(
            "uint8 A[4];", {"name": "A", "type": "uint8", "array": True, "size": 4}, id="sized array"
        ),
        pytest.param("uint8 A = 7;", {"name": "A", "type": "uint8", "default": 7}, id="integer"),
        pytest.param("uint8 A = 0;", {"name": "A", "type": "uint8", "default": 0}, id="zero is not NULL"),
        pytest.param("boolean A = false;", {"name": "A", "type": "boolean", "default": False}, id="false"),
        pytest.param('string A = "";', {"name": "A", "type": "string", "default": ""}, id="empty string"),
        pytest.param("real32 A = 1.5;", {"name": "A", "type": "real32", "default": 1.5}, id="real"),
        pytest.param("char16 A = 'x';", {"name": "A", "type": "char16", "default": "x"}, id="char16"),
        pytest.param(
            'datetime A = "00000001000000.000000:000";',
            {"name": "A", "type": "datetime", "default": "00000001000000.000000:000"},
            id="datetime as text",
        ),
        pytest.param(
            'string A[] = { "x", "y" };',
            {"name": "A", "type": "string", "array": True, "default": ["x", "y"]},
            id="array default",
        ),
        pytest.param("T REF A;", {"name": "A", "type": "reference", "class": "T"}, id="reference"),
    ],
)
def test_property(tmp_path: Path, written: str, expected: dict[str, Any]) -> None:
    found = compile_text(tmp_path, f"class T {{ {written} }};")["classes"][0]["properties"][0]
    found.pop("qualifiers", None)
    assert found == expected


def test_qualifiers_and_their_flavors(tmp_path: Path) -> None:
    text = 'class T { [Key, MaxLen(9), Values { "a", "b" }] string A; };'
    content = compile_text(tmp_path, f'[Version("1.0.0")] {text}')
    assert content["qualifiers"] == [
        ["Key", "boolean", False, False, ["PROPERTY", "REFERENCE"], "s"],
        ["MaxLen", "uint32", False, None, ["PROPERTY"], "os"],
        ["Values", "string", True, None, ["PROPERTY"], "ost"],
        ["Version", "string", False, None, ["CLASS"], "ot"],
    ]
    found = content["classes"][0]
    assert found["qualifiers"] == [["Version", "string", False, "1.0.0", "ot"]]
    assert found["properties"][0]["qualifiers"] == [
        ["Key", "boolean", False, True, "s"],
        ["MaxLen", "uint32", False, 9, "os"],
        ["Values", "string", True, ["a", "b"], "ost"],
    ]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param("class T {\n  string A\n};", 7, "grammar", id="semicolon missing"),
        pytest.param("class T : Missing { };", 5, "Missing", id="superclass missing"),
        pytest.param("class T {\n  Missing REF A;\n};", 7, "Missing", id="referenced class missing"),
        pytest.param("[Unheard] class T { };", 5, "Unheard", id="qualifier not declared"),
        pytest.param('class T { string A = "x; };', 5, "", id="string not closed"),
        pytest.param("class T {", 0, "end of MOF", id="ends too early"),
    ],
)
def test_wrong_mof_is_named_with_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(MofError) as caught:
        compile_text(tmp_path, text)
    message = caught.value.text("en")
    assert message.startswith(f"{tmp_path / 'root.mof'}:{line}: ")
    assert says in message
    assert "\n" not in message
    assert caught.value.text("ja")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param('#pragma include ("gone.mof")\n', "gone.mof", id="included file is missing"),
        pytest.param("class T { uint8 A = 300; };", "300", id="value out of the range of its type"),
        pytest.param(
            "[Version(4)] class T { [MaxLen(-1)] string A; };", "-1", id="qualifier value out of range"
        ),
        pytest.param("class T { [MaxLen(\xff", "root.mof", id="not UTF-8"),
    ],
)
def test_other_faults_name_the_file(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "root.mof").write_bytes(QUALIFIERS.encode() + text.encode("latin-1"))
    with pytest.raises(MofError) as caught:
        mofc.compile_schema(tmp_path, {"n": "root.mof"})
    assert str(tmp_path) in caught.value.text()
    assert says in caught.value.text()


def test_fault_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "part.mof").write_text("\nclass {")
    with pytest.raises(MofError, match=r"part\.mof:2: "):
        compile_text(tmp_path, '#pragma include ("part.mof")')


def test_command_writes_the_file(tmp_path: Path) -> None:
    target = tmp_path / "schema.json"
    assert mofc.main(["--output", str(target)]) == 0
    assert Schema.load(target).digest == mofc.digest()
    assert [path.name for path in tmp_path.iterdir()] == ["schema.json"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_command_prints(capsys: pytest.CaptureFixture[str], compiled: dict[str, Any]) -> None:
    assert mofc.main([]) == 0
    assert json.loads(capsys.readouterr().out) == compiled


def test_command_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mof"
    shutil.copytree(mof.FOLDER, folder)
    (folder / "alive.mof").write_text("class ESM_Alive : CIM_ManagedElement {\n   string ServiceName[;\n};\n")
    monkeypatch.setattr(mof, "FOLDER", folder)
    kept = tmp_path / "schema.json"
    kept.write_text("kept")
    assert mofc.main(["--output", str(kept)]) == 1
    assert f"{folder / 'alive.mof'}:2: " in capsys.readouterr().err
    assert kept.read_text() == "kept"


def test_command_says_where_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "absent" / "schema.json"
    assert mofc.main(["--output", str(target)]) == 1
    assert str(target) in capsys.readouterr().err


def compile_text(folder: Path, text: str) -> dict[str, Any]:
    """The one namespace of a root file that declares the test's qualifiers (four lines) and holds `text`."""
    (folder / "root.mof").write_text(QUALIFIERS + text)
    content: dict[str, Any] = mofc.compile_schema(folder, {"n": "root.mof"})["namespaces"]["n"]
    return content
