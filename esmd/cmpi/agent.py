"""The running agent as providers in a foreign CIMOM see it: its state, and the thresholds that it watches."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openesm
from esmd.asking import post
from esmd.monitor import judged
from indications.wrong import InputError
from openesm.cim.errors import CIMError, Status
from openesm.cim.provider import Row
from openesm.model import AgentState, Service, ServiceState, State
from openesm.text import Language, Message

FRESH_S = 1.0
TIMEOUT_S = 5.0


class NoAgentError(Exception):
    """No agent runs here, or it does not answer."""


class RunningAgent:
    """Asks it over its local socket; what it said is good for a second.

    It is the settings of `monitored` classes too: what is shown and changed is the running agent's.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._lock = threading.Lock()
        self._elements: dict[str, Mapping[str, Any]] = {}
        self._elements_until = 0.0
        self._state = AgentState(openesm.__version__, service_mode=False, uptime_s=0.0, beats=0)
        self._state_until = 0.0
        self.language: Language = "en"

    def ask(
        self, command: str, args: Mapping[str, object] | None = None, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        """The result of a command.

        Raises:
            NoAgentError: there is no agent.
            CIMError: the agent refuses, with its reason.
        """
        try:
            status, body = post(self._socket, command, args or {}, timeout_s)
            answer = json.loads(body)
        except (OSError, http.client.HTTPException, ValueError) as failed:
            raise NoAgentError(str(failed)) from failed
        match answer:
            case {"result": dict(result)} if status == http.HTTPStatus.OK:
                return result
            case {"error": {"key": str(key), "args": dict(named)}}:
                raise CIMError(Status.FAILED, Message(key, tuple(named.items())))
        raise NoAgentError(f"HTTP {status}")

    def state(self) -> AgentState:
        """For ESM_Alive and ESM_GeneralInformation; without an agent, that there is none."""
        with self._lock:
            if time.monotonic() < self._state_until:
                return self._state
            try:
                told = self.ask("agent-state")
                self.language = "ja" if told.pop("language") == "ja" else "en"
                services = tuple(
                    Service(each["name"], ServiceState(each["state"]), each["last_run"])
                    for each in told.pop("services")
                )
                self._state = AgentState(**told, services=services)
            except (NoAgentError, CIMError, TypeError, KeyError, ValueError):
                self._state = AgentState(openesm.__version__, service_mode=False, uptime_s=0.0, beats=0)
            self._state_until = time.monotonic() + FRESH_S
            return self._state

    # -- indications.monitored

    def shown(self, classname: str, element: str, row: Row) -> Row:
        """The thresholds of an element, as the agent has them; nothing where no agent watches."""
        told = self._known().get(f"{classname}/{element}")
        return (
            {} if told is None else judged(told["settings"], State[told["state"].upper()], told["since"], row)
        )

    def change(self, classname: str, element: str, wanted: Mapping[str, object]) -> None:
        self._order("threshold-set", f"{classname}/{element}", settings=dict(wanted))

    def restore(self, classname: str, element: str) -> None:
        self._order("threshold-reset", f"{classname}/{element}")

    def _known(self) -> Mapping[str, Mapping[str, Any]]:
        with self._lock:
            if time.monotonic() >= self._elements_until:
                try:
                    told = self.ask("threshold-list")["elements"]
                    self._elements = {each["element"]: each for each in told}
                except (NoAgentError, CIMError, KeyError, TypeError):
                    self._elements = {}
                self._elements_until = time.monotonic() + FRESH_S
            return self._elements

    def _order(self, command: str, element: str, **args: object) -> None:
        try:
            self.ask(command, {"element": element, **args})
        except NoAgentError as absent:
            raise CIMError.of(Status.NOT_SUPPORTED, "cim.not-service", reason=absent) from absent
        except CIMError as refused:
            reason = refused.reason
            if isinstance(reason, Message) and reason.key.startswith("alerts."):
                raise InputError(reason.key.removeprefix("alerts."), **dict(reason.args)) from refused
            raise
        finally:
            with self._lock:
                self._elements_until = 0.0
