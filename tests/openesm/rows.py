"""What the stories of the store write: numbered rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from openesm.store import Work

FIRST = "CREATE TABLE row (number INTEGER PRIMARY KEY);\nCREATE TABLE pair (number INTEGER PRIMARY KEY)"
WAIT_S = 20.0


def insert(number: int, text: bytes = b"") -> Work[int]:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO row VALUES (?)", (number,))
        if text:
            connection.execute("CREATE TABLE IF NOT EXISTS bulk (text BLOB)")
            connection.execute("INSERT INTO bulk VALUES (?)", (text,))
        return number

    return work


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM row ORDER BY number")]


def stored(path: Path) -> list[int]:
    """What another process would find, after a check of the whole file."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return numbers(connection)
