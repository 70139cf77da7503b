"""The live host in private namespaces: many interfaces, real file systems, a false meminfo. Needs root."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare"
)
REPORT = """
import json, sys
from openesm.host import Host
from providers import file_system_thread, network, physical_memory, virtual_memory
host = Host()
providers = (file_system_thread, network, physical_memory, virtual_memory)
rows = {
    each.PROVIDER.classname: [dict(each.instance(element)) for element in each.read(host)]
    for each in providers
}
print(json.dumps(rows, default=str))
"""


def report(namespaces: str, prepare: str) -> dict[str, list[dict[str, Any]]]:
    """The rows that the providers give in new namespaces after the shell commands `prepare`."""
    script = f'{prepare}\nexec "$0" -c "$1"'
    command = ["unshare", *namespaces.split(), "sh", "-ec", script, sys.executable, REPORT]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode == 32 or "not permitted" in done.stderr or "not found" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def test_98_interfaces(tmp_path: Path) -> None:
    """CAU-2: though /sys still shows the interfaces of the outer network namespace."""
    links = tmp_path / "links"
    links.write_text("".join(f"link add v{at} type veth peer name w{at}\n" for at in range(49)))
    rows = report("--net", f"ip -batch {links}")["ESM_Network"]
    found = {row["DeviceID"]: row for row in rows}
    assert set(found) >= {f"{end}{at}" for end in "vw" for at in range(49)}
    assert all(row["InterfaceType"] == "veth" for name, row in found.items() if name[1:].isdecimal())
    assert all(len(row["NetworkAddresses"][0]) == 12 for name, row in found.items() if name[1:].isdecimal())


def test_false_meminfo(tmp_path: Path) -> None:
    """CAU-20."""
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(
        "MemTotal: 8000 kB\nMemFree: 400 kB\nMemAvailable: 4800 kB\nSwapTotal: 2000 kB\nSwapFree: 1500 kB\n"
    )
    rows = report("--mount", f"mount --bind {meminfo} /proc/meminfo")
    (physical,), (virtual,) = rows["ESM_PhysicalMemory"], rows["ESM_VirtualMemory"]
    assert (physical["UsedSize"], physical["UsedPercentage"], physical["PressurePercentage"]) == (
        7600,
        95,
        40,
    )
    assert (virtual["UsedSize"], virtual["UsedPercentage"]) == (8100, 81)


@pytest.mark.parametrize(
    ("kind", "size", "monitorable"),
    [
        pytest.param("ext4", "120M", True, id="ext4 of 120 MB"),
        pytest.param("ext4", "60M", False, id="ext4 of 60 MB"),
        pytest.param("xfs", "320M", True, id="xfs"),
        pytest.param("tmpfs", "200M", None, id="tmpfs"),
    ],
)
def test_mounted_file_systems(tmp_path: Path, kind: str, size: str, monitorable: bool | None) -> None:
    """CAU-4."""
    image, place, bound = tmp_path / "image", tmp_path / "a place", tmp_path / "bound"
    place.mkdir()
    bound.mkdir()
    make = f"truncate -s {size} {image}; mkfs.{kind} -q {image}; mount -o loop {image} '{place}'"
    if kind == "tmpfs":
        make = f"mount -t tmpfs -o size={size} tmpfs '{place}'"
    elif shutil.which(f"mkfs.{kind}") is None:
        pytest.skip(f"mkfs.{kind} is not installed")
    rows = report("--mount", f"{make}; mount --bind '{place}' {bound}")["ESM_FileSystemThread"]
    found = {row["MountPoint"]: row["Monitorable"] for row in rows}
    assert found.get(str(place)) == monitorable
    assert str(bound) not in found
