"""What is kept of correlation besides the log: whether it is on, its definition, its options, the groups."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from indications.correlation.definition import Definition
from indications.correlation.groups import NO_GROUPS, Groups, GroupsError, read_groups
from indications.correlation.reading import read
from indications.correlation.starting import Options, kept_options
from indications.correlation.wrong import DefinitionError

log = logging.getLogger("openesm.correlation")


@dataclass(frozen=True, slots=True)
class State:
    """As it is kept; `applied_at` is wall clock.

    Attributes:
        text: of the definition in use.
        groups_text: of the business groups in force.
    """

    is_enabled: bool = False
    is_paused: bool = False
    text: str = ""
    applied_at: float | None = None
    options: Options = field(default_factory=Options)
    groups_text: str = ""

    @property
    def definition(self) -> Definition:
        """None where an earlier version has taken what this one refuses."""
        return _definition(self.text)

    @property
    def groups(self) -> Groups:
        return _groups(self.groups_text)


@lru_cache(maxsize=2)  # the one in use, and the one that is put in its place
def _definition(text: str) -> Definition:
    try:
        return read(text, "")
    except DefinitionError as wrong:
        log.error("the definition in use cannot be read: %s", wrong)
        return Definition()


@lru_cache(maxsize=2)
def _groups(text: str) -> Groups:
    try:
        return read_groups(text)
    except GroupsError as wrong:
        log.error("the business groups in force cannot be read: %s", wrong)
        return NO_GROUPS


def load(db: sqlite3.Connection) -> State:
    row = db.execute(
        "SELECT is_enabled, is_paused, definition, applied_at, options, business_groups FROM correlation"
    ).fetchone()
    enabled, paused, text, at, options, groups = row
    kept: Mapping[str, Any] = json.loads(options)
    return State(bool(enabled), bool(paused), text, at, kept_options(kept), groups)


def keep(db: sqlite3.Connection, state: State) -> None:
    db.execute(
        "UPDATE correlation SET is_enabled = ?, is_paused = ?, definition = ?, applied_at = ?, options = ?,"
        " business_groups = ?",
        (
            state.is_enabled,
            state.is_paused,
            state.text,
            state.applied_at,
            json.dumps(state.options.as_json(), ensure_ascii=False),
            state.groups_text,
        ),
    )


def mark(definition: Definition) -> str:
    """The same for the same meaning (R-13)."""
    return sha256(definition.canonical.encode()).hexdigest()
