"""Mounted local file systems (CIM-10, CAU-4)."""

from dataclasses import dataclass

from openesm.cim.provider import Metric, Provider, Row
from openesm.host import Host
from openesm.host.calls import Space
from openesm.host.memory import percent
from openesm.host.mounts import DriveType, FileSystem
from openesm.text import Message

MIB = 1 << 20
SMALLEST_WATCHED = 100 * MIB  # bytes (CAU-4)
WATCHED_KINDS = frozenset({"ext2", "ext3", "ext4", "xfs"})
_CASELESS = frozenset({"exfat", "fuseblk", "msdos", "ntfs", "ntfs3", "vfat"})


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system and what statvfs says of it; `space` is None while it does not answer."""

    file_system: FileSystem
    space: Space | None

    @property
    def element(self) -> str:
        """UUID and mount point, so that thresholds outlive an unmount (CAU-6); the device without a UUID."""
        mounted = self.file_system
        return f"{mounted.uuid}:{mounted.mount.mount_point}" if mounted.uuid else mounted.device_path

    @property
    def size(self) -> int | None:
        return self.space.blocks * self.space.frsize if self.space else None

    @property
    def available(self) -> int | None:
        return self.space.available * self.space.frsize if self.space else None


def read(host: Host) -> list[Volume]:
    found = host.mounts()
    return [Volume(*pair) for pair in zip(found, host.spaces(found), strict=True)]


def not_monitorable(volume: Volume) -> Message | None:
    """Why no threshold can be set (CAU-4, CAU-7); None where one can.

    A volume of the right kind that does not answer stays monitorable: that is for the monitor to report.
    """
    kind = volume.file_system.mount.kind
    if kind not in WATCHED_KINDS:
        return Message.of("providers.fs-other-kind", kind=kind)
    if volume.file_system.drive is not DriveType.FIXED:
        return Message.of("providers.fs-not-fixed")
    if volume.size is not None and volume.size < SMALLEST_WATCHED:
        return Message.of("providers.fs-too-small")
    return None


def instance(volume: Volume) -> Row:
    mount, space = volume.file_system.mount, volume.space
    reason = not_monitorable(volume)
    options = mount.options.split(",")
    return {
        "Name": mount.mount_point,
        "ElementName": mount.mount_point,
        "Caption": mount.mount_point,
        "OperationalStatus": [2 if space else 0],
        "HealthState": 5 if space else 0,
        "EnabledState": 2,
        "InstallDate": None,
        "TimeOfLastStateChange": None,
        "Root": mount.mount_point,
        "BlockSize": space.frsize if space else None,
        "FileSystemSize": volume.size,
        "AvailableSpace": volume.available,
        "ReadOnly": "ro" in options,
        "CaseSensitive": mount.kind not in _CASELESS,
        "CasePreserved": True,
        "MaxFileNameLength": space.longest_name if space else None,
        "FileSystemType": mount.kind,
        "PersistenceType": 4
        if volume.file_system.drive is DriveType.REMOVABLE
        else 2,  # External; Persistent
        "NumberOfFiles": space.files - space.files_free
        if space and space.files >= space.files_free
        else None,
        "DevicePath": volume.file_system.device_path,
        "FileSystemUUID": volume.file_system.uuid,
        "MountPoint": mount.mount_point,
        "MountOptions": mount.options,
        "DriveType": int(volume.file_system.drive),
        "TotalSize": _mib(volume.size),
        "FreeSize": free_mib(volume),
        "FreePercentage": free_percentage(volume),
        "FreeInodes": space.files_free if space else None,
        "TotalInodes": space.files if space else None,
        "FreeInodePercentage": free_inode_percentage(volume),
        "Monitorable": reason is None,
        "NotMonitorableReason": reason.text("en") if reason else None,
    }


def _mib(size: int | None) -> int | None:
    return None if size is None else size // MIB


def free_mib(volume: Volume) -> int | None:
    """MiB that programs without privileges can still fill."""
    return _mib(volume.available)


def free_percentage(volume: Volume) -> int | None:
    return percent(volume.available, volume.size) if volume.size else None


def free_inode_percentage(volume: Volume) -> int | None:
    """None for a file system that makes inodes as it needs them."""
    space = volume.space
    return percent(space.files_free, space.files) if space and space.files else None


PROVIDER = Provider(
    classname="ESM_FileSystemThread",
    read=read,
    instance=instance,
    element=lambda volume: volume.element,
    metrics=(
        Metric("file_system.free_percent", free_percentage),
        Metric("file_system.free_mb", free_mib),
        Metric("file_system.free_inodes_percent", free_inode_percentage),
    ),
    may_block=True,
)
