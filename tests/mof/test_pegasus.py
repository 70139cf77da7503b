"""OpenPegasus's compiler takes the same files, so that its server can serve the schema."""

import shutil
import subprocess
from pathlib import Path

import pytest

import mof

COMPILER = shutil.which("cimmofl")


@pytest.mark.skipif(COMPILER is None, reason="cimmofl (OpenPegasus) is not installed")
@pytest.mark.parametrize(("namespace", "root"), mof.ROOTS.items(), ids=mof.ROOTS)
def test_compiles(tmp_path: Path, namespace: str, root: str) -> None:
    (tmp_path / "repository").mkdir()
    place = ["-R", str(tmp_path), "-N", "repository", "-n", namespace]
    done = subprocess.run(
        [str(COMPILER), *place, root],
        cwd=mof.FOLDER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stdout + done.stderr
