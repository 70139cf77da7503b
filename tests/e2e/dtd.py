"""The DTD of DSP0203 2.4, out of pywbem's source package; kept in a cache, never in this project."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from lxml import etree

NAME = "DSP0203_2.4.0.dtd"
DOWNLOAD_S = 120


def load() -> etree.DTD:
    cached = cache() / NAME
    if not cached.exists():
        try:
            text = _download()
        except (OSError, LookupError, subprocess.SubprocessError, tarfile.TarError) as failed:
            reason = f"{NAME} is neither in {cached.parent} nor to be downloaded: {failed}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_bytes(text)
    return etree.DTD(io.BytesIO(cached.read_bytes()))


def cache() -> Path:
    """OPENESM_CACHE, else tox's working folder, else the user's cache."""
    if os.environ.get("OPENESM_CACHE"):
        return Path(os.environ["OPENESM_CACHE"])
    tox = os.environ.get("TOX_WORK_DIR")
    return Path(tox) / "cache" if tox else Path.home() / ".cache" / "openesm"


def _download() -> bytes:
    wanted = f"pywbem=={metadata.version('pywbem')}"
    with TemporaryDirectory() as folder:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
                *("--no-deps", "--no-binary", ":all:", "--dest", folder, wanted),
            ],
            capture_output=True,
            timeout=DOWNLOAD_S,
            check=True,
        )
        for package in Path(folder).glob("*.tar.gz"):
            with tarfile.open(package) as archive:
                for member in archive.getmembers():
                    found = archive.extractfile(member) if member.name.endswith(f"/{NAME}") else None
                    if found is not None:
                        return found.read()
    raise LookupError(f"not in the source package of {wanted}")


def problems(standard: etree.DTD, document: bytes) -> list[str]:
    """What makes a document invalid; [] when it is valid."""
    parsed = etree.fromstring(document, etree.XMLParser(huge_tree=True, resolve_entities=False))
    if standard.validate(parsed):
        return []
    return str(standard.error_log).splitlines()[:5]
