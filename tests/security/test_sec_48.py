"""SEC-48: paths in WS-Management filters and fragments are level 1 of XPath, within bounds, or refused."""

from __future__ import annotations

import time

import pytest
import requests

from esmd.wbem.wsman.names import ENUMERATE, GET, XPATH_DIALECT
from tests.esmd.wbem.wsman.asking import DMTF, request
from tests.running import PASSWORD, RunningAgent

WRONG = [
    pytest.param("//*", id="descendants"),
    pytest.param("descendant::*", id="axis"),
    pytest.param("count(//*) &gt; 0", id="function"),
    pytest.param("DeviceID = document('http://localhost/')", id="document"),
    pytest.param("(" * 17 + "DeviceID" + ")" * 17, id="17 deep"),
    pytest.param("DeviceID = '" + "x" * 1024 + "'", id="over 1 KiB"),
    pytest.param("DeviceID or " * 4000 + "DeviceID", id="48 KB"),
    pytest.param("DeviceID | DeviceID", id="union"),
    pytest.param("DeviceID = $x", id="variable"),
    pytest.param("DeviceID[", id="cut"),
    pytest.param("", id="nothing"),
]


def ask(agent: RunningAgent, body: str) -> tuple[int, str]:
    """Status and subcode; the answer has to come at once."""
    begun = time.process_time()
    url, trust = agent.wsman, str(agent.certificate)
    answer = requests.post(url, body.encode(), auth=("admin", PASSWORD), verify=trust, timeout=10)
    assert time.process_time() - begun < 5
    found = answer.text.partition("<s:Subcode><s:Value>")[2].partition("<")[0]
    return answer.status_code, found


@pytest.mark.parametrize("expression", WRONG)
def test_sec_48_filters(agent: RunningAgent, expression: str) -> None:
    filtered = f'<e:Enumerate><w:Filter Dialect="{XPATH_DIALECT}">{expression}</w:Filter></e:Enumerate>'
    before = agent.cpu_s()
    body = request(ENUMERATE, filtered, uri=f"{DMTF}/ESM_Processor", namespace="root/ESMPRO/AS")
    status, subcode = ask(agent, body)
    assert (status, subcode) == (400, "wsen:CannotProcessFilter")
    assert agent.cpu_s() - before < 1


@pytest.mark.parametrize("path", WRONG)
def test_sec_48_fragments(agent: RunningAgent, path: str) -> None:
    wanted = f'<w:FragmentTransfer s:mustUnderstand="true">{path}</w:FragmentTransfer>'
    body = request(
        GET,
        uri=f"{DMTF}/ESM_Alive",
        selectors={"InstanceID": "ESM:Alive"},
        namespace="root/ESMPRO/AS",
        more=wanted,
    )
    status, subcode = ask(agent, body)
    assert status == 400
    assert subcode in ("wsman:CannotProcessFilter", "wsen:CannotProcessFilter", "wsman:UnsupportedFeature")
