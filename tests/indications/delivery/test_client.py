"""Deliveries to listeners good and bad, over real sockets of loopback (F10 to F14, SEC-70, SEC-76)."""

import asyncio
import hashlib
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop

from indications.delivery import Undelivered
from indications.delivery.client import Bounds, Channel, Client
from indications.delivery.export import HEADERS, Refused, accepted, encode
from indications.delivery.guard import Address
from indications.delivery.resolve import Resolver
from indications.delivery.trust import Trust
from openesm.cim.values import Instance, TypedValue
from tests.indications.delivery.fake import OK, OLD, UNTIL_CLOSE, Act, certificate, faking, server_side
from tests.running import free_ports

BOUNDS = Bounds(allow_loopback=True)
BODY = encode(Instance("T_Alert", {"Message": TypedValue("hello", "string")}), "1")
Runner = Callable[[Awaitable[object]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def go(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """Runs a coroutine on each kind of loop."""
    make: Callable[[], asyncio.AbstractEventLoop] = request.param
    with asyncio.Runner(loop_factory=make) as runner:

        async def wrapped(story: Awaitable[object]) -> None:
            await story

        yield lambda story: runner.run(wrapped(story))


async def outcomes(channel: Channel, times: int) -> list[str]:
    """What each delivery in turn comes to: "ok", or the name of the reason."""
    told = []
    for _ in range(times):
        try:
            response = await channel.post(BODY)
            accepted(response.status, response.headers, response.body)
            told.append("ok")
        except Undelivered as failed:
            told.append(failed.reason.key.partition(".")[2])
    channel.close()
    return told


@pytest.mark.parametrize(
    ("acts", "expected", "connections"),
    [
        pytest.param([], ["ok"] * 3, 1, id="kept alive"),
        pytest.param([Act(OLD, close=True)] * 3, ["ok"] * 3, 3, id="HTTP/1.0 that closes"),
        pytest.param([Act(UNTIL_CLOSE, close=True)] * 3, ["ok"] * 3, 3, id="no length"),
        pytest.param([Act(), Act(b"", close=True)], ["ok"] * 3, 2, id="dead kept connection: once more"),
        pytest.param([Act(b"", close=True)], ["answer-none", "ok"], 2, id="dead new connection: not"),
        pytest.param(
            [Act(), *[Act(b"", close=True)] * 2],
            ["ok", "answer-none", "ok"],
            3,
            id="dead twice: once more only",
        ),
        pytest.param([Act(), Act(OK[:50], close=True)], ["ok", "answer-cut", "ok"], 2, id="half an answer"),
        pytest.param([Act(b"SSH-2.0-x\r\n")], ["answer-not-http", "ok"], 2, id="garbage"),
        pytest.param([Act(OK + OK), Act()], ["ok", "ok"], 2, id="an answer too many"),
        pytest.param(
            [Act(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:6379/\r\nContent-Length: 0\r\n\r\n")],
            ["answer-redirect", "ok"],
            1,
            id="redirect is not followed",
        ),
        pytest.param(
            [Act(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, hang=True)],
            ["answer-too-long", "ok"],
            2,
            id="endless",
        ),
    ],
)
def test_conversations(go: Runner, acts: list[Act], expected: list[str], connections: int) -> None:
    async def story() -> None:
        async with faking(acts) as fake:
            channel = Client(BOUNDS).channel(f"http://localhost:{fake.port}/a?b", headers=HEADERS)
            assert await outcomes(channel, len(expected)) == expected
            assert fake.connections == connections

    go(story())


def test_request(go: Runner) -> None:
    async def story() -> None:
        async with faking() as fake:
            channel = Client(BOUNDS).channel(f"http://localhost:{fake.port}/a?b", headers=HEADERS)
            assert await outcomes(channel, 1) == ["ok"]
            head, _, body = fake.requests[0].partition(b"\r\n\r\n")
            assert body == BODY
            assert head.decode().split("\r\n") == [
                "POST /a?b HTTP/1.1",
                f"Host: localhost:{fake.port}",
                *(f"{name}: {value}" for name, value in HEADERS),
                f"Content-Length: {len(BODY)}",
            ]

    go(story())


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(Act(b"", hang=True), id="never answers"),
        pytest.param(Act(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", hang=True), id="stops half-way"),
    ],
)
def test_a_listener_that_hangs_has_a_deadline(go: Runner, act: Act) -> None:
    async def story() -> None:
        async with faking([act]) as fake:
            client = Client(Bounds(allow_loopback=True, total_s=0.1))
            channel = client.channel(f"http://localhost:{fake.port}/")
            assert await outcomes(channel, 2) == ["answer-late", "ok"]

    go(story())


def test_a_late_answer_is_not_taken_for_the_next_one(go: Runner) -> None:
    async def story() -> None:
        async with faking([Act(b"", hang=True)]) as fake:
            channel = Client(BOUNDS).channel(f"http://localhost:{fake.port}/")
            first = asyncio.create_task(channel.post(BODY))
            while not fake.requests:
                await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert await outcomes(channel, 1) == ["ok"]
            assert fake.connections == 2

    go(story())


def test_an_idle_connection_is_closed(go: Runner) -> None:
    async def story() -> None:
        async with faking() as fake:
            client = Client(Bounds(allow_loopback=True, idle_s=0.01))
            channel = client.channel(f"http://localhost:{fake.port}/")
            await channel.post(BODY)
            await asyncio.wait_for(fake.closed.wait(), 5)
            assert await outcomes(channel, 1) == ["ok"]

    go(story())


def test_nobody_listens_then_somebody_does(go: Runner) -> None:
    async def story() -> None:
        (port,) = free_ports(1)
        channel = Client(BOUNDS).channel(f"http://127.0.0.1:{port}/")
        assert await outcomes(channel, 1) == ["unreachable"]
        async with faking(port=port):
            assert await outcomes(channel, 1) == ["ok"]

    go(story())


def test_a_listener_that_does_not_shake_hands_has_a_deadline(go: Runner) -> None:
    async def story() -> None:
        async with faking() as fake:
            client = Client(Bounds(allow_loopback=True, connect_s=0.1))
            assert await outcomes(client.channel(f"https://127.0.0.1:{fake.port}/"), 1) == ["connect-late"]

    go(story())


# -- where it goes


def test_loopback_is_refused_unless_it_is_allowed(go: Runner) -> None:
    async def story() -> None:
        async with faking() as fake:
            for host in "127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]":
                channel = Client().channel(f"http://{host}:{fake.port}/")
                with pytest.raises(Refused):
                    await channel.post(BODY)
            assert fake.connections == 0

    go(story())


def test_the_name_is_resolved_once_and_the_checked_address_is_used(go: Runner) -> None:
    async def story() -> None:
        async with faking() as fake:
            asked = []

            def lookup(host: str) -> list[Address]:
                asked.append(host)
                return [ip_address("169.254.169.254"), ip_address("127.0.0.1")]

            client = Client(BOUNDS, Resolver(lookup))
            channel = client.channel(f"http://manager.invalid:{fake.port}/")
            assert await outcomes(channel, 1) == ["ok"]
            assert asked == ["manager.invalid"]

    go(story())


@pytest.mark.parametrize(
    ("addresses", "expected", "connections"),
    [
        pytest.param(["127.0.0.2", "169.254.1.1", "127.0.0.1"], "ok", 1, id="the next"),
        pytest.param(["169.254.1.1", "127.0.0.2"], "unreachable", 0, id="none answers"),
        pytest.param(["169.254.1.1"], "address-special", 0, id="none is allowed"),
    ],
)
def test_an_address_that_does_not_answer_is_not_the_last_word(
    go: Runner, addresses: list[str], expected: str, connections: int
) -> None:
    async def story() -> None:
        async with faking() as fake:
            client = Client(BOUNDS, Resolver(lambda _host: [ip_address(text) for text in addresses]))
            assert await outcomes(client.channel(f"http://manager.invalid:{fake.port}/"), 1) == [expected]
            assert fake.connections == connections

    go(story())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://u:p@host/", "nonsense"])
def test_a_wrong_url_has_no_channel(go: Runner, url: str) -> None:
    async def story() -> None:
        with pytest.raises(Undelivered) as failed:
            Client().channel(url)
        assert not failed.value.retry

    go(story())


# -- TLS


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("pairs")
    make = partial(certificate, folder)
    return {
        "good": make("good"),
        "expired": make("expired", days=-1),
        "other host": make("other", host="other.example"),
    }


def pin_of(cert: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(cert.read_text())).hexdigest()


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("shown", "trusted", "expected"),
    [
        pytest.param("good", "ca good", "ok", id="authority"),
        pytest.param("good", "system", "certificate-unknown-authority", id="self-signed"),
        pytest.param("good", "ca other host", "certificate-unknown-authority", id="another authority"),
        pytest.param("expired", "ca expired", "certificate-expired", id="expired"),
        pytest.param("other host", "ca other host", "certificate-wrong-host", id="wrong host"),
        pytest.param("good", "pin good", "ok", id="pin"),
        pytest.param("other host", "pin other host", "ok", id="pin, wrong host"),
        pytest.param("good", "pin expired", "pin-mismatch", id="another pin"),
        pytest.param("expired", "pin expired", "certificate-expired", id="pin, expired"),
        pytest.param("expired", "off", "ok", id="verification off"),
    ],
)
def test_trust(
    go: Runner, pairs: dict[str, tuple[Path, Path]], shown: str, trusted: str, expected: str
) -> None:
    kind, _, whose = trusted.partition(" ")
    trusts: dict[str, Callable[[], Trust]] = {
        "ca": lambda: Trust(ca=pairs[whose][0]),
        "pin": lambda: Trust(pin=pin_of(pairs[whose][0])),
        "system": lambda: Trust(),
        "off": lambda: Trust(verify=False),
    }
    trust = trusts[kind]()

    async def story() -> None:
        async with faking(tls=server_side(pairs[shown])) as fake:
            channel = Client(BOUNDS).channel(f"https://localhost:{fake.port}/", trust)
            assert await outcomes(channel, 2) == [expected] * 2
            assert len(fake.requests) == (2 if expected == "ok" else 0)

    go(story())


@pytest.mark.needs("openssl")
def test_a_certificate_that_is_put_right_is_taken_without_a_restart(
    go: Runner, pairs: dict[str, tuple[Path, Path]]
) -> None:
    async def story() -> None:
        context = server_side(pairs["other host"])
        async with faking(tls=context) as fake:
            channel = Client(BOUNDS).channel(f"https://localhost:{fake.port}/", Trust(ca=pairs["good"][0]))
            assert await outcomes(channel, 1) == ["certificate-unknown-authority"]
            context.load_cert_chain(*pairs["good"])
            assert await outcomes(channel, 1) == ["ok"]

    go(story())


@pytest.mark.needs("openssl")
def test_not_tls_and_old_tls(go: Runner, pairs: dict[str, tuple[Path, Path]]) -> None:
    async def story() -> None:
        async with faking(greeting=b"HTTP/1.0 400 Bad Request\r\n\r\n") as fake:
            assert await outcomes(Client(BOUNDS).channel(f"https://localhost:{fake.port}/"), 1) == [
                "tls-none"
            ]
        (port,) = free_ports(1)
        cert, key = pairs["good"]
        argv = ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", str(cert)]
        argv += ["-key", str(key), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        old = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        try:
            channel = Client(BOUNDS).channel(f"https://localhost:{port}/")
            told = ["unreachable"]
            while told == ["unreachable"]:
                told = await outcomes(channel, 1)
            assert told == ["tls-old"]
        finally:
            old.terminate()
            old.wait()

    go(story())


# -- another's listener

PYWBEM = """
import sys, pywbem
scheme, port, cert, key = sys.argv[1:]
files = {"certfile": cert, "keyfile": key} if scheme == "https" else {}
listener = pywbem.WBEMListener("127.0.0.1", **{f"{scheme}_port": int(port)}, **files)
listener.add_callback(lambda indication, host: print(indication["Message"], flush=True))
listener.start()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_listener_of_pywbem(go: Runner, pairs: dict[str, tuple[Path, Path]], scheme: str) -> None:
    (port,) = free_ports(1)
    cert, key = pairs["good"]
    argv = [sys.executable, "-c", PYWBEM, scheme, str(port), str(cert), str(key)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout
        assert listener.stdout.readline() == "ready\n"

        async def story() -> None:
            channel = Client(BOUNDS).channel(f"{scheme}://localhost:{port}/", Trust(ca=cert), HEADERS)
            assert await outcomes(channel, 3) == ["ok"] * 3

        try:
            go(story())
            assert [listener.stdout.readline() for _ in range(3)] == ["hello\n"] * 3
        finally:
            listener.kill()
