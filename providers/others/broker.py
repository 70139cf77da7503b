"""What a host does for the providers of others: operations, and indications to whoever subscribed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from openesm.cim.path import Path
from openesm.cim.values import Instance, TypedValue


@dataclass(frozen=True, slots=True)
class Upcall:
    """An operation of DSP0200 5.4 that a provider asks its host for.

    Attributes:
        arguments: by lower-cased parameter name; of a method TypedValues.
        target: of an extrinsic method, which `name` is then.
    """

    name: str
    namespace: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    target: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: instances or paths (of CreateInstance too), or what a method returned."""

    instances: Sequence[Instance] = ()
    paths: Sequence[Path] = ()
    returned: TypedValue | None = None
    out: Mapping[str, TypedValue] = field(default_factory=dict)


class Broker(Protocol):
    """The host; may be asked from any thread but those that it answers clients in."""

    def perform(self, upcall: Upcall) -> Outcome:
        """Carries an operation out.

        Raises:
            CIMError: it is refused.
        """

    def deliver(self, namespace: str, indication: Instance) -> None:
        """Tells an indication to those who subscribed to it; returns when it cannot be lost any more.

        Raises:
            CIMError: FAILED where the host does not take it (a foreign one: where nobody subscribed).
        """

    def is_subclass(self, namespace: str, superclass: str, subclass: str) -> bool:
        """Whether a class is another one or derives from it."""
