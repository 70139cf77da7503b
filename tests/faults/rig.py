"""An agent that is made to tell a lot, stopped in every way, and judged by what it had promised.

The promise: an alert whose command was answered is durable. The history: what the agent's store holds. The
verdict: each destination gets all of it, in order, with numbers by which repeats can be told (F01, F13).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from esmctl import agent as control
from esmctl.failure import FailureError
from tests.checker import Told, Verdict, check
from tests.e2e.managers import subscribe
from tests.faults.receiver import Receiver
from tests.running import NotReadyError, RunningAgent, eventually, running_agent

FULL = os.environ.get("OPENESM_FAULTS") == "full"
SETTINGS = "[delivery]\ninterval_s = 1\n"
ALERT_S = 20.0


class GoneError(Exception):
    """The test has ended its agent in its own way."""


@dataclass
class Rig:
    """A state folder through all that happens to its agents.

    Attributes:
        acknowledged: UUIDs of alerts that an agent said were durable.
    """

    folder: Path
    receiver: Receiver
    destinations: Sequence[str]
    settings: str = SETTINGS
    command: tuple[str, ...] = (sys.executable, "-m", "esmd")
    env: Mapping[str, str] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def agent(self, *, command: Sequence[str] | None = None) -> Iterator[RunningAgent]:
        """A running agent; an end of its own is for those who raise `GoneError`."""
        how = self.command if command is None else tuple(command)
        with (
            contextlib.suppress(GoneError),
            running_agent(self.folder, settings=self.settings, command=how, env=self.env) as agent,
        ):
            yield agent

    def survives(self, injection: str, calls: str, events: int) -> bool:
        """Whether an agent into whose calls a fault is injected tells so many events; it is killed then."""
        alive = False
        with contextlib.suppress(NotReadyError), self.agent(command=self.traced(injection, calls)) as agent:
            alive = self.tell(agent, events) and traced_pid(agent) != 0
            end_traced(agent)
        return alive

    def traced(self, injection: str, calls: str) -> tuple[str, ...]:
        """The agent's command under strace, which injects a fault into some of its system calls."""
        how = ("-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:{injection}")
        return ("strace", *how, *self.command)

    def prepare(self) -> None:
        """Subscribes every destination."""
        with self.agent() as agent:
            for name in self.destinations:
                subscribe(agent, self.receiver.url(name), name)

    def tell(self, agent: RunningAgent, count: int) -> bool:
        """Has the agent publish alerts; False once it does not answer any more."""
        for _ in range(count):
            try:
                told = control.ask(agent.local_socket, "alert-test", severity="information")
            except FailureError:
                return False
            self.acknowledged.append(str(told["uuid"]))
        return True

    def drain(self) -> None:
        """An agent that is left in peace until every queue is empty."""
        self.receiver.open()
        with self.agent() as agent:
            eventually(lambda: pending(agent) == 0, "all queues are empty", 300.0)

    def sent(self) -> list[Told]:
        """What the history owed to each destination, in order; what still waits is not due yet."""
        store = self.folder / "state" / "store.db"
        with contextlib.closing(sqlite3.connect(store)) as db:
            uuids = [
                uuid for (uuid,) in db.execute("SELECT uuid FROM alert WHERE selected > 0 ORDER BY number")
            ]
            contexts = dict(db.execute("SELECT name, context FROM destination"))
            waiting = set(
                db.execute(
                    "SELECT name, uuid FROM pending JOIN alert ON alert.number = pending.alert"
                    " JOIN destination ON destination.number = pending.destination"
                )
            )
        return [
            Told(f"/{name}", contexts[f"H-{name}"], number, uuid)
            for name in self.destinations
            for number, uuid in enumerate(uuids)
            if (f"H-{name}", uuid) not in waiting
        ]

    def test_alerts(self) -> int:
        """How many alerts that were asked for are in the history."""
        with contextlib.closing(sqlite3.connect(self.folder / "state" / "store.db")) as db:
            (count,) = db.execute("SELECT count(*) FROM alert WHERE event_id = ?", (0x40000708,)).fetchone()
        return int(count)

    def verdict(self) -> Verdict:
        """Of the history against the arrivals; and no promise was forgotten by the history."""
        sent = self.sent()
        known = {told.uuid for told in sent}
        assert [uuid for uuid in self.acknowledged if uuid not in known] == [], "promised, then forgotten"
        return check(sent, self.receiver.seen)

    def check(self) -> Verdict:
        """The verdict, which must be good."""
        found = self.verdict()
        assert found.is_good, {name: len(getattr(found, name)) for name in found.__dataclass_fields__}
        return found


def pending(agent: RunningAgent) -> int:
    """Indications that wait in all queues."""
    told = control.ask(agent.local_socket, "subscription-list")
    return sum(each["pending"] for each in told["subscriptions"])


def kill(agent: RunningAgent) -> None:
    """SIGKILL; leaves the agent's block."""
    agent.process.send_signal(signal.SIGKILL)
    agent.process.wait()
    raise GoneError


def traced_pid(agent: RunningAgent) -> int:
    """The agent itself, below strace; 0 when it is gone."""
    children = Path(f"/proc/{agent.process.pid}/task/{agent.process.pid}/children")
    found = children.read_text().split() if children.exists() else []
    return int(found[0]) if found else 0


def end_traced(agent: RunningAgent) -> None:
    """Kills an agent under strace, when the fault has not; leaves its block."""
    with contextlib.suppress(ProcessLookupError):
        if pid := traced_pid(agent):
            os.kill(pid, signal.SIGKILL)
    agent.process.wait(ALERT_S)
    raise GoneError


def leave() -> None:
    """Leaves an agent's block: it has ended as the test wanted."""
    raise GoneError
