"""What one client of WS-Management does costs no other more than a tenth of a second."""

from __future__ import annotations

import contextlib
import resource
import ssl
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from esmctl.agent import ask
from esmd.wbem.wsman.names import ENUMERATE, GET
from tests.esmd.wbem.wsman.asking import DMTF, request
from tests.running import PASSWORD, RunningAgent, eventually, running_agent

DELAY_S = 0.1
CONNECTIONS, SPARE_DESCRIPTORS = 1000, 200
ASKED, ROUNDS = 40, 4
AS = "root/ESMPRO/AS"
BODY = request(GET, uri=f"{DMTF}/ESM_Alive", selectors={"InstanceID": "ESM:Alive"}, namespace=AS).encode()
HEAD = b"POST /wsman HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic YWRtaW46Y29ycmVjdCBob3JzZSA3\r\n"
# a mount that has died: whoever looks at it waits
DEAD_MOUNT = """
import os, sys, time
look = os.statvfs
def wait(path):
    time.sleep(20)
    return look(path)
os.statvfs = wait
from esmd.main import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    command = (sys.executable, "-c", DEAD_MOUNT)
    with running_agent(tmp_path_factory.mktemp("agent"), command=command) as agent:
        yield agent


def longest(agent: RunningAgent) -> float:
    """Seconds of the slowest of several answers to a good client; the best of a few rounds."""
    rounds = []
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(agent.certificate)
        session.auth = ("admin", PASSWORD)
        for _ in range(ROUNDS):
            seconds = []
            for _ in range(ASKED):
                began = time.perf_counter()
                assert session.post(agent.wsman, BODY, timeout=30).status_code == 200
                seconds.append(time.perf_counter() - began)
            rounds.append(max(seconds))
            if rounds[-1] < DELAY_S:
                break
    return min(rounds)


@contextlib.contextmanager
def connections(agent: RunningAgent, count: int, said: tuple[bytes, ...]) -> Iterator[None]:
    """So many over TLS, each of which says one of the texts and then nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + SPARE_DESCRIPTORS)), hard))
    with contextlib.ExitStack() as stack:
        for number in range(count):
            connection = stack.enter_context(agent.connect(tls=True, port=agent.wsman_port))
            assert isinstance(connection, ssl.SSLSocket)
            if said[number % len(said)]:
                connection.sendall(said[number % len(said)])
        eventually(lambda: ask(agent.local_socket, "status")["connections"] >= count, "all are there")
        yield


def test_clients_that_hang_in_the_middle(agent: RunningAgent) -> None:
    length = b"Content-Length: %d\r\n\r\n" % len(BODY)
    said = (b"POST", HEAD, HEAD + length, HEAD + length + BODY[:-1])
    with connections(agent, 100, said):
        assert longest(agent) < DELAY_S


def test_a_thousand_idle_connections(agent: RunningAgent) -> None:
    with connections(agent, CONNECTIONS, (b"",)):
        assert longest(agent) < DELAY_S


def test_a_provider_that_sleeps(agent: RunningAgent) -> None:
    body = request(ENUMERATE, "<e:Enumerate/>", uri=f"{DMTF}/ESM_FileSystemThread", namespace=AS).encode()
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    with connections(agent, 8, (HEAD + length + body,)):
        assert longest(agent) < DELAY_S
