"""An authenticator with users of its own, on a clock that only the test moves."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from pathlib import Path

import bcrypt

from esmd.audit import Audit
from esmd.auth.authenticator import Authenticator
from esmd.auth.peer import Peer
from esmd.auth.principal import Principal
from esmd.wbem.http1 import Head
from openesm.settings import Auth

PASSWORD = "right"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
TLS = Peer("192.0.2.1", tls=True)


@dataclass
class Clock:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


class People:
    """Users by `name[:role[:namespaces]]`; everybody's password is PASSWORD."""

    def __init__(self, folder: Path, *users: str, settings: Auth | None = None) -> None:
        self.file = folder / "users"
        self.write(*users)
        self.clock = Clock()
        self.lines: list[str] = []
        self.audit = Audit(self.lines.append, wall=lambda: 0.0, now=self.clock)
        self.settings = replace(settings or Auth(), users_file=self.file)
        self.authenticator = Authenticator(self.settings, self.audit, now=self.clock)

    def write(self, *users: str) -> None:
        lines = [f"{name}:{HASH}:{rest}" for name, _, rest in (user.partition(":") for user in users)]
        self.write_text("".join(f"{line}\n" for line in lines))

    def write_text(self, text: str) -> None:
        fresh = self.file.with_name("users.new")
        fresh.write_text(text)
        fresh.chmod(0o600)
        fresh.replace(self.file)

    async def principal(self, user: str, password: str | bytes = PASSWORD, peer: Peer = TLS) -> Principal:
        return await self.ask(basic(user, password), peer)

    async def ask(self, authorization: str | None, peer: Peer = TLS) -> Principal:
        """The principal of a request with this header; Unauthenticated when there is none."""
        fields = {} if authorization is None else {"authorization": authorization}
        verdict = self.authenticator.authenticate(Head("POST", "/cimom", 1, fields), peer)
        return verdict if isinstance(verdict, Principal) else await verdict


def basic(user: str, password: str | bytes = PASSWORD) -> str:
    secret = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()
