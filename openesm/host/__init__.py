"""The only code that reads the machine: procfs, sysfs, SMBIOS, netlink, mounts."""

from openesm.host.machine import Host

__all__ = ["Host"]
