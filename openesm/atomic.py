"""Whole files that are either old or new, and the lock that puts two writers in order (F24, F25)."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PAUSE_S = 0.02


class LockedError(Exception):
    """Somebody else is changing the file.

    Attributes:
        lock: the lock file.
        holder: "PID (command)" of who holds it, "?" when that is not known.
    """

    def __init__(self, lock: Path, holder: str) -> None:
        self.lock = lock
        self.holder = holder
        super().__init__(lock, holder)


def write(path: Path, data: bytes, mode: int) -> None:
    """Replaces the file `path` by `data`: after a crash it is the old file or the new one.

    The mode is set before the file has its name. A symbolic link at `path` is replaced, not followed. When
    root writes, owner and group are those of the file before, else those of the folder.
    """
    owner = _owner(path)
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        with os.fdopen(descriptor, "wb") as target:
            if owner is not None:
                os.fchown(target.fileno(), *owner)
            os.fchmod(target.fileno(), mode)
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, wait_s: float = 5.0) -> Iterator[None]:
    """Holds the lock file `path`; raises as `acquire` does."""
    descriptor = acquire(path, wait_s=wait_s)
    try:
        yield
    finally:
        os.close(descriptor)


def acquire(path: Path, *, wait_s: float = 5.0) -> int:
    """Locks the file `path`, whose text names the holder; the lock lasts until the descriptor is closed.

    Raises:
        LockedError: another process held it for `wait_s` seconds.
        OSError: the lock file cannot be opened, or is a symbolic link.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
        _wait_for(descriptor, path, time.monotonic() + wait_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait_for(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            if time.monotonic() >= deadline:
                raise LockedError(path, _holder(descriptor)) from held
        time.sleep(_PAUSE_S)


def _holder(descriptor: int) -> str:
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    if not pid.isdecimal():
        return "?"
    try:
        command = Path("/proc", pid, "cmdline").read_bytes()[:200]
    except OSError:
        return pid
    return f"{pid} ({command.replace(bytes(1), b' ').decode('utf-8', 'replace').strip()})"


def _owner(path: Path) -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    model = path.parent.stat()
    with suppress(FileNotFoundError):
        before = path.lstat()
        model = before if stat.S_ISREG(before.st_mode) else model
    return model.st_uid, model.st_gid
