"""The clients of the soak test: those that behave, and those that do not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random

from benchmarks.question import CLASS, basic, enumerate_instances
from tests.soak.wire import (
    BadAnswerError,
    Wire,
    class_name,
    connected,
    context_of,
    everything,
    first_name,
    number_value,
    request,
)

SYSTEM = "CIM_ComputerSystem"
HELD_S = 5
THINK_S = 0.5


@dataclass
class Crowd:
    """Where all clients ask, until when (on the loop's clock), and how they fared."""

    http_port: int
    https_port: int
    trust: ssl.SSLContext
    until: float
    answered: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def going(self) -> bool:
        return asyncio.get_running_loop().time() < self.until


Client = Callable[[Crowd, Random], Coroutine[None, None, None]]


async def _reads(wire: Wire, random: Random) -> None:
    await wire.ask(enumerate_instances().numbered(random.randrange(10**8)))


async def _gets(wire: Wire, random: Random) -> None:
    number = random.randrange(10**8)
    names = await wire.ask(request("EnumerateInstanceNames", {"ClassName": class_name(CLASS)}, number))
    await wire.ask(request("GetInstance", {"InstanceName": first_name(names)}, number))


async def _walks(wire: Wire, random: Random) -> None:
    number = random.randrange(10**8)
    names = await wire.ask(request("EnumerateInstanceNames", {"ClassName": class_name(SYSTEM)}, number))
    walked = await wire.ask(request("Associators", {"ObjectName": first_name(names)}, number))
    if b"<INSTANCE " not in walked:
        raise BadAnswerError("nothing is associated")


async def _pulls(wire: Wire, random: Random) -> None:
    number, most = random.randrange(10**8), number_value(3)
    opened = {"ClassName": class_name(CLASS), "MaxObjectCount": most}
    context = context_of(await wire.ask(request("OpenEnumerateInstances", opened, number)))
    while context:
        pulled = {"EnumerationContext": f"<VALUE>{context}</VALUE>", "MaxObjectCount": most}
        context = context_of(await wire.ask(request("PullInstancesWithPath", pulled, number)))


async def good(crowd: Crowd, random: Random) -> None:
    """Keeps one connection and asks now and then; any failure counts."""
    secure = random.random() < 0.5
    port = crowd.https_port if secure else crowd.http_port
    try:
        async with connected(port, crowd.trust if secure else None) as wire:
            while crowd.going:
                await random.choice((_reads, _gets, _walks, _pulls))(wire, random)
                crowd.answered += 1
                await asyncio.sleep(random.random() * THINK_S)
    except (BadAnswerError, OSError) as failed:
        crowd.failures.append(repr(failed))


async def slow_sender(crowd: Crowd, random: Random) -> None:
    """Sends a few bytes at a time; the server may lose patience."""
    async with connected(crowd.http_port) as wire:
        asking = everything(random.randrange(10**8))
        for start in range(0, len(asking), 16):
            if wire.writer.is_closing():
                return
            wire.writer.write(asking[start : start + 16])
            await asyncio.sleep(0.1)


async def slow_reader(crowd: Crowd, random: Random) -> None:
    """Reads a large answer in small pieces, through a small buffer."""
    async with connected(crowd.http_port, receive_bytes=4096) as wire:
        for _ in range(4):
            wire.writer.write(everything(random.randrange(10**8)))
        while await wire.reader.read(512):
            await asyncio.sleep(0.05)


async def quitter(crowd: Crowd, random: Random) -> None:
    """Goes away in the middle of a request, politely or with a reset."""
    secure = random.random() < 0.2
    port = crowd.https_port if secure else crowd.http_port
    asking = everything(random.randrange(10**8))
    async with connected(port, crowd.trust if secure else None) as wire:
        wire.writer.write(asking[: random.randrange(len(asking))])
        if random.random() < 0.5:
            wire.reset_at_the_end()
    await asyncio.sleep(0.2)


async def holder(crowd: Crowd, random: Random) -> None:
    """Opens enumerations and never pulls from them."""
    async with connected(crowd.http_port) as wire:
        while True:
            opened = {
                "ClassName": class_name(CLASS),
                "OperationTimeout": number_value(HELD_S),
                "MaxObjectCount": number_value(1),
            }
            number = random.randrange(10**8)
            await wire.ask(request("OpenEnumerateInstances", opened, number, basic("operator")))
            await asyncio.sleep(1.0)


async def again(client: Client, crowd: Crowd, random: Random) -> None:
    """Runs a client that misbehaves again and again; what happens to it does not count."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(crowd.until):
            while True:
                with contextlib.suppress(ConnectionError, EOFError, BadAnswerError):
                    await client(crowd, random)
                await asyncio.sleep(0.05)


BAD: tuple[Client, ...] = (slow_sender, slow_reader, quitter, holder)
