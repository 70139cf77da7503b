"""WS-Management over HTTPS with Basic, as the clients of others speak it: pypsrp, pywinrm, dracclient."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import dracclient.exceptions
import dracclient.wsman
import pypsrp.wsman
import pytest
import pywbem
import requests
import winrm.protocol

from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import ENUMERATION, GET, WSMAN
from esmd.wbem.wsman.values import declared_by, values_in
from openesm.cim.schema import Schema
from openesm.cim.values import DateTime
from tests.e2e import test_wbemcli_classes as wbemcli_classes
from tests.e2e.managers import connected
from tests.esmd.wbem.wsman.asking import DMTF, SPACES, request
from tests.running import PASSWORD, RunningAgent, eventually

NAMESPACE = "root/ESMPRO/AS"
USER = ("admin", PASSWORD)
CLASSES = tuple(name for name in wbemcli_classes.CLASSES if name != "ESM_Alive")  # which is a clock
MOVING = frozenset({"timestamp", "uptime", "localdatetime", "freevirtualmemory", "freephysicalmemory"})


def post(agent: RunningAgent, body: str, **how: Any) -> requests.Response:
    return requests.post(
        agent.wsman,
        body.encode(),
        auth=USER,
        verify=str(agent.certificate),
        headers={"Content-Type": "application/soap+xml;charset=UTF-8"},
        timeout=30,
        **how,
    )


@pytest.fixture
def pypsrp_client(agent: RunningAgent) -> Iterator[pypsrp.wsman.WSMan]:
    client = pypsrp.wsman.WSMan(
        "localhost",
        port=agent.wsman_port,
        username=USER[0],
        password=USER[1],
        auth="basic",
        cert_validation=str(agent.certificate),
        encryption="never",
    )
    yield client
    client.close()


def selectors(**chosen: str) -> pypsrp.wsman.SelectorSet:
    made = pypsrp.wsman.SelectorSet()
    for name, value in chosen.items():
        made.add_option(name, value)
    return made


def test_pypsrp_gets_and_enumerates(pypsrp_client: pypsrp.wsman.WSMan) -> None:
    uri = f"{DMTF}/ESM_Alive"
    chosen = selectors(InstanceID="ESM:Alive", __cimnamespace=NAMESPACE)
    got = pypsrp_client.get(uri, selector_set=chosen)
    assert got.find(".//{*}InstanceID").text == "ESM:Alive"
    asked = ElementTree.Element(f"{{{ENUMERATION}}}Enumerate")
    ElementTree.SubElement(asked, f"{{{WSMAN}}}OptimizeEnumeration")
    ElementTree.SubElement(asked, f"{{{WSMAN}}}MaxElements").text = "100"
    found = pypsrp_client.enumerate(
        f"{DMTF}/ESM_Processor", asked, selector_set=selectors(__cimnamespace=NAMESPACE)
    )
    names = [each.text for each in found.iterfind(".//{*}DeviceID")]
    assert "_Total" in names


def test_pypsrp_changes_and_invokes(agent: RunningAgent, pypsrp_client: pypsrp.wsman.WSMan) -> None:
    uri = f"{DMTF}/ESM_PhysicalMemory"
    with connected(agent) as connection:
        (path,) = connection.EnumerateInstanceNames("ESM_PhysicalMemory")
    chosen = selectors(**dict(path.keybindings), __cimnamespace=NAMESPACE)
    try:
        given = ElementTree.Element(f"{{{uri}}}SetThresholds_INPUT")
        ElementTree.SubElement(given, f"{{{uri}}}WarningThreshold").text = "77"
        ElementTree.SubElement(given, f"{{{uri}}}WarningClearThreshold").text = "70"
        answer = pypsrp_client.invoke(f"{uri}/SetThresholds", uri, given, selector_set=chosen)
        assert answer.find(".//{*}ReturnValue").text == "0"
        instance = next(iter(pypsrp_client.get(uri, selector_set=chosen)))
        assert instance.find("{*}WarningThreshold").text == "77"
        instance.find("{*}WarningThreshold").text = "78"
        put = pypsrp_client.put(uri, instance, selector_set=chosen)
        assert put.find(".//{*}WarningThreshold").text == "78"
    finally:
        pypsrp_client.invoke(f"{uri}/RestoreDefaultThresholds", uri, None, selector_set=chosen)


def test_pypsrp_creates_pulls_and_deletes(pypsrp_client: pypsrp.wsman.WSMan) -> None:
    uri, interop = f"{DMTF}/CIM_IndicationFilter", selectors(__cimnamespace="root/interop")
    new = ElementTree.Element(f"{{{uri}}}CIM_IndicationFilter")
    query = 'SELECT * FROM ESM_AlertIndication WHERE Message = "a & <b>"'
    for name, text in ("Name", "by-pypsrp"), ("Query", query), ("QueryLanguage", "WQL"):
        ElementTree.SubElement(new, f"{{{uri}}}{name}").text = text
    created = pypsrp_client.create(uri, new, selector_set=interop)
    chosen = {each.get("Name"): each.text for each in created.iter(f"{{{WSMAN}}}Selector")}
    try:
        asked = ElementTree.Element(f"{{{ENUMERATION}}}Enumerate")
        opened = pypsrp_client.enumerate(uri, asked, selector_set=interop)
        pull = ElementTree.Element(f"{{{ENUMERATION}}}Pull")
        ElementTree.SubElement(pull, f"{{{ENUMERATION}}}EnumerationContext").text = opened.findtext(
            ".//{*}EnumerationContext"
        )
        ElementTree.SubElement(pull, f"{{{ENUMERATION}}}MaxElements").text = "100"
        found = pypsrp_client.pull(uri, pull, selector_set=interop)
        assert query in [each.text for each in found.iter(f"{{{uri}}}Query")]
    finally:
        pypsrp_client.delete(uri, selector_set=selectors(**chosen))
    with pytest.raises(pypsrp.exceptions.WSManFaultError):
        pypsrp_client.get(uri, selector_set=selectors(**chosen))


def test_pypsrp_is_told_of_faults(pypsrp_client: pypsrp.wsman.WSMan) -> None:
    with pytest.raises(pypsrp.exceptions.WSManFaultError):
        pypsrp_client.get(f"{DMTF}/ESM_Nothing", selector_set=selectors(A="b"))


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_dracclient_enumerates(agent: RunningAgent) -> None:
    """It sends no Content-Type and no selectors, and wants Items whatever happens (wsman.md 12)."""
    client = dracclient.wsman.Client("localhost", *USER, port=agent.wsman_port)
    found = client.enumerate(f"{DMTF}/ESM_FileSystemThread")
    with connected(agent) as connection:
        expected = {path["Name"] for path in connection.EnumerateInstanceNames("ESM_FileSystemThread")}
    assert {each.findtext("{*}Name") for each in found.iterfind(".//{*}ESM_FileSystemThread")} == expected
    assert client.enumerate(f"{DMTF}/ESM_VideoController").find(".//{*}Items") is not None
    found = client.enumerate(f"{DMTF}/ESM_Processor", max_elems=1)
    assert "_Total" in {each.text for each in found.iterfind(".//{*}DeviceID")}
    with pytest.raises(dracclient.exceptions.WSManInvalidResponse):
        client.enumerate(f"{DMTF}/ESM_Nothing")


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_dracclient_invokes(agent: RunningAgent) -> None:
    """It reads ReturnValue, and sends every value as text."""
    client = dracclient.wsman.Client("localhost", *USER, port=agent.wsman_port)
    uri = f"{DMTF}/ESM_VirtualMemory"
    with connected(agent) as connection:
        (path,) = connection.EnumerateInstanceNames("ESM_VirtualMemory")
    chosen = {str(name): str(value) for name, value in path.keybindings.items()}
    given = {"WarningThreshold": "81", "WarningClearThreshold": "71"}
    try:
        answer = client.invoke(uri, "SetThresholds", chosen, given)
        assert answer.findtext(f".//{{{uri}}}ReturnValue") == "0"
        with connected(agent) as connection:
            assert connection.GetInstance(path)["WarningThreshold"] == 81
    finally:
        answer = client.invoke(uri, "RestoreDefaultThresholds", chosen, {})
        assert answer.findtext(f".//{{{uri}}}ReturnValue") == "0"


def test_pywinrm_speaks_to_it(agent: RunningAgent) -> None:
    client = winrm.protocol.Protocol(
        endpoint=agent.wsman,
        transport="basic",
        username=USER[0],
        password=USER[1],
        server_cert_validation="validate",
        ca_trust_path=str(agent.certificate),
    )
    body = request(
        GET,
        uri=f"{DMTF}/ESM_Alive",
        selectors={"InstanceID": "ESM:Alive"},
        namespace=NAMESPACE,
        message_id=f"uuid:{uuid.uuid4()}",
    )
    assert b"ESM:Alive" in client.send_message(body)


def test_the_first_request_without_credentials_is_challenged(agent: RunningAgent) -> None:
    """libwsman sends body and all first, and repeats it on the same connection after a 401."""
    with requests.Session() as session:
        session.verify, session.trust_env = str(agent.certificate), False
        body = request(
            GET, uri=f"{DMTF}/ESM_Alive", selectors={"InstanceID": "ESM:Alive"}, namespace=NAMESPACE
        )
        first = session.post(agent.wsman, body.encode(), timeout=30)
        assert (first.status_code, first.content) == (401, b"")
        assert first.headers["WWW-Authenticate"].startswith('Basic realm="')
        assert session.post(agent.wsman, body.encode(), auth=USER, timeout=30).status_code == 200


@pytest.mark.parametrize("path", ["/", "/cimom", "/control", "/wsman/../etc/passwd", "/wsman-anon"])
def test_no_other_url_exists(agent: RunningAgent, path: str) -> None:
    url = f"https://localhost:{agent.wsman_port}{path}"
    answer = requests.post(url, b"x", auth=USER, verify=str(agent.certificate), timeout=30)
    assert answer.status_code == 404
    assert requests.get(agent.wsman, auth=USER, verify=str(agent.certificate), timeout=30).status_code == 405


def instances(agent: RunningAgent, classname: str) -> list[Element]:
    inner = "<w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements>"
    body = request(
        f"{ENUMERATION}/Enumerate",
        f"<e:Enumerate>{inner}</e:Enumerate>",
        uri=f"{DMTF}/{classname}",
        namespace=NAMESPACE,
    )
    answer = post(agent, body)
    assert answer.status_code == 200, answer.text
    return list(ElementTree.fromstring(answer.content).find(".//w:Items", SPACES) or [])


@pytest.mark.parametrize("classname", CLASSES)
def test_both_faces_tell_the_same(agent: RunningAgent, schema: Schema, classname: str) -> None:
    """Every value of every instance, read back from both, but for those that move between two requests."""
    cls = schema.namespaces["root/esmpro/as"].get(classname)
    assert cls is not None
    told: list[list[dict[str, str]]] = []

    def agree() -> bool:
        with connected(agent) as connection:
            cimxml = connection.EnumerateInstances(classname)
        wsman = [
            values_in(each, declared_by(cls.properties.values()), Fault("x"))
            for each in instances(agent, classname)
        ]
        told[:] = [
            [shown({name: typed.value for name, typed in each.items()}) for each in wsman],
            [shown({name: plain(each[name]) for name in each}) for each in cimxml],
        ]
        return told[0] == told[1]

    with suppress(AssertionError):  # a reading may lie between the two
        eventually(agree, "both tell the same")
    assert told[0] == told[1]


def plain(value: object) -> object:
    if isinstance(value, pywbem.CIMDateTime):
        return str(value)
    return [plain(item) for item in value] if isinstance(value, list) else value


def shown(values: dict[str, object]) -> dict[str, str]:
    """Values as text that both clients spell alike, without NULL and without arrays of nothing."""
    return {
        name: spelled(value)
        for name, value in sorted(values.items())
        if value is not None and value != [] and name.lower() not in MOVING
    }


def spelled(value: object) -> str:
    if isinstance(value, DateTime):
        return f"{value.low:.3f}"
    if isinstance(value, str) and len(value) == 25 and value[14:15] == ".":
        return f"{DateTime.parse(value).low:.3f}"
    if isinstance(value, list):
        return str([spelled(item) for item in value])
    return f"{float(value):.3f}" if isinstance(value, float) else str(value)
