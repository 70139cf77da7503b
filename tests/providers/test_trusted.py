"""Files that are run because they lie in a folder."""

from __future__ import annotations

import os
import threading
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode
from py_compile import compile as compile_to
from typing import cast

import pytest

from providers.others.broker import Broker
from providers.others.gathering import _within
from providers.others.old_style import load
from providers.others.trusted import check


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "here" / "x.py"
    path.parent.mkdir(mode=0o755)
    path.write_text("A = 1\n")
    path.chmod(0o644)
    return path


def test_what_only_we_can_change(file: Path) -> None:
    assert check(file) == b"A = 1\n"


def test_what_was_checked_is_run_whatever_bytecode_lies_beside_it(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("A = 2\n")
    planted = Path(cache_from_source(str(file)))
    compile_to(str(other), str(planted), invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    before = planted.read_bytes()
    loaded = load(file, cast(Broker, None))
    assert (loaded.module.A, loaded.module.__file__) == (1, str(file))
    assert planted.read_bytes() == before
    planted.unlink()
    load(file, cast(Broker, None))
    assert not planted.exists()


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_change(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(PermissionError, match=r"x\.py"):
        check(file)


def test_a_folder_above_that_others_can_change(file: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError):
        check(file)


def test_a_link_is_what_it_points_to(file: Path, tmp_path: Path) -> None:
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    target = open_folder / "y.py"
    target.write_text("")
    link = file.with_name("y.py")
    link.symlink_to(target)
    with pytest.raises(PermissionError, match="open"):
        check(link)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else(file: Path) -> None:
    os.chown(file, 12345, -1)
    with pytest.raises(PermissionError, match="12345"):
        check(file)


def test_nobody_waits_for_a_file_that_hangs() -> None:
    with pytest.raises(TimeoutError):
        _within(0.05, threading.Event().wait)
    with pytest.raises(SystemExit):
        _within(5, lambda: exec("raise SystemExit(1)"))
    assert _within(5, lambda: 7) == 7
