"""The examples of docs/providers.md, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pywbem

from tests.others.suite import NAMESPACE, subscribed
from tests.running import PASSWORD, PROJECT, eventually, running_agent

TEXT = (PROJECT / "docs" / "providers.md").read_text("utf-8")


def block(start: str) -> str:
    """The code block whose content begins like this."""
    found = [each for each in re.findall(r"```\w+\n(.*?)```", TEXT, re.DOTALL) if each.startswith(start)]
    (one,) = found
    return str(one)


def installed(place: Path) -> Path:
    """A folder of packages with the one of the page in it."""
    package = place / "site" / "acme_openesm"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "fan_sensor.py").write_text(block('"""Fan tachometers'))
    (package / "fan_sensor.mof").write_text(block('[Version ( "1.0.0" ), Description ( "A fan'))
    group = re.search(r'entry-points\."(.*?)"\]\n(.*)\n', block("# pyproject.toml"))
    assert group is not None
    info = place / "site" / "acme_openesm-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-openesm\nVersion: 1.0.0\n")
    name, _, module = group[2].replace('"', "").partition(" = ")
    (info / "entry_points.txt").write_text(f"[{group[1]}]\n{name} = {module}\n")
    return place / "site"


def test_a_package_with_an_entry_point(tmp_path: Path) -> None:
    site = installed(tmp_path)
    root = tmp_path / "root"
    chip = root / "sys" / "class" / "hwmon" / "hwmon2"
    chip.mkdir(parents=True)
    (chip / "fan1_input").write_text("1230\n")
    (chip / "fan1_min").write_text("600\n")
    with running_agent(tmp_path / "agent", env={"PYTHONPATH": str(site)}, root=root) as agent:
        connection = pywbem.WBEMConnection(agent.http, ("admin", PASSWORD), NAMESPACE)
        (fan,) = connection.EnumerateInstances("ESM_FanSensor")
        assert (fan["DeviceID"], fan["CurrentReading"], fan["LowerThresholdCritical"]) == (
            "hwmon2/fan1",
            1230,
            600,
        )
        assert fan["CreationClassName"] == "ESM_FanSensor"


def test_a_file_written_for_cmpi_bindings(tmp_path: Path) -> None:
    folder = tmp_path / "providers"
    folder.mkdir(mode=0o755)
    (folder / "acme_door.py").write_text(block("# /etc/openesm/providers/acme_door.py"))
    (folder / "acme_door.mof").write_text(block("// /etc/openesm/providers/acme_door.mof"))
    settings = f'[providers]\nfolder = "{folder}"\n'
    with running_agent(tmp_path / "agent", settings=settings) as agent:
        connection = pywbem.WBEMConnection(agent.http, ("admin", PASSWORD), NAMESPACE)
        doors = {each["Name"]: each["IsOpen"] for each in connection.EnumerateInstances("Acme_Door")}
        assert doors == {"front": False, "rear": True}
        with subscribed(connection, "SELECT * FROM Acme_DoorMoved") as told:
            path = pywbem.CIMInstanceName("Acme_Door", {"Name": "front"}, namespace=NAMESPACE)
            assert connection.InvokeMethod("Move", path, Open=True)[1]["Was"] == "closed"
            eventually(lambda: told, "the indication has arrived", 30)
            assert (told[0]["Name"], told[0]["IsOpen"]) == ("front", True)
        assert "Acme_DoorMoved is subscribed to" in agent.log
