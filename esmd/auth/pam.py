"""PAM, asked through a helper process that runs as root (the server itself holds no rights).

One JSON object a line, both ways, over a unix socket: the question `{"user", "password"}`, the
answer `{"ok": true, "role": 1}` or `{"ok": false}`. `esmd.auth.pam_helper` is the other end.
"""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

from esmd.auth.users import Role

PARALLEL = 4
TIMEOUT_S = 15.0

log = logging.getLogger("openesm.auth")


class PamClient:
    """Asks the helper; at most `PARALLEL` questions at a time."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._slots = asyncio.Semaphore(PARALLEL)

    async def verify(self, user: str, password: bytes) -> Role | None:
        """The user's role when PAM accepts the password and the account; None in every other case."""
        question = {"user": user, "password": password.decode("utf-8")}
        async with self._slots:
            try:
                answer = await asyncio.wait_for(self._ask(question), TIMEOUT_S)
            except (OSError, TimeoutError, ValueError) as failed:
                log.warning("PAM helper at %s: %s", self._socket, failed or type(failed).__name__)
                return None
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            return None
        return Role(answer["role"]) if answer.get("role") in set(Role) else None

    async def _ask(self, question: dict[str, str]) -> object:
        reader, writer = await asyncio.open_unix_connection(str(self._socket), limit=4096)
        try:
            writer.write(json.dumps(question).encode() + b"\n")
            await writer.drain()
            return json.loads(await reader.readline())
        finally:
            writer.close()
