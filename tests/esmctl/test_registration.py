"""What a CIMOM is told of the providers, and that the bridge compiles without a warning."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

import providers
import providers.cmpi
from esmctl import pegasus, registration
from openesm.cim.mofc import compile_schema
from openesm.cim.schema import Schema
from tests.others.suite import SAMPLES
from tests.running import PROJECT

NAMES = {provider.classname for provider in providers.installed()}
SERVED = registration.served(providers.installed())


def test_every_class_is_registered() -> None:
    text = registration.pegasus(SERVED, "1.2.3")
    for name in NAMES | {"ESM_AlertIndication"}:
        assert text.count(f'ClassName = "{name}"') == 1
    assert text.count("ProviderType = { 2, 3 }") == 3, "the associations"
    assert text.count("ProviderType = { 4 }") == 1
    sfcb = registration.sfcb(SERVED)
    assert "[ESM_AlertIndication]\n  provider: openesm\n  location: openesmCMPI\n  type: indication\n" in sfcb
    assert sfcb.count("\n  namespace: root/ESMPRO/AS\n") == len(NAMES) + 1


def test_classes_of_others_by_what_their_mof_says() -> None:
    schema = Schema(compile_schema(more=[SAMPLES / "acme_lamps.mof"]))
    namespace = schema.namespaces["root/esmpro/as"]
    names = schema.declared[str(SAMPLES / "acme_lamps.mof")]
    classes = [cls for name in names if (cls := namespace.get(name)) is not None]
    assert {name: kinds for name, _, kinds in registration.served((), classes)} == {
        "ESM_AlertIndication": [4],
        "Acme_Lamp": [2, 5],
        "Acme_Room": [2, 5],
        "Acme_LampInRoom": [2, 3, 5],
        "Acme_LampSwitched": [4],
    }


def test_classes_go_after_those_that_need_them() -> None:
    order = pegasus.leaves_first()
    assert set(order) >= NAMES
    assert order.index("ESM_Processor") < order.index("CIM_Processor") < order.index("CIM_ManagedElement")
    assert order.index("ESM_SystemDevice") < order.index("CIM_ComputerSystem")


def test_what_wbemcli_cannot_read_is_left_out(tmp_path: Path) -> None:
    folder = pegasus._for_pegasus(tmp_path / "mof")
    device = (folder / "cim" / "device.mof").read_text()
    assert '[Override ( "AllocationState" )]\n   string AllocationState;' in device
    assert "string AllocationState" in (folder / "cim" / "enabled.mof").read_text()


@pytest.mark.needs("gcc")
def test_the_bridge_compiles() -> None:
    source = Path(providers.cmpi.__file__).parent / "bridge.c"
    names = ("OPENESM_SITE", "OPENESM_EXECUTABLE", "OPENESM_PYTHON")
    words = [*(f'-D{name}="x"' for name in names), f"-I{sysconfig.get_path('include')}", str(source)]
    done = subprocess.run(
        ["gcc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_without_pegasus_all_that_is_missing_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        ["python3", "-m", "esmctl.main", "pegasus", "register", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    assert done.returncode == 1
    assert all(name in done.stderr for name in pegasus.TOOLS)
    assert "Traceback" not in done.stderr
