"""What only system calls and programs tell: of the live machine, or as a recording kept it.

A recording has it in `recorded/`: clock.json (`wall`, `monotonic`, `utc_offset_s`), uname.json, statvfs.json
(by mount point), ethtool.json (`{interface: {"permanent_address": hex, "fastest_mbit": n}}`), links.bin and
addresses.bin (rtnetlink dumps), source_address.json (by destination), smartctl/<kernel name>.json.
"""

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from openesm.host import ethtool, rtnetlink
from openesm.host.tree import Tree

SMARTCTL_LIMIT_S = 10.0
_SMARTCTL_PLACES = tuple(map(Path, ("/usr/sbin/smartctl", "/sbin/smartctl", "/usr/local/sbin/smartctl")))
_CLEAN_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_LARGEST_REPORT = 4 << 20
_DISCARD_PORT = 9


@dataclass(frozen=True, slots=True)
class Uname:
    nodename: str = ""
    release: str = ""
    version: str = ""
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Space:
    """statvfs(3): sizes in blocks of `frsize` bytes."""

    frsize: int
    blocks: int
    free: int
    available: int
    files: int
    files_free: int
    longest_name: int
    block_size: int


class Calls(Protocol):
    """Each may raise OSError or ValueError: that fact is unknown then."""

    def wall(self) -> float: ...
    def monotonic(self) -> float: ...
    def utc_offset_s(self, at: float) -> int: ...
    def uname(self) -> Uname: ...
    def space(self, mount_point: str) -> Space: ...
    def links(self) -> bytes: ...
    def addresses(self) -> bytes: ...
    def permanent_address(self, interface: str) -> bytes: ...
    def fastest_mbit(self, interface: str) -> int | None: ...
    def source_address(self, destination: str) -> str: ...
    def smart_report(self, kernel_name: str) -> bytes: ...


class LiveCalls:
    """The machine that we run on.

    Args:
        smartctl: absolute path of smartctl; None looks where distributions put it.
        root: where its file systems are seen; another place than / from within a container.
    """

    def __init__(self, smartctl: Path | None = None, root: Path = Path("/")) -> None:
        self._smartctl = smartctl
        self._root = root

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def utc_offset_s(self, at: float) -> int:
        time.tzset()
        return time.localtime(at).tm_gmtoff

    def uname(self) -> Uname:
        answer = os.uname()
        return Uname(answer.nodename, answer.release, answer.version, answer.machine)

    def space(self, mount_point: str) -> Space:
        return space_of(os.statvfs(self._root / mount_point.lstrip("/")))

    def links(self) -> bytes:
        return rtnetlink.ask(rtnetlink.RTM_GETLINK)

    def addresses(self) -> bytes:
        return rtnetlink.ask(rtnetlink.RTM_GETADDR)

    def permanent_address(self, interface: str) -> bytes:
        return ethtool.permanent_address(interface)

    def fastest_mbit(self, interface: str) -> int | None:
        return ethtool.fastest_mbit(interface)

    def source_address(self, destination: str) -> str:
        """The address from which we would send to a numeric address; connecting UDP sends nothing."""
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.connect((destination, _DISCARD_PORT))
            return str(channel.getsockname()[0])

    def smart_report(self, kernel_name: str) -> bytes:
        """What `smartctl -j -a` prints. FileNotFoundError where it is not installed."""
        places = (self._smartctl,) if self._smartctl else _SMARTCTL_PLACES
        program = next((place for place in places if os.access(place, os.X_OK)), None)
        if program is None:
            raise FileNotFoundError("smartctl")
        return run(program, "-j", "-a", f"/dev/{kernel_name}", limit_s=SMARTCTL_LIMIT_S)


def run(program: Path, *arguments: str, limit_s: float) -> bytes:
    """The output of a program, whatever its exit code; it has no input and a clean environment.

    Raises:
        OSError: it does not start, or is not done after `limit_s` seconds and was killed. A process in the
            kernel's hands may not die at once, so call this where a hang does no harm.
    """
    import subprocess

    with subprocess.Popen(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_CLEAN_ENVIRONMENT,
        cwd="/",
    ) as process:
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired as late:
            process.kill()
            raise TimeoutError(str(program)) from late
    return output[:_LARGEST_REPORT]


def space_of(answer: os.statvfs_result) -> Space:
    return Space(
        frsize=answer.f_frsize or answer.f_bsize,
        blocks=answer.f_blocks,
        free=answer.f_bfree,
        available=answer.f_bavail,
        files=answer.f_files,
        files_free=answer.f_ffree,
        longest_name=answer.f_namemax,
        block_size=answer.f_bsize,
    )


class RecordedCalls:
    """The answers that a recording kept; the clock stands where `clock.json` says."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def wall(self) -> float:
        return float(self._table("clock")["wall"])

    def monotonic(self) -> float:
        return float(self._table("clock")["monotonic"])

    def utc_offset_s(self, at: float) -> int:  # noqa: ARG002 - a recording is of one moment
        return int(self._table("clock")["utc_offset_s"])

    def uname(self) -> Uname:
        return Uname(**self._table("uname"))

    def space(self, mount_point: str) -> Space:
        return Space(**self._table("statvfs")[mount_point])

    def links(self) -> bytes:
        return self._bytes("links.bin")

    def addresses(self) -> bytes:
        return self._bytes("addresses.bin")

    def permanent_address(self, interface: str) -> bytes:
        return bytes.fromhex(self._table("ethtool")[interface]["permanent_address"])

    def fastest_mbit(self, interface: str) -> int | None:
        fastest = self._table("ethtool")[interface].get("fastest_mbit")
        return None if fastest is None else int(fastest)

    def source_address(self, destination: str) -> str:
        return str(self._table("source_address")[destination])

    def smart_report(self, kernel_name: str) -> bytes:
        return self._bytes(f"smartctl/{kernel_name}.json")

    def _bytes(self, name: str) -> bytes:
        content = self._tree.raw(f"recorded/{name}")
        if content is None:
            raise FileNotFoundError(name)
        return content

    def _table(self, name: str) -> Mapping[str, Any]:
        table = json.loads(self._bytes(f"{name}.json"))
        if not isinstance(table, dict):
            raise ValueError(name)
        return _Answers(table)


class _Answers(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        raise FileNotFoundError(key)
