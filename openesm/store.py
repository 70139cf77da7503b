"""The durable store: one SQLite file, write-ahead log, every commit on the disk before it counts.

One thread writes. Whatever is queued when it becomes free goes into one transaction (group commit): each
piece of work sees all before it, either all of its changes are kept or none, and its future is done only
after the commit. Reads have a connection of their own per thread.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from openesm.text import Message

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

GROUP = 500  # pieces of work in one commit at most
WAL_BYTES = 64 * 1024 * 1024
BUSY_S = 5.0

log = logging.getLogger("openesm.store")


class StoreError(Exception):
    """The store cannot be opened; `message` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


class Store:
    """An open store.

    Args:
        path: of the file; it is made when missing.
        migrations: statements that bring the schema from version n to n + 1, for n from 0.

    Raises:
        StoreError: it is of a newer version, or no database.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self.path = path
        self._queue: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._open_or_closed = threading.Lock()  # nothing is queued behind the end of the queue
        self._closed = False
        self._local = threading.local()
        self._migrations = migrations
        self._settling: list[Callable[[bool], None]] = []
        self.failing: str = ""  # why the last commit failed; "" while all is well
        writer = self._open()
        try:
            self._migrate(writer)
        except (OSError, sqlite3.Error) as broken:
            writer.close()
            raise StoreError(Message.of("store.broken", path=path, reason=str(broken))) from broken
        except StoreError:
            writer.close()
            raise
        self._thread = threading.Thread(target=self._run, args=(writer,), name="store", daemon=True)
        self._thread.start()

    # -- opening

    def _open(self) -> sqlite3.Connection:
        try:
            _make(self.path)
            connection = sqlite3.connect(
                self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as failed:
            raise StoreError(Message.of("store.broken", path=self.path, reason=str(failed))) from failed
        try:
            for setting in (
                "journal_mode = WAL",
                "synchronous = FULL",
                f"journal_size_limit = {WAL_BYTES}",
                "foreign_keys = ON",
            ):
                connection.execute(f"PRAGMA {setting}")
        except sqlite3.DatabaseError as broken:
            connection.close()
            raise StoreError(Message.of("store.broken", path=self.path, reason=str(broken))) from broken
        return connection

    def _migrate(self, writer: sqlite3.Connection) -> None:
        version = int(writer.execute("PRAGMA user_version").fetchone()[0])
        newest = len(self._migrations)
        if version > newest:
            raise StoreError(Message.of("store.newer", path=self.path, version=version, newest=newest))
        if 0 < version < newest:
            kept = self.path.with_name(f"{self.path.name}.v{version}")
            kept.unlink(missing_ok=True)  # of a start that was cut off before it had migrated
            self._copy(kept, writer)
        for number in range(version, newest):
            writer.execute("BEGIN IMMEDIATE")
            for statement in self._migrations[number].split(";\n"):
                writer.execute(statement)
            writer.execute(f"PRAGMA user_version = {number + 1}")
            writer.execute("COMMIT")

    # -- writing

    def write(self, work: Work[T]) -> Future[T]:
        """Queues work for the writer; the future has its result once that is on the disk.

        An exception of the work undoes its own changes only. A commit that fails (disk full, I/O error)
        fails every future of the group with it, and nothing of the group is kept.
        """
        future: Future[T] = Future()
        with self._open_or_closed:
            if self._closed:
                raise StoreError(Message.of("store.closed", path=self.path))
            self._queue.put((work, future))
        return future

    def when_settled(self, call: Callable[[bool], None]) -> None:
        """Within a piece of work: has something called after the commit, with False if nothing was kept."""
        self._settling.append(call)

    def _settle(self, is_kept: bool, since: int = 0) -> None:
        calls = self._settling[since:]
        del self._settling[since:]
        for call in calls:
            call(is_kept)

    def _run(self, writer: sqlite3.Connection) -> None:
        try:
            ending = False
            while not ending and (first := self._queue.get()) is not None:
                group = [first]
                while len(group) < GROUP and not self._queue.empty():
                    following = self._queue.get()
                    if following is None:
                        ending = True
                        break
                    group.append(following)
                wanted = [piece for piece in group if piece[1].set_running_or_notify_cancel()]
                writer = self._commit(writer, wanted)
        finally:
            with suppress(sqlite3.Error):  # then the next start has it to do
                writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            writer.close()

    def _commit(
        self, writer: sqlite3.Connection, group: list[tuple[Work[Any], Future[Any]]]
    ) -> sqlite3.Connection:
        results: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            writer.execute("BEGIN IMMEDIATE")
            for work, future in group:
                before = len(self._settling)
                results.append((future, *_attempt(writer, work)))
                if results[-1][2] is not None:
                    self._settle(False, before)
            writer.execute("COMMIT")
        except sqlite3.Error as failed:
            return self._commit_failed(writer, group, failed)
        if self.failing:
            log.warning("the store works again")
            self.failing = ""
        self._settle(True)
        for future, result, error in results:
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
        return writer

    def _commit_failed(
        self, writer: sqlite3.Connection, group: list[tuple[Work[Any], Future[Any]]], failed: sqlite3.Error
    ) -> sqlite3.Connection:
        """After a failed commit nothing is trusted: the file is opened anew.

        A group whose frames are in the log while their sync failed would come back with the next recovery of
        the file; the commit of an unchanged version number writes over them.
        """
        if not self.failing:
            log.error("the store cannot commit: %s", failed)
        self.failing = str(failed)
        with suppress(sqlite3.Error):
            writer.execute("ROLLBACK")
        with suppress(sqlite3.Error):
            writer.close()
        try:
            writer = self._open()
            writer.execute(f"PRAGMA user_version = {len(self._migrations)}")
        except (StoreError, sqlite3.Error) as still:
            log.debug("the store cannot be opened anew: %s", still)
        self._settle(False)
        for _, future in group:
            future.set_exception(failed)
        return writer

    # -- reading

    def read(self, work: Work[T]) -> T:
        """Runs `work` on a read connection of the calling thread; it sees everything committed."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
            connection.execute("PRAGMA query_only = ON")
        return work(connection)

    # -- the whole

    def backup(self, path: Path) -> None:
        """Writes a consistent copy while running; an existing file is not overwritten."""
        with closing(self._open()) as source:
            self._copy(path, source)

    @staticmethod
    def _copy(path: Path, source: sqlite3.Connection) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(path)) as copy:
            source.backup(copy)

    def close(self) -> None:
        """Commits what is queued and ends the writer."""
        with self._open_or_closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()


def _make(path: Path) -> None:
    """Makes the file where there is none, for its owner only; one that is there is not even opened.

    SQLite's locks belong to the process: closing any other descriptor of the file would give all of them up,
    and another program that closes the file, a backup for example, would take itself for the last one and
    remove the log.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None


def _attempt(writer: sqlite3.Connection, work: Work[Any]) -> tuple[Any, Exception | None]:
    writer.execute("SAVEPOINT work")
    try:
        result = work(writer)
    except sqlite3.OperationalError:
        raise  # the file, not the work: the whole group fails
    except Exception as failed:
        writer.execute("ROLLBACK TO work")
        writer.execute("RELEASE work")
        return None, failed
    writer.execute("RELEASE work")
    return result, None
