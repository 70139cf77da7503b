"""Mounted file systems, from /proc/self/mountinfo, and the block devices under them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from openesm.host.tree import Tree, printable

_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
# These have an anonymous device number although they lie on a block device.
_ANONYMOUS = frozenset({"bcachefs", "btrfs", "fuseblk"})
_DEEPEST_STACK = 16


class DriveType(IntEnum):
    """ESM_FileSystemThread.DriveType."""

    UNKNOWN = 0
    REMOVABLE = 2
    FIXED = 3
    NETWORK = 4
    CD_ROM = 5


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of mountinfo: `target` is where it is mounted as the kernel has it, `mount_point` as text."""

    device: str  # "8:1"
    root: str
    target: bytes
    mount_point: str
    options: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system on a block device; `uuid` is "" where it has none."""

    mount: Mount
    device_path: str
    uuid: str
    drive: DriveType


def unescape(text: bytes) -> bytes:
    """The octal escapes by which /proc writes blanks, newlines and backslashes (`\\040`)."""
    return _OCTAL.sub(lambda match: bytes([int(match[1], 8)]), text)


def parse_mountinfo(content: bytes | None) -> Iterator[Mount]:
    """proc_pid_mountinfo(5); a line of another form is left out."""
    for line in (content or b"").split(b"\n"):
        head, dash, tail = line.partition(b" - ")
        words, ends = head.split(b" "), tail.split(b" ")
        if dash and len(words) >= 6 and len(ends) >= 3:
            target = unescape(words[4])
            yield Mount(
                device=words[2].decode("ascii", "replace"),
                root=_text(words[3]),
                target=target,
                mount_point=printable(target.decode("utf-8", "replace")) or "\ufffd",
                options=_options(_text(words[5]), _text(ends[2])),
                kind=_text(ends[0]),
                source=_text(ends[1]),
            )


def _text(word: bytes) -> str:
    return printable(unescape(word).decode("utf-8", "replace"))


def _options(of_mount: str, of_file_system: str) -> str:
    """Both lists as one; a read-only file system is read-only wherever it is mounted."""
    options = dict.fromkeys([*of_mount.split(","), *of_file_system.split(",")])
    if "ro" in options:
        options.pop("rw", None)
    return ",".join(options)


def read_file_systems(tree: Tree) -> Iterator[FileSystem]:
    """The first mount of each file system that lies on a block device."""
    uuids = read_uuids(tree)
    seen = set()
    for mount in parse_mountinfo(tree.sampled("proc/self/mountinfo")):
        anonymous = mount.device.startswith("0:")
        identity = mount.source if anonymous else mount.device
        if (anonymous and mount.kind not in _ANONYMOUS) or identity in seen:
            continue
        seen.add(identity)
        kernel_name = _kernel_name(tree, mount, anonymous)
        yield FileSystem(
            mount=mount,
            device_path=f"/dev/{kernel_name}" if mount.source in ("/dev/root", "none", "") else mount.source,
            uuid=uuids.get(kernel_name, ""),
            drive=_drive(tree, kernel_name),
        )


def _kernel_name(tree: Tree, mount: Mount, anonymous: bool) -> str:
    name = None if anonymous else tree.link_name(f"sys/dev/block/{mount.device}")
    return name or tree.link_name(mount.source.lstrip("/")) or mount.source.rpartition("/")[2]


def read_uuids(tree: Tree) -> dict[str, str]:
    """Kernel name of a block device -> UUID of its file system."""
    links = ((tree.link_name(f"dev/disk/by-uuid/{uuid}"), uuid) for uuid in tree.names("dev/disk/by-uuid"))
    return {name: printable(uuid) for name, uuid in links if name}


def _drive(tree: Tree, kernel_name: str) -> DriveType:
    whole = _whole_disks(tree, kernel_name)
    if any(name.startswith("sr") for name in whole):
        return DriveType.CD_ROM
    removable = [tree.line(f"sys/class/block/{name}/removable") for name in whole]
    if "1" in removable:
        return DriveType.REMOVABLE
    return DriveType.FIXED if "0" in removable else DriveType.UNKNOWN


def _whole_disks(tree: Tree, kernel_name: str, depth: int = 0) -> list[str]:
    """The disks under a partition, a device-mapper or a RAID device."""
    place = f"sys/class/block/{kernel_name}"
    slaves = tree.names(f"{place}/slaves") if depth < _DEEPEST_STACK else []
    if slaves:
        return [disk for slave in slaves for disk in _whole_disks(tree, slave, depth + 1)]
    if tree.exists(f"{place}/partition"):
        return [tree.real(place).split("/")[-2]]
    return [kernel_name]
