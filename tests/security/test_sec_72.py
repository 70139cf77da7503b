"""SEC-72: a password in a destination's URL is not taken, and appears nowhere."""

from __future__ import annotations

import pytest
import pywbem

from esmctl import agent as control
from tests.running import PASSWORD, RunningAgent

SECRET = "tell-nobody-7f3a"


@pytest.mark.parametrize(
    "url",
    [f"https://user:{SECRET}@example.com/", f"http://{SECRET}@example.com/", f"http://:{SECRET}@[::1]/"],
)
def test_sec_72_credentials_are_refused_and_not_repeated(agent: RunningAgent, url: str) -> None:
    new = pywbem.CIMInstance("CIM_ListenerDestinationCIMXML", {"Name": "sec-72", "Destination": url})
    with pywbem.WBEMConnection(
        agent.http, ("admin", PASSWORD), default_namespace="root/interop"
    ) as connection:
        with pytest.raises(pywbem.CIMError) as refused:
            connection.CreateInstance(new)
        listed = connection.EnumerateInstances("CIM_ListenerDestination")
    assert SECRET not in str(refused.value)
    assert SECRET not in str([each.items() for each in listed])
    assert SECRET not in agent.log + agent.audit
    for command in "subscription-list", "backlog-list", "alert-list", "status":
        assert SECRET not in str(control.ask(agent.local_socket, command))
