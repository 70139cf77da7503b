"""The agent as it would be if its store did not wait for the disk: the negative control of the power cuts."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

from esmd.main import main


class Careless(sqlite3.Connection):
    """A connection that never syncs."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *parameters)


def _careless(*args: Any, **options: Any) -> sqlite3.Connection:
    return _connect(*args, **options, factory=Careless)


_connect, sqlite3.connect = sqlite3.connect, _careless

if __name__ == "__main__":
    sys.exit(main())
