"""10,000 of each request, and 10,000 indications: the process does not grow, and keeps no descriptor."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import pywbem

from esmctl.agent import ask
from tests.faults.receiver import receiving
from tests.others.suite import lamp, subscription
from tests.pegasus.real import Real

MANY, WARM = 10_000, 1_000
GROWS_MOST = 2.0  # MiB over all of them
MIB = 1 << 20


def resident(process: int) -> float:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def descriptors(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


MEMORY = pywbem.CIMInstanceName("ESM_Alive", {"InstanceID": "ESM:Alive"})
REQUESTS: dict[str, Callable[[pywbem.WBEMConnection], object]] = {
    "EnumerateInstances": lambda each: each.EnumerateInstances("ESM_Processor"),
    "EnumerateInstanceNames": lambda each: each.EnumerateInstanceNames("ESM_Network"),
    "GetInstance": lambda each: each.GetInstance(MEMORY),
    "a method of others": lambda each: each.InvokeMethod("Blink", "Acme_Lamp", Times=pywbem.Uint32(1)),
    "an instance of others": lambda each: each.GetInstance(lamp("desk")),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(real: Real, name: str, record_property: Callable[[str, object], None]) -> None:
    request, connection = REQUESTS[name], real.connection()
    for _ in range(WARM):
        request(connection)
    (process,) = real.provider_processes()
    before, opened = resident(process), descriptors(process)
    for _ in range(MANY):
        request(connection)
    grown = resident(process) - before
    record_property("MiB", round(grown, 2))
    print(f"{name}: {MANY} requests, {before:.1f} MiB and {grown:+.2f}")
    assert real.provider_processes() == [process]
    assert grown < GROWS_MOST
    assert descriptors(process) <= opened + 2


def test_indications(real: Real) -> None:
    """None lost, none twice, in order, to a listener that keeps its connection."""

    def tell(count: int) -> list[str]:
        return [str(ask(real.socket, "alert-test")["uuid"]) for _ in range(count)]

    query = "SELECT * FROM ESM_AlertIndication"
    with receiving() as receiver, subscription(real.connection(), receiver.url(""), query):
        first = tell(WARM)
        receiver.wait_for("", WARM, 100)
        (process,) = real.provider_processes()
        before, opened = resident(process), descriptors(process)
        wanted = first + tell(MANY)
        receiver.wait_for("", WARM + MANY, 300)
        grown = resident(process) - before
        print(f"{MANY} indications, {before:.1f} MiB and {grown:+.2f}")
        known = set(wanted)
        assert [told.uuid for told in receiver.seen if told.uuid in known] == wanted
        assert grown < GROWS_MOST
        assert descriptors(process) <= opened + 2
