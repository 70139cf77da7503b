"""The durable store: what was acknowledged stays, what was refused leaves nothing behind."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openesm.store import GROUP, Store, StoreError, Work
from tests.openesm.rows import FIRST, WAIT_S, insert, numbers, stored

SECOND = "ALTER TABLE row ADD COLUMN text TEXT NOT NULL DEFAULT 'old'"


def insert_and_raise(error: Exception, number: int = 99) -> Work[None]:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO row VALUES (?)", (number,))
        raise error

    return work


def bad_sql(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO no_such_table VALUES (1)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path, [FIRST])
    yield opened
    opened.close()


class Gate:
    """Keeps the writer busy, so that what is queued meanwhile becomes one group."""

    def __init__(self, store: Store) -> None:
        self.statements: list[str] = []
        self._open, entered = threading.Event(), threading.Event()

        def work(connection: sqlite3.Connection) -> None:
            connection.set_trace_callback(self.statements.append)
            entered.set()
            assert self._open.wait(WAIT_S)

        self.passed = store.write(work)
        assert entered.wait(WAIT_S)

    def open(self) -> None:
        self._open.set()
        self.passed.result(WAIT_S)

    @property
    def commits(self) -> int:
        """Commits since the gate was entered, its own included."""
        return self.statements.count("COMMIT")


def errors_of(futures: list[Future[Any]]) -> list[type[BaseException] | None]:
    return [None if (error := future.exception(WAIT_S)) is None else type(error) for future in futures]


# -- groups


@pytest.mark.parametrize(("count", "commits"), [(1, 2), (100, 2), (GROUP, 2), (GROUP + 1, 3)])
def test_what_is_queued_is_one_commit(store: Store, count: int, commits: int) -> None:
    gate = Gate(store)
    futures = [store.write(insert(number)) for number in range(count)]
    gate.open()
    assert [future.result(WAIT_S) for future in futures] == list(range(count))
    assert gate.commits == commits
    assert store.read(numbers) == list(range(count))


def test_many_writers(store: Store) -> None:
    gate = Gate(store)
    writers = [
        threading.Thread(target=lambda start=start: [store.write(insert(start + n)) for n in range(10)])
        for start in range(0, 200, 10)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    gate.open()
    store.write(lambda _: None).result(WAIT_S)
    assert store.read(numbers) == list(range(200))
    assert gate.commits <= 3


def test_each_sees_all_before_it(store: Store) -> None:
    gate = Gate(store)
    store.write(insert(1))
    seen = store.write(numbers)
    store.write(insert(2))
    gate.open()
    assert seen.result(WAIT_S) == [1]


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        pytest.param(insert_and_raise(ValueError("no")), ValueError, id="its own error"),
        pytest.param(insert_and_raise(KeyError("no"), 0), sqlite3.IntegrityError, id="a constraint"),
        pytest.param(insert_and_raise(sqlite3.ProgrammingError("no")), sqlite3.ProgrammingError, id="misuse"),
    ],
)
def test_own_changes_are_undone_alone(store: Store, failing: Work[None], error: type[Exception]) -> None:
    gate = Gate(store)
    futures: list[Future[Any]] = [
        store.write(insert(0)),
        store.write(failing),
        store.write(insert(2)),
    ]
    gate.open()
    assert errors_of(futures) == [None, error, None]
    assert store.read(numbers) == [0, 2]
    assert gate.commits == 2
    assert store.failing == ""


def test_an_error_of_the_file_fails_the_group(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "openesm.store")
    gate = Gate(store)
    futures: list[Future[Any]] = [store.write(work) for work in (insert(1), bad_sql, insert(2))]
    gate.open()
    assert errors_of(futures) == [sqlite3.OperationalError] * 3
    assert store.failing == "no such table: no_such_table"
    assert store.read(numbers) == []
    assert store.write(insert(3)).result(WAIT_S) == 3
    assert store.failing == ""
    assert store.read(numbers) == [3]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_work_hears_what_became_of_it(store: Store) -> None:
    """In its turn: kept, its own failure, or that of the group."""
    heard: list[tuple[str, bool]] = []

    def work(name: str, then: Work[None]) -> Work[None]:
        def run(connection: sqlite3.Connection) -> None:
            store.when_settled(lambda is_kept: heard.append((name, is_kept)))
            then(connection)

        return run

    gate = Gate(store)
    futures: list[Future[Any]] = [
        store.write(work("kept", insert(1))),
        store.write(work("own failure", insert_and_raise(ValueError()))),
        store.write(work("kept too", insert(2))),
    ]
    gate.open()
    assert errors_of(futures) == [None, ValueError, None]
    assert heard == [("own failure", False), ("kept", True), ("kept too", True)]
    heard.clear()
    gate = Gate(store)
    futures = [store.write(work("lost", insert(3))), store.write(work("lost too", bad_sql))]
    gate.open()
    assert errors_of(futures) == [sqlite3.OperationalError] * 2
    assert heard == [("lost", False), ("lost too", False)]
    assert store.read(numbers) == [1, 2]


def test_failures_in_a_row_are_told_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "openesm.store")
    for _ in range(3):
        assert isinstance(store.write(bad_sql).exception(WAIT_S), sqlite3.OperationalError)
    assert len(caplog.records) == 1


def test_cancelled_work_is_not_done(store: Store) -> None:
    gate = Gate(store)
    cancelled, other = store.write(insert(1)), store.write(insert(2))
    assert cancelled.cancel()
    gate.open()
    assert other.result(WAIT_S) == 2
    assert store.read(numbers) == [2]


# -- reading


def test_reads_see_everything_committed(store: Store) -> None:
    for number in range(20):
        store.write(insert(number)).result(WAIT_S)
        assert store.read(numbers)[-1] == number


def test_reads_do_not_see_what_is_not_committed(store: Store) -> None:
    gate = Gate(store)
    store.write(insert(1))
    assert store.read(numbers) == []
    gate.open()


def test_reads_change_nothing(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.read(insert(1))


# -- closing, backup


def test_close_commits_what_is_queued(path: Path) -> None:
    store = Store(path, [FIRST])
    gate = Gate(store)
    futures = [store.write(insert(number)) for number in range(2 * GROUP)]
    closer = threading.Thread(target=store.close)
    closer.start()
    gate.open()
    closer.join(WAIT_S)
    assert [future.result(0) for future in futures] == list(range(2 * GROUP))
    assert stored(path) == list(range(2 * GROUP))
    with pytest.raises(StoreError, match="the store is closed"):
        store.write(insert(-1))
    store.close()


def test_close_after_a_failure_leaves_no_log(path: Path) -> None:
    store = Store(path, [FIRST])
    assert store.write(bad_sql).exception(WAIT_S)
    store.write(insert(1)).result(WAIT_S)
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["store"]
    assert stored(path) == [1]


def test_another_process_that_looks_takes_nothing_away(path: Path) -> None:
    """It must not take itself for the last one that has the file open, and remove the log."""
    look = (
        "import sqlite3 as s, sys; db = s.connect(sys.argv[1]); db.execute('PRAGMA user_version'); db.close()"
    )
    store = Store(path, [FIRST])
    for number in range(5):
        store.write(insert(number)).result(WAIT_S)
        reader = threading.Thread(target=store.read, args=(numbers,))  # with a connection of its own
        reader.start()
        reader.join(WAIT_S)
        subprocess.run([sys.executable, "-c", look, str(path)], check=True, capture_output=True, timeout=60)
        store.write(insert(number + 100)).result(WAIT_S)
        assert store.read(numbers)[-1] == number + 100
    store.close()
    again = Store(path, [FIRST])
    assert again.read(numbers) == [*range(5), *range(100, 105)]
    again.close()


def test_backup_while_running(store: Store, tmp_path: Path) -> None:
    stop = threading.Event()

    def both(number: int) -> Work[None]:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO row VALUES (?)", (number,))
            connection.execute("INSERT INTO pair VALUES (?)", (number,))

        return work

    def write() -> None:
        number = 0
        while not stop.is_set():
            store.write(both(number)).result(WAIT_S)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for copy in range(5):
            store.backup(tmp_path / f"copy{copy}")
    finally:
        stop.set()
        writer.join(WAIT_S)
    for copy in range(5):
        kept = stored(tmp_path / f"copy{copy}")
        with closing(sqlite3.connect(tmp_path / f"copy{copy}")) as connection:
            assert kept == [n for (n,) in connection.execute("SELECT number FROM pair ORDER BY number")]
        assert kept == list(range(len(kept)))
    assert (tmp_path / "copy0").stat().st_mode & 0o777 == 0o600


def test_backup_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError):
        store.backup(tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"


# -- opening


def test_new_file_is_for_its_owner(path: Path) -> None:
    Store(path, [FIRST]).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_power_may_fail(store: Store) -> None:
    """Every commit is synced: write-ahead log, synchronous = FULL (2)."""

    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert store.write(lambda connection: connection.in_transaction).result(WAIT_S)
    assert store.write(settings).result(WAIT_S) == ["wal", 2, 1]
    assert store.write(bad_sql).exception(WAIT_S)
    assert store.write(settings).result(WAIT_S) == ["wal", 2, 1]


def old_store(path: Path) -> None:
    store = Store(path, [FIRST])
    store.write(insert(7)).result(WAIT_S)
    store.close()


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize("left_over", [False, True], ids=["at once", "after a start that was cut off"])
def test_migration_keeps_a_copy(path: Path, left_over: bool) -> None:
    old_store(path)
    copy = path.with_name("store.v1")
    if left_over:
        copy.write_bytes(b"half a cop")
    store = Store(path, [FIRST, SECOND])
    assert store.read(lambda c: c.execute("SELECT number, text FROM row").fetchall()) == [(7, "old")]
    store.close()
    assert (version(path), version(copy)) == (2, 1)
    assert stored(copy) == [7]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_migration_that_fails_changes_nothing(path: Path) -> None:
    old_store(path)
    with pytest.raises(StoreError, match="no such table: missing"):
        Store(path, [FIRST, f"{SECOND};\nDROP TABLE missing"])
    assert version(path) == 1
    assert stored(path) == [7]
    Store(path, [FIRST, SECOND]).close()
    assert version(path) == 2


def test_opened_again(path: Path) -> None:
    old_store(path)
    store = Store(path, [FIRST])
    assert store.read(numbers) == [7]
    store.close()
    assert not path.with_name("store.v1").exists()


def test_newer_version(path: Path) -> None:
    Store(path, [FIRST, SECOND]).close()
    with pytest.raises(StoreError, match="of version 2, and this program knows versions up to 1"):
        Store(path, [FIRST])
    assert version(path) == 2


def _text(path: Path) -> None:
    path.write_text("This is no database, but a file of text that somebody put here.\n" * 20)


def _cut(path: Path) -> None:
    old_store(path)
    os.truncate(path, 100)


def _link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("make", [_text, _cut, _link, Path.mkdir], ids=["text", "cut", "symlink", "folder"])
def test_no_database(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    with pytest.raises(StoreError, match="the store cannot be used"):
        Store(path, [FIRST])
    assert not path.with_name("elsewhere").exists()
