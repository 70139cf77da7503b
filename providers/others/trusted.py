"""Files that are run, or compiled, because they lie in a folder: nobody else may have a hand in them."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def check(file: Path) -> bytes:
    """The content of a file that nobody but root and this account can change: it is going to be run.

    Raises:
        PermissionError: somebody else can, or can put another in its place.
        OSError: it cannot be read.
    """
    real = file.resolve(strict=True)
    for folder in real.parents:
        known = folder.stat()
        if not known.st_mode & stat.S_ISVTX or known.st_uid:  # nobody moves what is another's out of /tmp
            _check_owner(folder, known)
    with os.fdopen(os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as opened:
        _check_owner(real, os.fstat(opened.fileno()))
        return opened.read()


def _check_owner(path: Path, known: os.stat_result) -> None:
    if known.st_uid not in (0, os.getuid()) or known.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{path}: owner {known.st_uid}, mode {stat.S_IMODE(known.st_mode):04o}")
