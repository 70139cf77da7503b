"""From a request's head and its peer to a Principal, or to nobody (authentication order and caching).

Decided per request: a connection kept alive inherits nothing. A client certificate is asked first, then
Basic. Positive results of the slow password check are remembered under a keyed digest; nothing from which
a password could be recovered is kept, and failures are never remembered.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import os
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from esmd.audit import Audit
from esmd.auth.limiter import Limiter
from esmd.auth.local import role_of_uid
from esmd.auth.pam import PamClient
from esmd.auth.peer import Peer
from esmd.auth.principal import _MINT, Principal
from esmd.auth.users import Role, Users, UsersError
from esmd.wbem.http1 import Head
from openesm.settings import Auth

CACHE_SIZE = 1024
PAM_TTL_S = 60.0
LIMITED_DELAY_S = 3.0  # how long a credential waits for its turn before it is refused
LIMITED_STEP_S = 0.25
MAX_USER_BYTES = 256
MAX_PASSWORD_BYTES = 512
HASH_THREADS = 8

log = logging.getLogger("openesm.auth")

_BASIC = re.compile(r"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]{2,2048}={0,2})\Z")


class Unauthenticated(Exception):  # noqa: N818  a decision, not a fault
    """The request has no valid credentials; the text is for the audit log, never for the client."""


@dataclass(frozen=True, slots=True)
class _Grant:
    name: str
    role: Role
    namespaces: frozenset[str]
    until: float
    generation: int


class Authenticator:
    """Checks credentials.

    Args:
        settings: back-ends and what they allow.
        plaintext: Basic is taken without TLS from anywhere (`i_know_plaintext_is_unsafe`).
        audit: told of every failure.
        now: monotonic seconds.
    """

    def __init__(
        self,
        settings: Auth,
        audit: Audit,
        plaintext: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._audit = audit
        self._limiter = Limiter()
        self._key = os.urandom(32)
        self._cache: OrderedDict[bytes, _Grant] = OrderedDict()
        self._threads = ThreadPoolExecutor(HASH_THREADS, thread_name_prefix="password")
        self._checks: dict[bytes, asyncio.Task[_Grant]] = {}
        self._generation = 0
        self._looked_at = 0.0
        self._stamp: tuple[int, ...] = ()
        self.users = Users.load(settings.users_file)
        self.reload(settings, plaintext)

    def reload(self, settings: Auth, plaintext: bool = False) -> None:
        """Reads the users anew and forgets every cached result."""
        self._stamp = self._file_stamp(settings)
        self.users = Users.load(settings.users_file)
        self._settings = settings
        self._plaintext = plaintext
        self._pam = PamClient(settings.pam_socket) if settings.pam else None
        self._generation += 1
        self._cache.clear()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def authenticate(self, head: Head, peer: Peer) -> Principal | Awaitable[Principal]:
        """The request's principal; an awaitable when a password has to be checked first.

        Raises:
            Unauthenticated: (also from the awaitable) there is none; it was written to the audit log.
        """
        try:
            if peer.uid is not None:
                return self._mint(
                    f"local:{peer.uid}", role_of_uid(peer.uid, self._settings.group), frozenset(), peer.source
                )
            self._watch_users_file()
            if peer.certificate is not None:
                principal = self._by_certificate(peer)
                if principal is not None:
                    return principal
            header = self._basic_header(head, peer)
            digest = hmac.digest(self._key, header.encode("latin-1"), "sha256")
            grant = self._cache.get(digest)
            if grant and grant.generation == self._generation and grant.until > self._now():
                return self._mint(grant.name, grant.role, grant.namespaces, peer.source)
            user, password = _split_basic(header)
        except Unauthenticated as refused:
            self._audit.failed_login("", peer.source, str(refused))
            raise
        return self._check(user, password, digest, peer)

    def _basic_header(self, head: Head, peer: Peer) -> str:
        if "authorization" in head.repeated:
            raise Unauthenticated("more than one Authorization header")
        if "authorization" not in head.fields:
            raise Unauthenticated("no Authorization header")
        allowed = self._plaintext or (peer.loopback and self._settings.allow_plaintext_loopback)
        if not peer.tls and not allowed:
            raise Unauthenticated("Basic without TLS")
        return head.fields["authorization"]

    def _by_certificate(self, peer: Peer) -> Principal | None:
        certificate = peer.certificate
        assert certificate is not None
        mapped = next(
            (self._settings.client_users[n] for n in certificate.names if n in self._settings.client_users),
            None,
        )
        user = self.users.get(mapped) if mapped else None
        if user and certificate.for_clients:
            return self._mint(user.name, user.role, user.namespaces, peer.source)
        reason = "not for client authentication" if user else f"no user for {certificate.names[0]}"
        self._audit.failed_login(mapped or "", peer.source, f"client certificate: {reason}")
        return None

    async def _check(self, user: str, password: bytes, digest: bytes, peer: Peer) -> Principal:
        """Clients that come at once with the same credentials share one check, which is one guess."""
        check = self._checks.get(digest)
        if check is None:
            check = self._checks[digest] = asyncio.ensure_future(self._grant(user, password, digest, peer))
            check.add_done_callback(lambda _: self._checks.pop(digest, None))
        try:
            grant = await asyncio.shield(check)
        except Unauthenticated as refused:
            self._audit.failed_login(user, peer.source, str(refused))
            raise
        return self._mint(grant.name, grant.role, grant.namespaces, peer.source)

    async def _grant(self, user: str, password: bytes, digest: bytes, peer: Peer) -> _Grant:
        tries = round(LIMITED_DELAY_S / LIMITED_STEP_S)
        while not self._limiter.admit(user, peer.address, self._now()):
            if not tries:
                raise Unauthenticated("too many attempts")
            tries -= 1
            await asyncio.sleep(LIMITED_STEP_S)
        grant = await self._verified(user, password)
        if grant is None:
            raise Unauthenticated("wrong user or password")
        self._limiter.succeeded(user, peer.address, self._now())
        self._remember(digest, grant)
        self._audit.event("login", user=grant.name, role=grant.role, source=peer.source)
        return grant

    async def _verified(self, user: str, password: bytes) -> _Grant | None:
        generation = self._generation
        barred = user == "root" and not self._settings.allow_root_login
        known = None if barred else self.users.get(user)
        if known is not None or self._pam is None or barred:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._threads, self.users.verify, known, password)
            if not right or known is None:
                return None
            return _Grant(known.name, known.role, known.namespaces, float("inf"), generation)
        role = await self._pam.verify(user, password)
        if role is None:
            return None
        return _Grant(user, role, frozenset(), self._now() + PAM_TTL_S, generation)

    def _remember(self, digest: bytes, grant: _Grant) -> None:
        self._cache[digest] = grant
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)

    def _watch_users_file(self) -> None:
        """Notices an edited users file within a second, so that a removed user is out at once."""
        now = self._now()
        if now - self._looked_at < 1.0:
            return
        self._looked_at = now
        if self._file_stamp(self._settings) != self._stamp:
            try:
                self.reload(self._settings, self._plaintext)
            except UsersError as wrong:
                log.error("the users stay as they were: %s", wrong)

    @staticmethod
    def _file_stamp(settings: Auth) -> tuple[int, ...]:
        try:
            status = os.stat(settings.users_file)  # noqa: PTH116  on the request path
        except OSError:
            return ()
        return status.st_ino, status.st_mtime_ns, status.st_size

    @staticmethod
    @lru_cache(CACHE_SIZE)
    def _mint(name: str, role: Role, namespaces: frozenset[str], source: str) -> Principal:
        return Principal._minted(_MINT, name, role, namespaces, source)


def _split_basic(header: str) -> tuple[str, bytes]:
    """User and password of a Basic header (RFC 7617); what no back-end could mean well is refused here."""
    match = _BASIC.match(header)
    if not match:
        raise Unauthenticated("not Basic")
    try:
        decoded = base64.b64decode(match[1], validate=True)
    except binascii.Error:
        raise Unauthenticated("bad base64") from None
    raw_user, colon, password = decoded.partition(b":")
    if not colon or not raw_user or not password:
        raise Unauthenticated("no user or no password")
    if len(raw_user) > MAX_USER_BYTES or len(password) > MAX_PASSWORD_BYTES:
        raise Unauthenticated("too long")
    try:
        user = raw_user.decode("utf-8")
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        raise Unauthenticated("not UTF-8") from None
    if not user.isprintable() or any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        raise Unauthenticated("control characters")
    return user, password


def admitted(user: str) -> Principal:
    """Whom a foreign CIMOM has let in and given rights to what it asks for: it has checked both."""
    return Principal._minted(_MINT, user or "cimom", Role.ADMIN, frozenset(), "cmpi")
