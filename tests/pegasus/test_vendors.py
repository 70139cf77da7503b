"""Two vendors' Python providers in one process, with files of the same names: neither gets the other's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import providers.cmpi
from tests.pegasus.real import HOME, NAMESPACE, PYTHON, Real

HERE = Path(__file__).parent
ANSWER = """
import providers

def answer():
    return f"{__file__} {providers.__file__} {providers.WHOSE}"
"""
FLAGS = """
import sysconfig as s
print('-I' + s.get_paths()['include'])
print('-L' + s.get_config_var('LIBDIR'), '-lpython' + s.get_config_var('LDVERSION'))
"""
CLASS = "class Acme_Vendor { [Key] string Name; string Answer; };"
REGISTRATION = """
instance of PG_ProviderModule {
  Name = "AcmeVendor"; Vendor = "Acme"; Version = "1.0.0";
  InterfaceType = "CMPI"; InterfaceVersion = "2.0.0"; Location = "acmevendor";
};
instance of PG_Provider { Name = "acmevendor"; ProviderModuleName = "AcmeVendor"; };
instance of PG_ProviderCapabilities {
  ProviderModuleName = "AcmeVendor"; ProviderName = "acmevendor"; CapabilityID = "1";
  ClassName = "Acme_Vendor"; Namespaces = { "root/ESMPRO/AS" }; ProviderType = { 2 };
  SupportedProperties = NULL; SupportedMethods = NULL;
};
"""


@contextmanager
def vendor(real: Real, folder: Path) -> Iterator[None]:
    """Acme's provider, registered; it has a file called like our entry file, and one like our package."""
    (folder / "openesm_cmpi.py").write_text(ANSWER)
    (folder / "providers.py").write_text("WHOSE = 'of Acme'\n")
    flags = subprocess.run([PYTHON, "-c", FLAGS], check=True, capture_output=True, text=True).stdout.split()
    library = Path(HOME) / "lib" / "libacmevendor.so"
    source = [f'-DFOLDER="{folder}"', f"-I{Path(providers.cmpi.__file__).parent}", str(HERE / "vendor.c")]
    subprocess.run(["cc", "-shared", "-fPIC", *source, "-o", str(library), *flags, "-ldl"], check=True)
    for name, namespace, text in (
        ("class", NAMESPACE, CLASS),
        ("registration", "root/PG_InterOp", REGISTRATION),
    ):
        (folder / f"{name}.mof").write_text(text)
        real.run(f"{HOME}/bin/cimmof", "-w", "-n", namespace, str(folder / f"{name}.mof"))
    try:
        yield
    finally:
        real.run(f"{HOME}/bin/cimprovider", "-r", "-m", "AcmeVendor")
        real.run(f"{HOME}/bin/cimcli", "dc", "Acme_Vendor", "-n", NAMESPACE, "-l", f"localhost:{real.port}")
        library.unlink()


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_in_one_process(real: Real, tmp_path: Path, first: str) -> None:
    """Pegasus loads both into its own process, one of them first."""
    with vendor(real, tmp_path):
        real.stop_cimserver()
        real.start_cimserver(forceProviderProcesses="false")
        try:
            connection = real.connection()
            for name in ("ESM_Alive", "Acme_Vendor") if first == "ours" else ("Acme_Vendor", "ESM_Alive"):
                assert len(connection.EnumerateInstances(name)) == 1
            (process,) = real.cimservers()
            loaded = Path(f"/proc/{process}/maps").read_text()
            assert "libopenesmCMPI.so" in loaded
            assert "libacmevendor.so" in loaded
            assert real.provider_processes() == []
            for _ in range(20):
                (theirs,) = connection.EnumerateInstances("Acme_Vendor")
                assert theirs["Answer"] == f"{tmp_path}/openesm_cmpi.py {tmp_path}/providers.py of Acme"
                (ours,) = connection.EnumerateInstances("ESM_Alive")
                assert ours["AgentUpTime"] >= 0
                assert {str(each["Name"]) for each in connection.EnumerateInstances("Acme_Lamp")} >= {"desk"}
        finally:
            real.stop_cimserver()
            real.start_cimserver()
