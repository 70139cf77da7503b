"""Reading files that may be anything."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.host import tree
from openesm.host.tree import Tree


@pytest.mark.parametrize(
    ("text", "base", "value"),
    [
        pytest.param("42", 10, 42, id="plain"),
        pytest.param(" 42\n", 10, 42, id="blanks around"),
        pytest.param("0x1f", 0, 31, id="hexadecimal"),
        pytest.param("-1", 10, None, id="negative"),
        pytest.param(str(2**64), 10, None, id="too big"),
        pytest.param(str(2**64 - 1), 10, 2**64 - 1, id="the biggest"),
        pytest.param("9" * 5000, 10, None, id="very long"),
        pytest.param("", 10, None, id="empty"),
        pytest.param(None, 10, None, id="missing"),
    ],
)
def test_number(text: str | None, base: int, value: int | None) -> None:
    assert tree.number(text, base) == value


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("0-3,8\n", [0, 1, 2, 3, 8], id="ranges"),
        pytest.param("3-1,x,5", [5], id="odd parts"),
        pytest.param("0-9999999999", [], id="too many"),
        pytest.param(None, [], id="missing"),
    ],
)
def test_number_list(text: str | None, numbers: list[int]) -> None:
    assert tree.number_list(text) == numbers


@given(st.text())
def test_labels_fit_in_xml(text: str) -> None:
    found = tree.label(text) or ""
    assert all(
        char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\x7f\ufffe\uffff" for char in found
    )


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    machine = Tree(tmp_path)
    assert [machine.text(name) for name in ("missing", "directory", "loop", "nul\0")] == [None] * 4
    assert machine.text("fifo") == ""
    assert (machine.names("missing"), machine.link("directory")) == ([], None)
    assert [machine.sampled(name) for name in ("missing", "directory")] == [None, None]


def test_invalid_utf8_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b" a\xff\xc3( \x00\n")
    assert Tree(tmp_path).line("odd") == "a\ufffd\ufffd("


def test_a_sampled_file_is_read_anew_and_its_descriptor_kept(tmp_path: Path) -> None:
    file = tmp_path / "stat"
    file.write_bytes(b"one")
    machine = Tree(tmp_path)
    assert machine.sampled("stat") == b"one"
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    file.write_bytes(b"second" * 50_000)
    assert machine.sampled("stat") == b"second" * 50_000
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_kept_descriptor_that_fails_is_closed() -> None:
    machine = Tree(Path("/"))
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        path = f"proc/{child.pid}/stat"
        assert machine.sampled(path) is not None
    assert machine.sampled(path) is None
    assert len(os.listdir("/proc/self/fd")) < before  # noqa: PTH208


def test_forget_opens_what_stands_there_now(tmp_path: Path) -> None:
    file = tmp_path / "stat"
    file.write_bytes(b"old")
    machine = Tree(tmp_path)
    machine.sampled("stat")
    file.rename(tmp_path / "away")
    file.write_bytes(b"new")
    assert machine.sampled("stat") == b"old"
    machine.forget()
    assert machine.sampled("stat") == b"new"


def test_real_stays_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "sys/devices/pci0").mkdir(parents=True)
    (tmp_path / "sys/class").mkdir()
    (tmp_path / "sys/class/eth0").symlink_to("../devices/pci0")
    assert Tree(tmp_path).real("sys/class/eth0") == "sys/devices/pci0"
