"""Every operation of wbemcli: command -> what it prints, its exit status, and the CIM error it tells."""

from __future__ import annotations

import re
import socket

import pytest

from tests.e2e.wbemcli import Wbemcli
from tests.running import RunningAgent

pytestmark = pytest.mark.needs("wbemcli")

CIM_FAILURE = 16


@pytest.fixture(scope="module")
def cpu0(wbemcli: Wbemcli) -> str:
    """The path of a processor, as a user types it back."""
    first = wbemcli.run("ein", on="ESM_Processor").lines[0]
    return first.partition("/root/ESMPRO/AS:")[2]


@pytest.mark.parametrize(
    ("operation", "target", "then", "expected"),
    [
        pytest.param("ein", "ESM_Alive", "", [r'{at}:ESM_Alive\.InstanceID="ESM:Alive"'], id="ein"),
        pytest.param("ein", "ESM_SystemDevice", "", None, id="ein of an association"),
        pytest.param(
            "ei",
            "ESM_Alive",
            "",
            [r'{at}:ESM_Alive\.InstanceID="ESM:Alive" InstanceID="ESM:Alive",.*'],
            id="ei",
        ),
        pytest.param(
            "ei", "ESM_Processor", "DeviceID", [r'.*DeviceID="[^"]+" DeviceID="[^"]+"'] * 2, id="ei, listed"
        ),
        pytest.param("ei", "ESM_Alive", "NoSuch", [r"{at}:ESM_Alive\..* "], id="ei, unknown property"),
        pytest.param("ei", "CIM_Processor", "DeviceID", None, id="ei of a superclass"),
        pytest.param("gi", "{cpu0}", "DeviceID", [r'{at}:{cpu0} DeviceID="[^"]+"'], id="gi"),
        pytest.param("gp", "{cpu0}", "DeviceID", [r"[\w]+"], id="gp"),
        pytest.param("gc", "ESM_Alive", "", [r"{at}:ESM_Alive InstanceID=,.*"], id="gc"),
        pytest.param(
            "gcd",
            "ESM_Alive",
            "",
            [r'<CLASS NAME="ESM_Alive" SUPERCLASS="CIM_ManagedElement">.*</CLASS>'],
            id="gcd",
        ),
        pytest.param("ecn", "CIM_Processor", "", [r"{at}:ESM_Processor"], id="ecn"),
        pytest.param("ecn", "ESM_Processor", "", [], id="ecn of a leaf"),
        pytest.param("ec", "CIM_Processor", "", [r"{at}:ESM_Processor .*DeviceID=.*"], id="ec"),
        pytest.param("ain", "{cpu0}", "", [r".*/root/ESMPRO/AS:CIM_ComputerSystem\..*"], id="ain"),
        pytest.param("ai", "{cpu0}", "Name", [r'.*:CIM_ComputerSystem\..* Name=".+"'], id="ai"),
        pytest.param(
            "rin", "{cpu0}", "", [r".*:ESM_SystemDevice\.GroupComponent=.*,PartComponent=.*"], id="rin"
        ),
        pytest.param("ri", "{cpu0}", "", [r".*:ESM_SystemDevice\..* GroupComponent.*=.*"], id="ri"),
    ],
)
def test_what_is_there(
    wbemcli: Wbemcli,
    agent: RunningAgent,
    cpu0: str,
    operation: str,
    target: str,
    then: str,
    expected: list[str] | None,
) -> None:
    outcome = wbemcli.run(operation, on=target.replace("{cpu0}", cpu0), then=then)
    assert (outcome.exit, outcome.err) == (0, "")
    at = re.escape(f"localhost:{agent.http_port}/root/ESMPRO/AS")
    if expected is None:
        assert outcome.lines
        return
    assert len(outcome.lines) == len(expected) or (expected and len(outcome.lines) > len(expected) > 1)
    for pattern, line in zip(expected, outcome.lines, strict=False):
        wanted = pattern.replace("{at}", at).replace("{cpu0}", re.escape(cpu0))
        assert re.fullmatch(wanted, line), line


@pytest.mark.parametrize(
    ("option", "value", "count"),
    [
        ("-ac", "ESM_SystemDevice", 1),
        ("-ac", "CIM_SystemDevice", 1),
        ("-ac", "ESM_HostedFileSystem", 0),
        ("-arc", "CIM_System", 1),
        ("-arc", "ESM_Network", 0),
        ("-ar", "PartComponent", 1),
        ("-ar", "GroupComponent", 0),
        ("-arr", "GroupComponent", 1),
        ("-arr", "PartComponent", 0),
    ],
)
def test_walks_can_be_narrowed(wbemcli: Wbemcli, cpu0: str, option: str, value: str, count: int) -> None:
    outcome = wbemcli.run("ain", option, value, on=cpu0)
    assert (outcome.exit, len(outcome.lines)) == (0, count)


NO_PROCESSOR = (
    'ESM_Processor.SystemCreationClassName="CIM_ComputerSystem",SystemName="x",'
    'CreationClassName="ESM_Processor",DeviceID="cpu999"'
)


@pytest.mark.parametrize(
    ("operation", "target", "then", "code"),
    [
        pytest.param("ei", "ESM_None", "", 5, id="ei, no class"),
        pytest.param("ein", "ESM_None", "", 5, id="ein, no class"),
        pytest.param("ecn", "ESM_None", "", 5, id="ecn, no class"),
        pytest.param("ec", "ESM_None", "", 5, id="ec, no class"),
        pytest.param("gc", "ESM_None", "", 6, id="gc, no class"),
        pytest.param("gi", 'ESM_None.A="1"', "", 5, id="gi, no class"),
        pytest.param("gi", NO_PROCESSOR, "", 6, id="gi, no instance"),
        pytest.param("gi", 'ESM_Alive.Wrong="ESM:Alive"', "", 6, id="gi, no such key"),
        pytest.param("gp", NO_PROCESSOR, "DeviceID", 6, id="gp, no instance"),
        pytest.param("gp", "{cpu0}", "Colour", 12, id="gp, no property"),
        pytest.param("sp", "{cpu0}", "DeviceID=x", 4, id="sp, read-only"),
        pytest.param("ain", NO_PROCESSOR, "", 6, id="ain, no instance"),
        pytest.param("ain", 'ESM_None.A="1"', "", 4, id="ain, no class"),
        pytest.param("rin", NO_PROCESSOR, "", 6, id="rin, no instance"),
        pytest.param("ci", 'ESM_Alive.InstanceID="x"', "InstanceID=x", 7, id="ci"),
        pytest.param("di", 'ESM_Alive.InstanceID="ESM:Alive"', "", 7, id="di"),
        pytest.param("di", NO_PROCESSOR, "", 6, id="di, no instance"),
        pytest.param("dc", "ESM_Alive", "", 7, id="dc"),
        pytest.param("cm", "{cpu0}", "Fly", 17, id="cm, no method"),
        pytest.param("cm", NO_PROCESSOR, "Fly", 17, id="cm, no instance and no method"),
    ],
)
def test_what_is_not(wbemcli: Wbemcli, cpu0: str, operation: str, target: str, then: str, code: int) -> None:
    outcome = wbemcli.run(operation, on=target.replace("{cpu0}", cpu0), then=then)
    assert (outcome.exit, outcome.out, outcome.cim_code) == (CIM_FAILURE, "", code), outcome.err


def test_modifying_what_is_read_only(wbemcli: Wbemcli) -> None:
    outcome = wbemcli.run("mi", on='ESM_Alive.InstanceID="ESM:Alive"', then="Caption=mine")
    assert outcome.exit == CIM_FAILURE
    assert outcome.cim_code in (4, 7), outcome.err


@pytest.mark.parametrize("operation", ["ei", "ein", "ecn", "gc"])
def test_no_namespace(wbemcli: Wbemcli, operation: str) -> None:
    outcome = wbemcli.run(operation, on="ESM_Alive", ns="root/nowhere")
    assert (outcome.exit, outcome.cim_code) == (CIM_FAILURE, 3)


@pytest.mark.parametrize("ns", ["root/interop", "interop", "root/PG_InterOp", "ROOT/esmpro/as"])
def test_namespaces_by_any_name(wbemcli: Wbemcli, agent: RunningAgent, ns: str) -> None:
    classname = "ESM_Alive" if "esmpro" in ns else "CIM_ObjectManager"
    outcome = wbemcli.run("ein", on=classname, ns=ns)
    assert outcome.exit == 0
    assert [line.partition(".")[0] for line in outcome.lines] == [
        f"localhost:{agent.http_port}/{ns}:{classname}"
    ]


def test_over_tls(wbemcli: Wbemcli, agent: RunningAgent) -> None:
    outcome = wbemcli.run("ein", "-cacert", str(agent.certificate), on="ESM_Alive", tls=True)
    assert (outcome.exit, len(outcome.lines)) == (0, 1), outcome.err


def test_over_tls_without_trust(wbemcli: Wbemcli) -> None:
    outcome = wbemcli.run("ein", on="ESM_Alive", tls=True)
    assert (outcome.exit, outcome.out) == (CIM_FAILURE, "")
    assert "certificate" in outcome.err.lower()


@pytest.mark.parametrize(
    ("user", "password"), [("admin", "wrong"), ("nobody", "correct horse 7"), ("viewer", "")]
)
def test_nobody(agent: RunningAgent, user: str, password: str) -> None:
    outcome = Wbemcli(agent, user, password).run("ein", on="ESM_Alive")
    assert outcome.exit == CIM_FAILURE
    assert "Http Exception: Invalid username/password." in outcome.err


def test_a_viewer_reads_and_changes_nothing(agent: RunningAgent) -> None:
    viewer = Wbemcli(agent, "viewer")
    alive = 'ESM_Alive.InstanceID="ESM:Alive"'
    assert viewer.run("gi", on=alive).exit == 0
    assert viewer.run("di", on=alive).cim_code == 2
    assert viewer.run("cm", on="ESM_Alive", then="Fly").cim_code == 2


def test_a_path_read_is_a_path_typed(wbemcli: Wbemcli) -> None:
    for classname in ("ESM_Network", "ESM_FileSystemThread", "ESM_PageFile", "ESM_GeneralInformation"):
        for line in wbemcli.run("ein", on=classname).lines:
            typed = line.partition("/root/ESMPRO/AS:")[2]
            outcome = wbemcli.run("gi", on=typed)
            assert (outcome.exit, outcome.out.partition(" ")[0]) == (0, line), outcome.err


def test_hosts_in_paths_of_associations(wbemcli: Wbemcli, cpu0: str) -> None:
    (line,) = wbemcli.run("ain", on=cpu0).lines
    host = line.partition("/")[0]
    assert socket.gethostname().split(".")[0].lower() in host.lower()
