"""cmpi-bindings as the way of tog-pegasus to the providers, instead of the bridge of this project.

Its Python is the system's, without environment and virtual environments: so a file of the name that it
imports is put among that Python's packages, which adds ours; and its library under the name of the extension
that its own module `cmpi` imports.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from esmctl.failure import FailureError
from openesm import atomic

LIBRARY = "py3CmpiProvider"
MODULE, EXTENSION = "cmpi_pywbem_bindings.py", "_cmpi.so"
_MARK = "# by esmctl pegasus register --bindings\n"
_ENTRY = """\
{mark}import site
import sys

sys.executable = {python!r}
site.addsitedir({packages!r})
from providers.cmpi.cmpi_pywbem_bindings import get_cmpi_proxy_provider
"""


def folder() -> Path:
    """Where the system's Python looks for packages that no distribution has put there."""
    python = Path(sys.base_exec_prefix) / "bin" / f"python{sysconfig.get_python_version()}"
    done = subprocess.run(
        [python, "-I", "-c", "import site; print(site.getsitepackages()[0])"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if done.returncode:
        raise FailureError.of("pegasus-failed", command=python, reason=done.stderr.strip()[-200:])
    return Path(done.stdout.strip())


def install(library: Path) -> None:
    """Puts both files there.

    Args:
        library: of cmpi-bindings, in the provider directory of Pegasus.

    Raises:
        FailureError: there is no such library, or a file of somebody else's is in the way.
    """
    if not library.exists():
        raise FailureError.of("pegasus-absent", what=library)
    place = folder()
    entry, extension = place / MODULE, place / EXTENSION
    if entry.exists() and not _is_ours(entry):
        raise FailureError.of("pegasus-in-the-way", what=entry)
    if os.path.lexists(extension) and not _is_our_link(extension):
        raise FailureError.of("pegasus-in-the-way", what=extension)
    place.mkdir(parents=True, exist_ok=True)
    text = _ENTRY.format(mark=_MARK, python=sys.executable, packages=sysconfig.get_path("purelib"))
    atomic.write(entry, text.encode(), 0o644)
    extension.unlink(missing_ok=True)
    extension.symlink_to(library)


def remove() -> None:
    """Removes them, where they are ours."""
    entry = folder() / MODULE
    if entry.exists() and _is_ours(entry):
        entry.unlink()
        if _is_our_link(entry.with_name(EXTENSION)):
            entry.with_name(EXTENSION).unlink()


def _is_our_link(extension: Path) -> bool:
    return extension.is_symlink() and extension.readlink().name == f"lib{LIBRARY}.so"


def _is_ours(entry: Path) -> bool:
    return entry.read_text("utf-8", "replace").startswith(_MARK)
