"""The running agent, over its local socket (esmd.asking), and what it says in the user's language."""

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from esmctl.failure import NO_AGENT, FailureError
from esmd.asking import post
from openesm.text import Message, locale_language


def ask(path: Path, command: str, **args: object) -> dict[str, Any]:
    """The result of a command with its arguments.

    Raises:
        FailureError: code 2 when no agent answers at `path`, else code 1 with the agent's reason.
    """
    try:
        status, data = post(path, command, args)
    except (FileNotFoundError, ConnectionRefusedError) as absent:
        raise FailureError(Message.of("esmctl.no-agent", socket=path), NO_AGENT) from absent
    except PermissionError as denied:
        raise FailureError.of("socket-denied", socket=path) from denied
    except (OSError, http.client.HTTPException) as failed:
        raise FailureError.of("agent-failed", socket=path, reason=failed) from failed
    return _result(path, status, data)


def _result(path: Path, status: int, data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data)
    except ValueError as wrong:
        raise FailureError.of("agent-failed", socket=path, reason=f"HTTP {status}") from wrong
    match answer:
        case {"result": dict(result)} if status == http.HTTPStatus.OK:
            return result
        case {"error": {"key": str(key), "args": dict(args)}}:
            raise FailureError(known(key, args))
    raise FailureError.of("agent-failed", socket=path, reason=f"HTTP {status}")


def known(key: str, args: dict[str, Any]) -> Message:
    """The message that an agent names; a plain one when it is of another version and names what we lack."""
    message = Message(key, tuple(args.items()))
    try:
        message.text("en")
    except (KeyError, OSError, ValueError):
        return Message.of("esmctl.unknown-message", name=key)
    return message


def text_of(told: Mapping[str, Any]) -> str:
    """The text, in the user's language, of a message in a result: {"key": ..., "args": {...}}."""
    args = told.get("args")
    message = known(str(told.get("key", "?")), dict(args) if isinstance(args, Mapping) else {})
    return message.text(locale_language())
