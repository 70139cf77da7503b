"""A lab for stories of queues: a real store, a real book, and a clock that is moved by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esmd.outbox import Outbox, Standing, Waiting
from esmd.pace import Pace
from esmd.registry import Registry
from esmd.tables import MIGRATIONS
from indications.alert import Occasion, alert_of, from_json
from indications.instance import indication
from openesm.cim.schema import Schema
from openesm.model import Alert, Sample, State, StateChange
from openesm.settings import Delivery
from openesm.store import Store
from subscription.model import (
    Destination,
    FatalErrorPolicy,
    Filter,
    IndicationService,
    RemovalAction,
    Subscription,
)

ALL = Filter("all", "SELECT * FROM ESM_AlertIndication")
NOBODY_REMOVES = IndicationService(8640, 30, RemovalAction.IGNORE, 30 * 86400)
WALL = 1_790_000_000.0


def alert(name: str) -> Alert:
    """An alert that is told apart by the name of its element."""
    sample = Sample("ESM_FileSystemThread", name, "file_system.free_percent", 5.0)
    return alert_of(StateChange(sample, State.NORMAL, State.WARNING, 10.0), Occasion(name, WALL, 0, name))


class Lab:
    """One agent's queues; what is `sent` and `kept` is told by the names of elements."""

    def __init__(self, folder: Path, schema: Schema, settings: Delivery) -> None:
        cls = schema.namespaces["root/esmpro/as"].get("ESM_AlertIndication")
        assert cls is not None
        self.now = 0.0
        self.pace = Pace(settings)
        self.store = Store(folder / "store.db", MIGRATIONS)
        self.registry = Registry(self.store, lambda: self.now, lambda: WALL, "server")
        self.told: list[frozenset[int]] = []
        self._numbers = itertools.count()
        self.outbox = Outbox(
            self.store,
            self.registry,
            lambda each: (cls, indication(each, system_name="server", language="en", sent_at=each.at)),
            lambda: self.now,
            self.told.append,
            self.pace,
        )

    def subscribe(
        self,
        name: str,
        wanted: Filter = ALL,
        *,
        url: str = "",
        duration_s: int | None = None,
        on_fatal_error: FatalErrorPolicy = FatalErrorPolicy.IGNORE,
        failure_trigger_s: int | None = None,
    ) -> int:
        """A manager subscribes; the number of its destination."""
        if wanted.key not in self.registry.book.filters:
            self.registry.add_filter(wanted)
        destination = Destination(name, url or f"http://{name}.example.com/")
        if destination.key not in self.registry.book.destinations:
            self.registry.add_destination(destination)
        self.registry.subscribe(
            Subscription(
                wanted.key,
                destination.key,
                WALL,
                duration_s,
                None if duration_s is None else self.now + duration_s,
                on_fatal_error=on_fatal_error,
                failure_trigger_s=failure_trigger_s,
            )
        )
        return self.registry.book.destinations[destination.key].number

    def publish(self, *names: str) -> None:
        for name in names:
            self.outbox.publish(alert(name)).result()

    def claim(self, destination: int, after: int = 0, most: int = 100) -> list[Waiting]:
        return self.outbox.claim(destination, after, most).result()

    def deliver(self, destination: int, most: int = 100) -> list[tuple[str, int]]:
        """What a listener gets now: name and sequence number."""
        rows = self.claim(destination, most=most)
        if rows:
            self.outbox.delivered(destination, rows[-1].number, len(rows)).result()
        return [(from_json(row.text).uuid, row.sequence) for row in rows]

    def counts(self, name: str) -> tuple[int, int, int]:
        """How often an alert was delivered, waits, was given up."""
        found = self.store.read(
            lambda db: db.execute(
                "SELECT selected, given_up, (SELECT count(*) FROM pending WHERE alert = alert.number)"
                " FROM alert WHERE uuid = ?",
                (name,),
            ).fetchone()
        )
        selected, given_up, pending = found
        return selected - given_up - pending, pending, given_up

    def standing(self, destination: int) -> Standing:
        return self.outbox.standing(destination)


@contextmanager
def lab(folder: Path, schema: Schema, settings: Delivery = Delivery()) -> Iterator[Lab]:  # noqa: B008  frozen
    """A lab on a folder; a second one on the same folder is the agent after a restart."""
    made = Lab(folder, schema, settings)
    try:
        yield made
    finally:
        made.store.close()
