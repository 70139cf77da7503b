"""From a head and a peer to a principal: SEC-01, SEC-03, SEC-06, and what is remembered for how long."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable
from pathlib import Path

import pytest

from esmd.auth.authenticator import Unauthenticated
from esmd.auth.peer import ClientCertificate, Peer
from esmd.auth.principal import Principal
from esmd.auth.users import Role
from esmd.wbem.http1 import Head
from openesm.settings import Auth
from tests.esmd.auth.people import TLS, People, basic

CERTIFICATE = ClientCertificate(("sha256:" + "a" * 64, "email:ops@example.com"), for_clients=True)


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path, "ann:admin", "アン")


def run(awaitable: Awaitable[Principal]) -> Principal | str:
    """The principal, or why there is none."""

    async def wait() -> Principal | str:
        try:
            return await awaitable
        except Unauthenticated as refused:
            return str(refused)

    return asyncio.run(wait())


def encoded(secret: bytes) -> str:
    return "Basic " + base64.b64encode(secret).decode()


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        pytest.param(None, "no Authorization header", id="none"),
        pytest.param("", "not Basic", id="empty"),
        pytest.param("Basic", "not Basic", id="no token"),
        pytest.param("Basic ", "not Basic", id="blank token"),
        pytest.param("Basic ====", "not Basic", id="only padding"),
        pytest.param("Basic a!b=", "not Basic", id="no base64"),
        pytest.param("Basic YW5u\xe9", "not Basic", id="no ASCII"),
        pytest.param("Basic YW5uO", "bad base64", id="cut base64"),
        pytest.param(basic("ann") + " x", "not Basic", id="something after it"),
        pytest.param(basic("ann") + "\n", "not Basic", id="line feed after it"),
        pytest.param(encoded(b"ann"), "no user or no password", id="no colon"),
        pytest.param(encoded(b":right"), "no user or no password", id="no user"),
        pytest.param(encoded(b"ann:"), "no user or no password", id="no password"),
        pytest.param(encoded(b"ann:right\0junk"), "control characters", id="SEC-06 NUL in the password"),
        pytest.param(encoded(b"ann\0:right"), "control characters", id="SEC-06 NUL in the user"),
        pytest.param(encoded(b"ann:right\n"), "control characters", id="line feed in the password"),
        pytest.param(encoded(b"a\x1bnn:right"), "control characters", id="escape in the user"),
        pytest.param(encoded("a\u202enn:right".encode()), "control characters", id="bidi in the user"),
        pytest.param(encoded(b"ann:\xff"), "not UTF-8", id="no UTF-8"),
        pytest.param(encoded(b"a" * 257 + b":x"), "too long", id="long user"),
        pytest.param(encoded(b"ann:" + b"x" * 513), "too long", id="long password"),
        pytest.param("Basic " + "A" * 100_000, "not Basic", id="100 KB"),
        pytest.param("Bearer x", "not Basic", id="Bearer"),
        pytest.param("Negotiate x", "not Basic", id="Negotiate"),
        pytest.param("Local x", "not Basic", id="Local"),
        pytest.param('Digest username="ann"', "not Basic", id="Digest"),
    ],
)
def test_sec_01_headers_that_are_nobody(people: People, header: str | None, reason: str) -> None:
    assert run(people.ask(header)) == reason
    assert people.lines == [f'1970-01-01T00:00:00Z auth-fail user="" source="192.0.2.1" reason="{reason}"']


@pytest.mark.parametrize("password", ["wrong", "rig", "right ", "rightx", "RIGHT", "x" * 73, " right"])
def test_sec_03_wrong_passwords(people: People, password: str) -> None:
    assert run(people.principal("ann", password)) == "wrong user or password"
    assert 'user="ann"' in people.lines[0]


@pytest.mark.parametrize("user", ["bob", "Ann", "ann ", "root"])
def test_unknown_users(people: People, user: str) -> None:
    assert run(people.principal(user)) == "wrong user or password"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_right_password(people: People, scheme: str) -> None:
    principal = run(people.ask(basic("ann").replace("Basic", scheme)))
    assert isinstance(principal, Principal)
    assert (principal.name, principal.role, principal.source) == ("ann", Role.ADMIN, "192.0.2.1")
    assert people.lines == ['1970-01-01T00:00:00Z login user="ann" role="admin" source="192.0.2.1"']


def test_a_user_without_role_is_a_viewer(people: People) -> None:
    principal = run(people.principal("アン"))
    assert isinstance(principal, Principal)
    assert principal.role is Role.VIEWER


def test_two_authorization_headers_are_nobody(people: People) -> None:
    head = Head("POST", "/", 1, {"authorization": basic("ann")}, frozenset({"authorization"}))
    with pytest.raises(Unauthenticated, match="more than one"):
        people.authenticator.authenticate(head, TLS)


@pytest.mark.parametrize(
    ("allow", "peer", "expected"),
    [
        pytest.param(False, Peer("127.0.0.1", loopback=True), False, id="loopback"),
        pytest.param(True, Peer("127.0.0.1", loopback=True), True, id="loopback where allowed"),
        pytest.param(True, Peer("192.0.2.1"), False, id="never from elsewhere"),
        pytest.param(False, Peer("192.0.2.1", tls=True), True, id="TLS"),
    ],
)
def test_passwords_need_tls(tmp_path: Path, allow: bool, peer: Peer, expected: bool) -> None:
    people = People(tmp_path, "ann", settings=Auth(allow_plaintext_loopback=allow))
    verdict = run(people.principal("ann", peer=peer))
    assert isinstance(verdict, Principal) if expected else verdict == "Basic without TLS"


# -- what is remembered


def remembered(people: People, user: str = "ann") -> bool:
    """Whether the credential is accepted without a look at the password."""
    head = Head("POST", "/", 1, {"authorization": basic(user)})
    verdict = people.authenticator.authenticate(head, TLS)
    if isinstance(verdict, Principal):
        return True
    assert asyncio.iscoroutine(verdict)
    verdict.close()
    return False


def test_a_right_password_is_checked_once(people: People) -> None:
    assert not remembered(people)
    run(people.principal("ann"))
    assert remembered(people)
    assert not remembered(people, "アン")


def test_a_wrong_password_is_never_remembered(people: People) -> None:
    for _ in range(2):
        assert run(people.principal("ann", "wrong")) == "wrong user or password"


def test_a_reload_forgets(people: People) -> None:
    run(people.principal("ann"))
    people.authenticator.reload(people.settings)
    assert not remembered(people)


def test_nothing_remembered_holds_a_password(people: People) -> None:
    run(people.principal("ann", "right"))
    kept = repr(vars(people.authenticator))
    assert "right" not in kept
    assert basic("ann")[6:] not in kept


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda people: people.write("アン"), id="removed"),
        pytest.param(lambda people: people.write_text(""), id="emptied"),
        pytest.param(lambda people: people.file.unlink(), id="file gone"),
    ],
)
def test_a_removed_user_is_out_within_a_second(people: People, edit: object) -> None:
    assert callable(edit)
    run(people.principal("ann"))
    edit(people)
    people.clock.seconds += 1.0
    assert run(people.principal("ann")) == "wrong user or password"


def test_a_new_role_counts_within_a_second(people: People) -> None:
    run(people.principal("ann"))
    people.write("ann:viewer")
    people.clock.seconds += 1.0
    principal = run(people.principal("ann"))
    assert isinstance(principal, Principal)
    assert principal.role is Role.VIEWER


def test_a_broken_users_file_keeps_the_users_that_were(people: People) -> None:
    run(people.principal("ann"))
    people.write_text("ann:secret:admin\n")
    people.clock.seconds += 1.0
    principal = run(people.principal("ann"))
    assert isinstance(principal, Principal)
    people.write("ann:viewer")
    people.clock.seconds += 1.0
    mended = run(people.principal("ann"))
    assert isinstance(mended, Principal)
    assert mended.role is Role.VIEWER


def test_a_removed_user_is_out_with_a_certificate_too(tmp_path: Path) -> None:
    people = People(tmp_path, "ann:admin", settings=Auth(client_users={"email:ops@example.com": "ann"}))
    peer = Peer("192.0.2.1", tls=True, certificate=CERTIFICATE)
    assert isinstance(run(people.ask(None, peer)), Principal)
    people.write("bob")
    people.clock.seconds += 1.0
    assert run(people.ask(None, peer)) == "no Authorization header"


# -- limits


def test_sec_05_refused_guesses_are_told_and_wait(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esmd.auth.authenticator.LIMITED_DELAY_S", 0.0)

    async def guess() -> list[str]:
        found = await asyncio.gather(
            *(people.principal("ann", f"guess{n}") for n in range(20)), return_exceptions=True
        )
        return [str(verdict) for verdict in found]

    verdicts = asyncio.run(guess())
    assert verdicts.count("wrong user or password") == 5
    assert verdicts.count("too many attempts") == 15
    assert len(people.lines) == 20


def test_sec_05_a_remembered_credential_passes_while_guesses_are_refused(people: People) -> None:
    run(people.principal("ann"))
    for _ in range(5):
        run(people.principal("ann", "wrong"))
    assert remembered(people)


def test_many_clients_with_the_right_password_at_once_are_all_let_in(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esmd.auth.authenticator.LIMITED_DELAY_S", 0.0)

    async def connect() -> list[Principal | BaseException]:
        clients = (people.principal("ann") for _ in range(20))
        return list(await asyncio.gather(*clients, return_exceptions=True))

    assert [type(verdict) for verdict in asyncio.run(connect())] == [Principal] * 20


# -- peers that need no password


def test_sec_02_the_local_socket_is_who_the_kernel_says(people: People) -> None:
    root = run(people.ask(basic("アン"), Peer("local", uid=0)))
    other = run(people.ask(basic("ann"), Peer("local", uid=4_000_000_000)))
    assert isinstance(root, Principal)
    assert isinstance(other, Principal)
    assert (root.name, root.role, root.source) == ("local:0", Role.ADMIN, "local:0")
    assert (other.name, other.role) == ("local:4000000000", Role.VIEWER)


@pytest.mark.parametrize(
    ("mapping", "certificate", "expected", "told"),
    [
        pytest.param({"sha256:" + "a" * 64: "ann"}, CERTIFICATE, Role.ADMIN, "", id="fingerprint"),
        pytest.param({"email:ops@example.com": "ann"}, CERTIFICATE, Role.ADMIN, "", id="mail address"),
        pytest.param(
            {"dns:ops": "ann"}, CERTIFICATE, None, "client certificate: no user for sha256:a", id="no"
        ),
        pytest.param(
            {"email:ops@example.com": "gone"}, CERTIFICATE, None, 'user="gone"', id="a user who is not there"
        ),
        pytest.param(
            {"email:ops@example.com": "ann"},
            ClientCertificate(CERTIFICATE.names, for_clients=False),
            None,
            "not for client authentication",
            id="not for clients",
        ),
    ],
)
def test_client_certificates(
    tmp_path: Path, mapping: dict[str, str], certificate: ClientCertificate, expected: Role | None, told: str
) -> None:
    people = People(tmp_path, "ann:admin", settings=Auth(client_users=mapping))
    verdict = run(people.ask(None, Peer("192.0.2.1", tls=True, certificate=certificate)))
    if expected is None:
        assert verdict == "no Authorization header"
        assert told in people.lines[0]
    else:
        assert isinstance(verdict, Principal)
        assert (verdict.name, verdict.role) == ("ann", expected)
        assert not people.lines


def test_an_unmapped_certificate_leaves_the_password(people: People) -> None:
    principal = run(people.principal("アン", peer=Peer("192.0.2.1", tls=True, certificate=CERTIFICATE)))
    assert isinstance(principal, Principal)
    assert principal.name == "アン"
    assert "client certificate: no user" in people.lines[0]
