"""esmctl state restore: puts a copy of the store in the place of the store, while no agent runs on it."""

import argparse
import fcntl
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from esmctl.failure import FailureError
from esmctl.place import settings_of
from esmd.tables import MIGRATIONS
from openesm import atomic
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("esmctl.argument-restore"))


def run(args: argparse.Namespace) -> int:
    folder = settings_of(args).state.dir
    store, copy = folder / "store.db", args.file.absolute()
    with copy.open("rb"):  # says plainly when there is none, or may not be read
        pass
    with _alone(folder):
        fresh = folder / "store.db.new"
        fresh.unlink(missing_ok=True)  # of a restore that was cut off
        try:
            _check_and_copy(copy, fresh, folder)
            kept = _set_aside(store)
            fresh.replace(store)
        except sqlite3.Error as failed:
            fresh.unlink(missing_ok=True)
            raise FailureError.of("restore-failed", file=copy, reason=failed) from failed
        atomic.sync_folder(folder)
    sys.stdout.write(say("esmctl.restore-done", file=store, kept=kept) + "\n")
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds the state folder as an agent does, so that none can start meanwhile."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as held:
        raise FailureError.of("restore-running", folder=folder) from held
    finally:
        os.close(lock)


def _check_and_copy(copy: Path, fresh: Path, folder: Path) -> None:
    """A whole store of a version that we know, on the disk before it counts."""
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with (
        closing(sqlite3.connect(f"file:{quote(str(copy))}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(fresh)) as target,
    ):
        source.backup(target)
        (version,) = target.execute("PRAGMA user_version").fetchone()
        if not 0 < version <= len(MIGRATIONS):
            raise sqlite3.DatabaseError(f"user_version {version}")
        if target.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check")
    owner = folder.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    os.fsync(descriptor)
    os.close(descriptor)


def _set_aside(store: Path) -> Path:
    """Keeps the store that was there under another name, with all that its log held."""
    kept = store.with_name("store.db.before")
    if store.exists():
        with closing(sqlite3.connect(store)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept.unlink(missing_ok=True)
        os.link(store, kept)
    for ending in "-wal", "-shm":
        store.with_name(f"store.db{ending}").unlink(missing_ok=True)
    return kept
