"""WS-Management requests with something broken: each is answered, at once, and nothing grows.

Ten thousand of them; with OPENESM_SOAK=full a hundred thousand.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import time
import tracemalloc
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

import pytest

from esmd.wbem.wsman.eventing import Eventing
from esmd.wbem.wsman.fetching import Fetching
from esmd.wbem.wsman.names import (
    CREATE,
    DELETE,
    ENUMERATE,
    GET,
    GET_STATUS,
    PULL,
    PUT,
    RELEASE,
    RENEW,
    UNSUBSCRIBE,
)
from openesm.cim.schema import Schema
from openesm.settings import Delivery
from subscription.model import DeliveryMode
from tests.e2e.eventing import MODE_URIS, PROPERTIES, about, subscription
from tests.esmd.lab import Lab
from tests.esmd.wbem.wsman.asking import DMTF, Manager, envelope, request

COUNT = 100_000 if os.environ.get("OPENESM_SOAK") == "full" else 10_000
GROWTH_BYTES = 300_000
ANSWER_S = 1.0
ONE = {"Id": "one"}
THING = f'<p:T_Thing xmlns:p="{DMTF}/T_Thing"><p:Id>new</p:Id><p:Note>a &amp; b</p:Note></p:T_Thing>'
SAMPLES = [
    envelope("", "<i:Identify/>"),
    request(GET, selectors=ONE),
    request(PUT, THING.replace("new", "one"), selectors=ONE),
    request(CREATE, THING),
    request(DELETE, selectors={"Id": "none"}),
    request(ENUMERATE, "<e:Enumerate><w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements></e:Enumerate>"),
    request(ENUMERATE, '<e:Enumerate><w:Filter>Level &gt; 2 and Note = "x"</w:Filter></e:Enumerate>'),
    request(PULL, "<e:Pull><e:EnumerationContext>uuid:1</e:EnumerationContext></e:Pull>"),
    request(RELEASE, "<e:Release><e:EnumerationContext>uuid:1</e:EnumerationContext></e:Release>"),
    request(
        f"{DMTF}/T_Thing/Scale",
        "<n:Scale_INPUT xmlns:n='urn:x'><n:By>2</n:By></n:Scale_INPUT>",
        selectors=ONE,
    ),
    subscription(
        "https://localhost:1/a", properties=PROPERTIES, delivery="<w:Heartbeats>PT9S</w:Heartbeats>"
    ),
    subscription(
        "", MODE_URIS[DeliveryMode.PULL], first="<v:EndTo><a:Address>http://a/</a:Address></v:EndTo>"
    ),
    *(about(action, "uuid:1", "<v:Expires>PT1H</v:Expires>") for action in (RENEW, GET_STATUS, UNSUBSCRIBE)),
]
_HEADER = re.compile(r"<s:Header>(.*)</s:Header>", re.DOTALL)
_ELEMENT = re.compile(r"<([aw]:\w+)[ >/].*?(?:</\1>|/>)", re.DOTALL)


def mutants(sample: str) -> Iterator[bytes]:
    """A header gone, there twice, of another name; the request cut at each byte, and each byte another."""
    found = _HEADER.search(sample)
    for header in _ELEMENT.findall(found[1]) if found else ():
        element = re.search(rf"<{header}[ >/].*?(?:</{header}>|/>)", sample, re.DOTALL)
        assert element
        for other in ("", element[0] * 2, element[0].replace(header, f"{header}X")):
            yield sample.replace(element[0], other, 1).encode()
    whole = sample.encode()
    for end in range(len(whole)):
        yield whole[:end]
        yield whole[:end] + bytes([whole[end] ^ 1]) + whole[end + 1 :]


class NoMailboxes:
    """Nobody fetches."""

    def mailbox(self, number: int) -> None:
        return None


@pytest.fixture
def lab(tmp_path: Path, schema: Schema) -> Lab:
    return Lab(tmp_path, schema, Delivery())


def test_every_mutant_is_answered(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        seen, grown = asyncio.run(_ask_all(lab))
    assert not caplog.records, caplog.text
    assert grown < GROWTH_BYTES
    assert all(seen.values()), seen


async def _ask_all(lab: Lab) -> tuple[dict[int, int], int]:
    """How often each status came, and the bytes that are kept after the second half."""
    registry = lab.registry
    eventing = Eventing(registry, lab.outbox, lambda _: "ESM_AlertIndication", lambda: lab.now, time.time)
    manager = Manager(events=(eventing, Fetching(registry, NoMailboxes(), lambda: lab.now)))
    every = list(chain.from_iterable(map(mutants, SAMPLES)))
    shuffled = cycle(every[number::7] for number in range(7))
    seen = {200: 0, 400: 0, 500: 0}
    before = 0
    for number, mutant in enumerate(islice(chain.from_iterable(shuffled), COUNT)):
        if number == COUNT // 4:
            tracemalloc.start()
        if number == COUNT // 2:  # what is kept of the last requests has been traced once through
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
        begun = time.process_time()
        answer = await manager.asking(mutant)
        assert time.process_time() - begun < ANSWER_S, mutant
        assert "Body>" in answer.text
        seen[answer.status] += 1
        manager.world.told.clear()
        for sink in list(registry.book.destinations):
            registry.remove_sink(sink)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return seen, grown
