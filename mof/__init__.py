"""The schema as MOF (DSP0004): one ESM_* class per file, and the CIM classes that they derive from.

A root file lists, in order, what one namespace needs; `ROOTS` says which namespace. The same files load into
another WBEM server with its own MOF compiler.
"""

from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
FOR_OTHERS = FOLDER / "others" / "qualifiers.mof"  # goes before MOF files that others bring along
ROOTS: Mapping[str, str] = {"root/ESMPRO/AS": "esmpro_as.mof", "root/interop": "interop.mof"}


def files() -> tuple[Path, ...]:
    """Every MOF file, sorted by its path below `FOLDER`."""
    return tuple(sorted(FOLDER.rglob("*.mof")))
