import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from openesm import atomic

WRITER = """
import sys
from pathlib import Path
from openesm import atomic
print("started", flush=True)
while True:
    for letter in b"ab":
        atomic.write(Path(sys.argv[1]), bytes([letter]) * 100_000, 0o600)
"""
HOLDER = """
import sys
from pathlib import Path
from openesm import atomic
with atomic.locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_file_mode_and_content(tmp_path: Path) -> None:
    target = tmp_path / "file"
    for data, mode in (b"one", 0o644), (b"two", 0o600):
        atomic.write(target, data, mode)
        assert (target.read_bytes(), target.stat().st_mode & 0o7777) == (data, mode)
    assert list(tmp_path.iterdir()) == [target]


def test_links_are_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "file"
    victim.write_text("precious")
    target.symlink_to(victim)
    atomic.write(target, b"new", 0o600)
    assert not target.is_symlink()
    assert victim.read_text() == "precious"


def test_a_planted_temporary_file_is_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda _size: b"guessed!")
    planted = tmp_path / f".file.{b'guessed!'.hex()}"
    planted.write_text("theirs")
    with pytest.raises(FileExistsError):
        atomic.write(tmp_path / "file", b"new", 0o600)
    assert planted.read_text() == "theirs"


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    (target / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="irectory"):
        atomic.write(target, b"new", 0o600)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_of_the_file_before_stays(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    os.chown(target, 1234, 5678)
    atomic.write(target, b"new", 0o600)
    assert (target.stat().st_uid, target.stat().st_gid) == (1234, 5678)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_new_files_belong_to_the_owner_of_their_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 5678)
    atomic.write(tmp_path / "file", b"new", 0o600)
    with atomic.locked(tmp_path / "lock"):
        pass
    owners = {(file.stat().st_uid, file.stat().st_gid) for file in tmp_path.iterdir()}
    assert owners == {(1234, 5678)}


def test_a_writer_killed_at_any_time_leaves_old_or_new(tmp_path: Path) -> None:
    target = tmp_path / "file"
    for _ in range(5):
        argv = [sys.executable, "-c", WRITER, str(target)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == b"started\n"
            before = target.read_bytes() if target.exists() else b""
            while not target.exists() or target.read_bytes() == before:
                assert writer.poll() is None
            writer.send_signal(signal.SIGKILL)
        assert target.read_bytes() in (b"a" * 100_000, b"b" * 100_000)


def test_the_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    argv = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(atomic.LockedError) as refused, atomic.locked(lock, wait_s=0):
            pass
        assert refused.value.holder.startswith(f"{holder.pid} (")
        holder.communicate()
    with atomic.locked(lock, wait_s=0):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic"), atomic.locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "victim").exists()
