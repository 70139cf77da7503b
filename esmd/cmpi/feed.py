"""Indications of the running agent, one after the other, for the CIMOM to deliver to its own subscribers."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from esmd.cmpi import form, wire
from esmd.cmpi.agent import NoAgentError, RunningAgent
from esmd.cmpi.wire import Request
from indications.alert import from_json
from indications.instance import class_of, of_sending, types_of, values
from openesm import atomic
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path as CimPath
from openesm.cim.provider import NAMESPACE
from openesm.cim.schema import Namespace
from openesm.host import Host

WAIT_S = 5.0

log = logging.getLogger("openesm.cmpi")


class Feed:
    """Takes them from the agent.

    Args:
        indications: the namespace of their classes.
        kept: the file that remembers over a restart of this process what was delivered.
    """

    def __init__(self, agent: RunningAgent, host: Host, indications: Namespace, kept: Path) -> None:
        self._agent = agent
        self._indications = indications
        self._host = host
        self._kept = kept

    def next(self, request: Request) -> bytes:
        """The next indications, each with the token by which the bridge says that it was delivered.

        The bridge gives the token of the last one; "" when it has just started.
        """
        (token,) = request.words
        if token:
            atomic.write(self._kept, token.encode(), 0o600)
        else:
            token = self._kept.read_text("utf-8") if self._kept.exists() else ""
        try:
            told = self._agent.ask("indications-next", {"after": token, "wait_s": WAIT_S}, WAIT_S + 5)
        except NoAgentError as absent:
            return wire.refused(int(Status.FAILED), str(absent))
        except CIMError as refused:
            return wire.refused(int(refused.status), refused.text())
        return wire.answer([self._item(row) for row in told["rows"]])

    def _item(self, row: dict[str, Any]) -> bytes:
        alert, cls = class_of(from_json(row["text"]), self._indications)
        types = types_of(cls)
        self._agent.state()  # keeps the language that the agent speaks
        address = self._host.agent_address()[0]
        sending = of_sending(alert, time.time(), (row["context"], row["sequence"]), row["replayed"])
        shown = {**values(alert, self._host.system_name, self._agent.language, address), **sending}
        named = form.path(CimPath(cls.name, ()), NAMESPACE)
        written = form.named_values(
            (name, form.value(shown.get(name), null.type or "string", is_array=null.is_array))
            for name, null in types.items()
        )
        return form.item(named, written) + form.text(row["token"])
