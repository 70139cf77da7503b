"""What is put among the packages of the system's Python for cmpi-bindings, and what is left alone there."""

from __future__ import annotations

from pathlib import Path

import pytest

from esmctl import bindings
from esmctl.failure import FailureError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "packages"
    found.mkdir()
    monkeypatch.setattr(bindings, "folder", lambda: found)
    return found


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "libpy3CmpiProvider.so"
    path.touch()
    return path


def test_both_files_come_and_go(place: Path, library: Path) -> None:
    bindings.install(library)
    bindings.install(library)  # again, over our own
    assert (place / "_cmpi.so").readlink() == library
    assert "get_cmpi_proxy_provider" in (place / "cmpi_pywbem_bindings.py").read_text()
    bindings.remove()
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("name", ["cmpi_pywbem_bindings.py", "_cmpi.so"])
def test_what_is_somebody_elses_stays(place: Path, library: Path, name: str) -> None:
    (place / name).write_text("theirs")
    with pytest.raises(FailureError, match=name):
        bindings.install(library)
    bindings.remove()
    assert (place / name).read_text() == "theirs"


def test_without_the_library(place: Path, tmp_path: Path) -> None:
    with pytest.raises(FailureError, match="absent"):
        bindings.install(tmp_path / "absent.so")
    assert list(place.iterdir()) == []
