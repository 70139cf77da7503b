"""The providers of others in this process: loaded, served, told of subscriptions, and of the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from esmd.activations import Activations, Indicating
from esmd.alerts import Alerts
from esmd.upcalls import Upcalls
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository, in_thread
from openesm.cim.errors import CIMError
from openesm.cim.provider import Association, Provider
from openesm.cim.schema import Schema
from openesm.text import Message
from providers.others.gathering import gather
from subscription.model import Filter
from subscription.query import parse

CLOSE_S = 2.0

log = logging.getLogger("openesm.provider")


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

        def wanted() -> Iterator[tuple[str, str]]:
            for each in registry.book.active(clock.now()):
                yield from _query(registry.book.filter_of(each))

        self._upcalls.serve(operations, repository, alerts.publish, alerts.occasion)
        if self._indicating:
            activations = self._activations = Activations(self._indicating, wanted)

            def permit(new: Filter | None, owner: str) -> None:
                for query in _query(new):
                    activations.permit(*query, owner)

            registry.guard(permit, activations.follow)
            activations.follow()

    async def close(self) -> None:
        """Tells them of the end, and waits a little for them."""
        if self._activations is not None:
            self._activations.close()
        try:
            await asyncio.wait_for(in_thread(self._others.close, "providers of others"), CLOSE_S)
        except TimeoutError:
            log.warning("a provider of others does not end")
        except Exception:  # whatever a stranger's shutdown does
            log.exception("the end of a provider of others")
        self._upcalls.close()


def _query(wanted: Filter | None) -> Iterator[tuple[str, str]]:
    """The query of a filter and its class; nothing where there is none that can be read."""
    if wanted is not None:
        with suppress(CIMError):
            yield wanted.query, parse(wanted.query, wanted.language).classname
