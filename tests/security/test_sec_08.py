"""SEC-08: an open enumeration belongs to the user who opened it."""

from __future__ import annotations

import re

import pytest
import requests

from esmd.wbem.wsman.names import ENUMERATE, PULL, RELEASE
from tests.esmd.wbem.wsman.asking import DMTF
from tests.esmd.wbem.wsman.asking import request as wsman_request
from tests.running import PASSWORD, RunningAgent
from tests.security.wire import Answer, ask, basic, call, request

CLASS = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_Component"/></IPARAMVALUE>'
INVALID_CONTEXT = 21


def parameter(name: str, value: object) -> str:
    return f'<IPARAMVALUE NAME="{name}"><VALUE>{value}</VALUE></IPARAMVALUE>'


def opened(agent: RunningAgent) -> str:
    body = call("OpenEnumerateInstances", CLASS + parameter("MaxObjectCount", 1))
    found = re.search(rb'NAME="EnumerationContext"[^>]*><VALUE>([^<]+)', ask(agent, request(body)).body)
    assert found
    return found[1].decode()


def use(agent: RunningAgent, operation: str, context: str, user: str, namespace: str) -> Answer:
    count = parameter("MaxObjectCount", 1) if operation.startswith("Pull") else ""
    body = call(operation, parameter("EnumerationContext", context) + count, namespace=namespace)
    return ask(agent, request(body, auth=basic(user)))


@pytest.mark.parametrize("operation", ["PullInstancesWithPath", "CloseEnumeration", "EnumerationCount"])
def test_sec_08_another_user_has_no_use_of_a_context(agent: RunningAgent, operation: str) -> None:
    context = opened(agent)
    mine = "root/ESMPRO/AS"
    for user in ("viewer", "operator"):
        answer = use(agent, operation, context, user, mine)
        assert answer.code == INVALID_CONTEXT, "and not a word of whether it exists"
    assert use(agent, operation, context, "admin", "root/cimv2").code in (3, INVALID_CONTEXT)
    assert use(agent, operation, context, "admin", "root/interop").code == INVALID_CONTEXT
    assert use(agent, operation, context, "admin", mine).code is None


@pytest.mark.parametrize("action", [PULL, RELEASE])
def test_sec_08_another_user_has_no_use_of_a_context_of_ws_management(
    agent: RunningAgent, action: str
) -> None:
    def ask_wsman(action: str, content: str, user: str) -> requests.Response:
        body = wsman_request(action, content, uri=f"{DMTF}/ESM_Processor", namespace="root/ESMPRO/AS")
        url, trust = agent.wsman, str(agent.certificate)
        return requests.post(url, body.encode(), auth=(user, PASSWORD), verify=trust, timeout=10)

    found = ask_wsman(ENUMERATE, "<e:Enumerate/>", "admin").text
    context = found.partition("<wsen:EnumerationContext>")[2].partition("<")[0]
    assert len(context) >= 32
    name = action.rpartition("/")[2]
    content = f"<e:{name}><e:EnumerationContext>{context}</e:EnumerationContext></e:{name}>"
    for user in ("viewer", "operator"):
        answer = ask_wsman(action, content, user)
        assert answer.status_code == 500
        assert "wsen:InvalidEnumerationContext" in answer.text
    assert ask_wsman(action, content, "admin").status_code == 200


def test_sec_08_contexts_cannot_be_guessed(agent: RunningAgent) -> None:
    names = [opened(agent) for _ in range(4)]
    assert len(set(names)) == 4
    assert all(len(name) >= 32 for name in names)
    assert len({name[:4] for name in names}) > 1
    for name in names:
        assert use(agent, "CloseEnumeration", name, "admin", "root/ESMPRO/AS").code is None
