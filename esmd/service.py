"""What stands behind the HTTP layer: authentication first, then the URL, then the codec that serves it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from esmd.audit import Audit
from esmd.auth.authenticator import Authenticator
from esmd.auth.peer import Peer
from esmd.auth.principal import Principal
from esmd.auth.users import Role
from esmd.wbem.cimxml.service import CimXmlService
from esmd.wbem.connection import Response
from esmd.wbem.http1 import Head, HttpError
from openesm.text import Message

CIMXML_TARGETS = frozenset({"/cimom", "/"})
CONTROL_TARGET = "/control"
Arguments = Mapping[str, object]
Command = Callable[[Principal, Arguments], object]


class RefusedError(Exception):
    """A command that cannot be carried out, with a message for the person who gave it."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


class Service:
    """Routes requests.

    Args:
        authenticator: makes principals.
        cimxml: answers `/cimom` and `/`.
        audit: told of commands that are refused for lack of rights.
        commands: of the local control socket: name -> (role needed, what it does; its result is JSON).
    """

    def __init__(
        self,
        authenticator: Authenticator,
        cimxml: CimXmlService,
        audit: Audit,
        commands: Mapping[str, tuple[Role, Command]],
    ) -> None:
        self._authenticator = authenticator
        self._cimxml = cimxml
        self._audit = audit
        self._commands = commands
        self.requests = 0

    def is_open_to_all(self, _head: Head) -> bool:
        return False

    def answer_all(self, _head: Head, _body: bytes) -> Response:
        raise HttpError(401)

    def authenticate(self, head: Head, peer: Peer) -> Principal | Awaitable[Principal]:
        return self._authenticator.authenticate(head, peer)

    def check(self, head: Head, peer: Peer) -> None:
        if head.target in CIMXML_TARGETS:
            self._cimxml.check_head(head)
        elif head.target != CONTROL_TARGET or peer.uid is None:
            raise HttpError(404)

    def answer(self, head: Head, principal: Principal, body: bytes) -> Response | Awaitable[Response]:
        self.requests += 1
        if head.target == CONTROL_TARGET:
            return self._control(principal, body)
        return self._cimxml.answer(head, principal, body)

    def _control(self, principal: Principal, body: bytes) -> Response | Awaitable[Response]:
        try:
            question = json.loads(body)
        except (ValueError, RecursionError):
            question = None
        name = question.get("command") if isinstance(question, dict) else None
        command = self._commands.get(name) if isinstance(name, str) else None
        if command is None:
            return _refusal(400, Message.of("control.no-command"))
        role, work = command
        if principal.role < role:
            self._audit.event("access-denied", user=principal.name, source=principal.source, command=name)
            return _refusal(403, Message.of("control.access-denied", role=role.name.lower()))
        try:
            args = question.get("args") if isinstance(question, dict) else None
            result = work(principal, args if isinstance(args, dict) else {})
        except RefusedError as refused:
            return _refusal(409, refused.message)
        return _waited(result) if isinstance(result, Awaitable) else _json(200, {"result": result})


async def _waited(result: Awaitable[object]) -> Response:
    try:
        return _json(200, {"result": await result})
    except RefusedError as refused:
        return _refusal(409, refused.message)


def _refusal(status: int, message: Message) -> Response:
    args = {name: value if isinstance(value, int | float) else str(value) for name, value in message.args}
    return _json(status, {"error": {"key": message.key, "args": args}})


def _json(status: int, content: object) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(content).encode())
