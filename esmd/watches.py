"""The state of every watch and the settings of every element, as the store keeps them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from indications.threshold import Watch
from indications.thresholds import Monitoring, from_json
from openesm.model import State


@dataclass(slots=True)
class Watched:
    """One rule of one element as it stands."""

    watch: Watch = field(default_factory=Watch)
    since: float | None = None  # wall clock
    open: tuple[str, ...] = ()  # uuids of the alerts that a return to normal clears
    counter: float | None = None  # last value of a counter
    measured: bool = False  # it had a value once: from then on none is a failure
    pending: Future[int] | None = None


def saving(
    key: str, state: State, since: float, still_open: Iterable[str]
) -> Callable[[sqlite3.Connection], None]:
    row = (key, int(state), since, json.dumps(list(still_open)))

    def save(db: sqlite3.Connection) -> None:
        db.execute("INSERT OR REPLACE INTO watch VALUES (?, ?, ?, ?)", row)

    return save


def forgetting(prefix: str) -> Callable[[sqlite3.Connection], None]:
    def forget(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM watch WHERE substr(element, 1, ?) = ?", (len(prefix), prefix))

    return forget


def load_settings(db: sqlite3.Connection) -> dict[str, Monitoring]:
    return {element: from_json(text) for element, text in db.execute("SELECT * FROM monitoring")}


def load_watches(db: sqlite3.Connection) -> dict[str, Watched]:
    return {
        element: Watched(Watch(State(state)), since, tuple(json.loads(still_open)), measured=True)
        for element, state, since, still_open in db.execute("SELECT * FROM watch")
    }
