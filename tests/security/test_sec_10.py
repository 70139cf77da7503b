"""SEC-10: no spelling of a namespace gets around the list of a user's namespaces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import RunningAgent, running_agent
from tests.security.wire import ask, basic, call, request

CLASS = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="{}"/></IPARAMVALUE>'
DENIED = 2


@pytest.fixture(scope="module")
def fenced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent whose user "fenced" may only use root/cimv2, and interop as everybody."""
    with running_agent(tmp_path_factory.mktemp("fenced")) as running:
        users = running.folder / "users"
        line = users.read_text().splitlines()[0].split(":")
        users.write_text(users.read_text() + f"fenced:{line[1]}:admin:root/cimv2\n")
        yield running


def code(agent: RunningAgent, namespace: str, name: str, header: str | None = None) -> int | None:
    body = call("EnumerateInstanceNames", CLASS.format(name), namespace=namespace)
    answer = ask(agent, request(body, auth=basic("fenced"), CIMObject=header or namespace))
    assert answer.status == 200
    return answer.code


@pytest.mark.parametrize(
    "namespace", ["root/ESMPRO/AS", "ROOT/esmpro/as", "root/EsmPro/AS", "root", "root/nothing", "root/cimv2x"]
)
def test_sec_10_other_namespaces_are_denied_in_every_spelling(fenced: RunningAgent, namespace: str) -> None:
    assert code(fenced, namespace, "ESM_Alive") == DENIED


@pytest.mark.parametrize(
    "name", ["/root/ESMPRO/AS", "root//ESMPRO/AS", "root/./ESMPRO/AS", "root/ESMPRO/AS/"]
)
def test_sec_10_odd_slashes_give_no_answer(fenced: RunningAgent, name: str) -> None:
    body = call("EnumerateInstanceNames", CLASS.format("ESM_Alive"), namespace=name)
    answer = ask(fenced, request(body, auth=basic("fenced")))
    assert answer.status == 400 or answer.code == DENIED
    assert b"INSTANCENAME CLASSNAME" not in answer.body


def test_sec_10_an_encoded_header_is_the_namespace_that_it_decodes_to(fenced: RunningAgent) -> None:
    assert code(fenced, "root/ESMPRO/AS", "ESM_Alive", header="root%2FESMPRO%2fAS") == DENIED


def test_sec_10_the_header_cannot_differ_from_the_body(fenced: RunningAgent) -> None:
    body = call("EnumerateInstanceNames", CLASS.format("ESM_Alive"), namespace="root/ESMPRO/AS")
    answer = ask(fenced, request(body, auth=basic("fenced"), CIMObject="root/cimv2"))
    assert (answer.status, answer.cim_error) == (400, "header-mismatch")


def test_sec_10_what_is_left(fenced: RunningAgent) -> None:
    for namespace in ("root/interop", "Interop", "root/PG_InterOp"):
        assert code(fenced, namespace, "CIM_Namespace") is None
