"""The monitoring threads themselves: what is told when one fails as a whole, and what it does afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from esmd.monitor import Monitor
from esmd.outbox import Also
from esmd.wbem.repository import Repository
from indications.alert import from_json
from openesm.cim.schema import Schema
from openesm.host import Host
from openesm.model import Alert, ServiceState
from providers import page_file
from tests.e2e.movable import Machine
from tests.esmd.lab import Lab, lab

TOTAL = "ESM_PageFile/_Total"
FAILED, WARNING, NORMAL = 0xC0000707, 0x80000080, 0x40000083
EVERY_S = 60  # as we ship it; a thread that failed tries again as often


class Watch:
    """The thread of the page file, on a machine of ours and a clock that is moved by hand."""

    def __init__(self, folder: Path, shelf: Lab, schema: Schema) -> None:
        self.machine = Machine(folder)
        self.broken = False
        self._shelf = shelf
        self._now = 0.0
        provider = replace(page_file.PROVIDER, read=self._read)
        self._repository = Repository(
            schema, [provider], Host(self.machine.root), freshness_s=0.5, now=lambda: self._now
        )
        self.monitor = Monitor(shelf.store, self._publish, self._repository, now=lambda: self._now)

    def _read(self, host: Host) -> list[page_file.PageFile]:
        if self.broken:
            raise OSError("the kernel says no")
        return page_file.read(host)

    def _publish(self, alert: Alert, also: Also | None) -> Future[int]:
        """As the agent does, but the disk is quick."""
        future = self._shelf.outbox.publish(alert, also)
        future.result()
        return future

    def turns(self, count: int, *, broken: bool = False, used: int = 10) -> list[int]:
        """So many readings; the events that were told of them."""
        before = len(self.alerts())
        self.broken = broken
        self.machine.use(swap=used)
        for _ in range(count):
            self._now += EVERY_S
            self.monitor.tick()
        return [each.event_id for each in self.alerts()[before:]]

    def alerts(self) -> list[Alert]:
        rows = self._shelf.store.read(
            lambda db: db.execute("SELECT alert FROM alert ORDER BY number").fetchall()
        )
        return [from_json(text) for (text,) in rows]

    def has_failed(self) -> bool:
        ((_, state, _),) = self.monitor.services()
        return state is ServiceState.FAILED


@pytest.fixture
def watch(tmp_path: Path, schema: Schema) -> Iterator[Watch]:
    with lab(tmp_path, schema) as shelf:
        yield Watch(tmp_path, shelf, schema)


def test_a_thread_that_fails_three_times_tells_once(watch: Watch) -> None:
    """THR: a thread that fails is an alert of its own; one failure is none, nor is the fourth."""
    assert watch.turns(2) == []
    assert not watch.has_failed()
    assert watch.turns(2, broken=True) == []
    assert watch.has_failed()
    assert watch.turns(1, broken=True) == [FAILED]
    assert watch.turns(5, broken=True) == []
    told = watch.alerts()[-1]
    assert told.source == "ESMCOMMONSERVICE"
    reason = "The provider of ESM_PageFile failed; the agent's log says why."
    assert told.text("en") == f"The part ESMcmn ESM_PageFile of the agent fails again and again: {reason}"


def test_it_goes_on_where_it_was(watch: Watch) -> None:
    """What is watched is judged again when it can be read, and a second time of failure is told again."""
    watch.turns(1)
    assert watch.turns(1, used=85) == [WARNING]
    assert watch.turns(3, broken=True, used=85) == [FAILED]
    assert watch.turns(1, used=85) == []
    assert not watch.has_failed()
    assert watch.turns(1, used=10) == [NORMAL]
    assert watch.turns(2, broken=True) == []
    assert watch.turns(1) == []
    assert watch.turns(3, broken=True) == [FAILED]
