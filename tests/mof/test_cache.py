"""The compiled file: made once, made anew when the MOF changes, and read without a MOF compiler."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mof
from openesm.cim import mofc
from openesm.cim.mofc import MofError
from openesm.cim.schema import FORMAT

ROOM = str(Path(mofc.__file__).parents[2])


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("cache") / "schema.json"
    mofc.write(cache)
    return cache


def test_current_cache_is_left_alone(current: Path) -> None:
    before = current.stat()
    assert "ESM_Alive" in mofc.schema(current).namespaces["root/esmpro/as"]
    assert (current.stat().st_mtime_ns, current.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="absent"),
        pytest.param(b'{"format": 1', id="cut off"),
        pytest.param(
            json.dumps({"format": FORMAT, "digest": 1, "namespaces": 1}).encode(), id="no namespaces"
        ),
        pytest.param(json.dumps({"format": FORMAT, "digest": "x", "namespaces": {}}).encode(), id="stale"),
    ],
)
def test_anything_else_is_remade(tmp_path: Path, content: bytes | None) -> None:
    cache = tmp_path / "schema.json"
    if content is not None:
        cache.write_bytes(content)
    assert "ESM_Alive" in mofc.schema(cache).namespaces["root/esmpro/as"]
    assert [path.name for path in tmp_path.iterdir()] == ["schema.json"]


def test_no_place_for_the_cache_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MofError, match=r"absent/schema\.json: cannot be written"):
        mofc.schema(tmp_path / "absent" / "schema.json")


@pytest.mark.parametrize("change", ["edited", "renamed", "added", "removed"])
def test_digest_tells_any_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    folder = tmp_path / "mof"
    shutil.copytree(mof.FOLDER, folder)
    before = mofc.digest()
    monkeypatch.setattr(mof, "FOLDER", folder)
    assert mofc.digest() == before
    alive = folder / "alive.mof"
    match change:
        case "edited":
            alive.write_text(alive.read_text().replace("Time now", "Time own"))
        case "renamed":
            alive.rename(folder / "cim" / "alive.mof")
        case "added":
            (folder / "more.mof").write_text("")
        case "removed":
            alive.unlink()
    assert mofc.digest() != before


def test_reading_loads_no_compiler(current: Path) -> None:
    script = """
import sys
sys.path.append(sys.argv[1])
from pathlib import Path
from openesm.cim import mofc
space = mofc.schema(Path(sys.argv[2])).namespaces["root/esmpro/as"]
assert space.get("esm_processor").keys[-1] == "DeviceID"
print(sorted({name.partition(".")[0] for name in sys.modules} & {"pywbem", "ply", "requests", "lxml"}))
"""
    command = [sys.executable, "-I", "-c", script, ROOM, str(current)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_making_it_leaves_the_caller_without_a_compiler(tmp_path: Path) -> None:
    script = """
import sys
sys.path.append(sys.argv[1])
from pathlib import Path
from openesm.cim import mofc
mofc.schema(Path(sys.argv[2]))
print("pywbem" in sys.modules)
"""
    command = [sys.executable, "-I", "-c", script, ROOM, str(tmp_path / "schema.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")
