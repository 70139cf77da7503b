"""How each destination is spoken to: by CIM-XML export, or with events of WS-Management."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from esmd.courier import Way
from esmd.outbox import Waiting
from esmd.wbem.wsman import events
from indications.alert import from_json
from indications.delivery.answer import Response
from indications.delivery.client import Channel
from indications.delivery.export import HEADERS, Draft, Form, accepted
from indications.instance import OF_SENDING, class_of, of_sending, types_of, values
from openesm.cim.schema import Class, Namespace
from openesm.cim.values import Value
from openesm.host import Host
from openesm.model import Alert
from openesm.text import Language
from subscription.model import Destination

ADDRESS_S = 10.0
KEPT_DRAFTS = 512

Opener = Callable[[str, Iterable[tuple[str, str]]], Channel]


class Ways:
    """Gives them; what several destinations get is written once.

    Args:
        indications: the namespace of their classes.
        language: of the texts, now.
        opener: the channel to a URL, with these headers in every request.
    """

    def __init__(
        self, host: Host, indications: Namespace, language: Callable[[], Language], opener: Opener
    ) -> None:
        self._host = host
        self._indications = indications
        self._forms: dict[str, Form] = {}
        self._language = language
        self._opener = opener
        self._drafts: OrderedDict[int, tuple[Alert, Draft]] = OrderedDict()
        self._address: str | None = None
        self._address_due = 0.0

    def to(self, destination: Destination) -> Way:
        if destination.sink is None:
            return _Export(self, lambda: self._opener(destination.url, HEADERS))
        form, headers = self.form(destination), events.http_headers(destination.sink)
        heartbeat_s = destination.sink.heartbeat_s or None
        return _Events(self, lambda: self._opener(destination.url, headers), form, heartbeat_s)

    def form(self, destination: Destination) -> events.Form:
        """How events are written for a sink of WS-Management."""
        assert destination.sink is not None
        return events.Form(destination.url, destination.sink)

    def forget(self) -> None:
        """What was written is written anew: the language may be another."""
        self._drafts.clear()

    def export(self, row: Waiting) -> bytes:
        """A row as a request of CIM-XML."""
        alert, draft = self._drafts.get(row.alert) or self._draft(row)
        return draft.body(str(row.number), _differing(alert, row))

    def properties(self, row: Waiting) -> tuple[Class, Mapping[str, Value], str]:
        """A row as its class and the properties of the indication, and the UUID of the alert."""
        alert, cls = class_of(from_json(row.text), self._indications)
        return cls, {**self._values(alert), **_differing(alert, row)}, alert.uuid

    def _draft(self, row: Waiting) -> tuple[Alert, Draft]:
        """Writes an indication; kept for the other destinations, which mostly are about as far."""
        alert, cls = class_of(from_json(row.text), self._indications)
        if cls.name not in self._forms:
            types = types_of(cls)
            self._forms[cls.name] = Form(cls.name, types, [name for name in OF_SENDING if name in types])
        made = self._drafts[row.alert] = alert, Draft(self._forms[cls.name], self._values(alert))
        if len(self._drafts) > KEPT_DRAFTS:
            self._drafts.popitem(last=False)
        return made

    def _values(self, alert: Alert) -> Mapping[str, Value]:
        now = time.monotonic()
        if now >= self._address_due:
            self._address_due = now + ADDRESS_S
            self._address = self._host.agent_address()[0]
        return values(alert, self._host.system_name, self._language(), self._address)


def _differing(alert: Alert, row: Waiting) -> Mapping[str, Value]:
    return of_sending(alert, time.time(), (row.context, row.sequence), row.replayed)


class _Export:
    """To a listener of CIM-XML."""

    heartbeat_s = None

    def __init__(self, ways: Ways, opener: Callable[[], Channel]) -> None:
        self._ways = ways
        self.open = opener

    def body(self, row: Waiting | None) -> bytes:
        assert row is not None
        return self._ways.export(row)

    def check(self, _row: Waiting | None, response: Response) -> None:
        accepted(response.status, response.headers, response.body)


class _Events:
    """To a sink of WS-Management."""

    def __init__(
        self, ways: Ways, opener: Callable[[], Channel], form: events.Form, heartbeat_s: float | None
    ) -> None:
        self._ways = ways
        self._form = form
        self.open = opener
        self.heartbeat_s = heartbeat_s

    def body(self, row: Waiting | None) -> bytes:
        if row is None:
            return self._form.heartbeat()
        return self._form.event(_message_id(row), *self._ways.properties(row))

    def check(self, row: Waiting | None, response: Response) -> None:
        self._form.check("" if row is None else _message_id(row), response)


def _message_id(row: Waiting) -> str:
    """The same for every try."""
    return f"uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{row.context}/{row.sequence}')}"
