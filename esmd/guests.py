"""The providers of others in this process: loaded, served, told of subscriptions, and of the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from esmd.activations import Activations, Indicating
from esmd.alerts import Alerts
from esmd.upcalls import Upcalls
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from openesm.cim.provider import Association, Provider
from openesm.cim.schema import Schema
from openesm.text import Message
from providers.others.gathering import gather
from subscription.model import Filter


class Guests:
    """All of them.

    Args:
        folder: of files written for cmpi-bindings; None where there is none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._upcalls = Upcalls()
        self._others = gather(folder, self._upcalls)
        self._indicating: list[Indicating] = []
        self._activations: Activations | None = None

    @property
    def mof(self) -> Sequence[Path]:
        """The files that declare their classes."""
        return self._others.mof

    @property
    def problems(self) -> Sequence[Message]:
        """What was left out, and why."""
        return self._others.problems

    def providers(self, schema: Schema, known: Iterable[str]) -> list[Provider[Any] | Association]:
        """Their classes, but for those `known` to have a provider."""
        self._indicating = [Indicating(*each) for each in self._others.indicating(schema)]
        return self._others.served(schema, known)

    def start(self, operations: Operations, repository: Repository, alerts: Alerts) -> None:
        """From now on they may ask, and are told of subscriptions; called on the event loop."""
        registry, clock = alerts.registry, alerts.clock

        def wanted() -> list[Filter]:
            return [registry.book.filter_of(each) for each in registry.book.active(clock.now())]

        self._upcalls.serve(operations, repository, alerts.publish, alerts.occasion)
        if self._indicating:
            self._activations = Activations(self._indicating, wanted)
            registry.guard(self._activations.permit, self._activations.follow)
            self._activations.follow()

    def close(self) -> None:
        """Tells them of the end."""
        if self._activations is not None:
            self._activations.close()
        self._others.close()
        self._upcalls.close()
