"""esmctl state backup: a consistent copy of the store, also while the agent runs."""

import argparse
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from esmctl.failure import FailureError
from esmctl.place import settings_of
from openesm import atomic
from openesm.text import say

_BUSY_S = 5.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("esmctl.argument-backup"))


def run(args: argparse.Namespace) -> int:
    store = settings_of(args).state.dir / "store.db"
    with store.open("rb"):  # says plainly when there is none, or may not be read
        pass
    copy = args.file.absolute()
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        _copy(store, copy)
    except BaseException as failed:
        copy.unlink(missing_ok=True)
        if isinstance(failed, sqlite3.Error):
            raise FailureError.of("backup-failed", file=store, reason=failed) from failed
        raise
    atomic.sync_folder(copy.parent)
    sys.stdout.write(say("esmctl.backup-done", file=copy, bytes=copy.stat().st_size) + "\n")
    return 0


def _copy(store: Path, copy: Path) -> None:
    address = f"file:{quote(str(store.absolute()))}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        if target.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check")
