"""The recorded machines, one function each: it writes the tree and gives the counters seen over time."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.hosts import tables
from tests.hosts.recording import Recording, Snapshot, cpu_line, statvfs

UUID = bytes.fromhex("78563412cdab3412abcd123456789abc")  # CAU-21
_CPU = "sys/devices/system/cpu"


def _plain(recording: Recording, name: str = "server1") -> None:
    """What every Linux has: a name, a system, memory, two CPUs' worth of topology."""
    recording.clock(1000.0)
    recording.answer(
        "uname", {"nodename": name, "release": "6.1.0-13-amd64", "version": "#1 SMP", "machine": "x86_64"}
    )
    recording.file("etc/hosts", f"127.0.0.1 localhost\n10.1.2.1 {name}.example.com {name} # the LAN\n")
    recording.file(
        "etc/os-release", 'NAME="Test Linux"\nVERSION_ID="9.4"\nPRETTY_NAME="Test Linux 9.4 (Plum)"\n'
    )
    recording.link("etc/localtime", "../usr/share/zoneinfo/Asia/Tokyo")
    recording.file("proc/uptime", "86400.25 170000.00\n")
    recording.file("proc/loadavg", "0.52 0.58 0.59 2/345 6789\n")
    recording.file("proc/stat", cpu_line("cpu", 1, 2, 3, 4, 5, 6, 7, 8) + "btime 1763913600\n")
    recording.file(
        "proc/meminfo",
        "MemTotal:        8000000 kB\nMemFree:          400000 kB\nMemAvailable:    4800000 kB\n"
        "Buffers:          200000 kB\nCached:          4000000 kB\nSwapCached:            0 kB\n"
        "SwapTotal:       2000000 kB\nSwapFree:        1500000 kB\n"
        "CommitLimit:     6000000 kB\nCommitted_AS:    3000000 kB\n",
    )
    recording.file(
        "proc/swaps",
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        "/dev/sda3                               partition\t1500000\t\t500000\t\t-2\n"
        "/var/swap\\040file                       file\t\t500000\t\t0\t\t-3\n",
    )
    _cpus(recording, count=2, cores=2, packages=1)


def _cpus(recording: Recording, *, count: int, cores: int, packages: int) -> None:
    """`count` logical CPUs: thread t of core c of package p is t·cores·packages + p·cores + c."""
    blocks = []
    for cpu in range(count):
        package, core = divmod(cpu % (cores * packages), cores)
        recording.files(
            f"{_CPU}/cpu{cpu}/topology",
            {"physical_package_id": f"{package}\n", "core_id": f"{core}\n", "die_id": "0\n"},
        )
        blocks.append(
            f"processor\t: {cpu}\nmodel name\t: Xeon  Test CPU\t@ 2.40GHz\nstepping\t: 2\n"
            f"cpu MHz\t\t: 2399.998\nflags\t\t: fpu lm sse2\n"
        )
    recording.file("proc/cpuinfo", "\n".join(blocks) + "\n")
    recording.file(f"{_CPU}/present", f"0-{count - 1}\n")
    recording.file(f"{_CPU}/online", f"0-{count - 1}\n")


def _sysfs_nic(recording: Recording, index: int, name: str, mac: str, **attributes: str) -> None:
    place = f"sys/class/net/{name}"
    values = {
        "ifindex": f"{index}",
        "address": mac,
        "type": "1",
        "flags": "0x1003",
        "mtu": "1500",
    } | attributes
    recording.files(place, {key: f"{value}\n" for key, value in values.items()})
    counters = ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "collisions")
    for at, counter in enumerate(counters):
        recording.file(f"{place}/statistics/{counter}", f"{index * 100 + at}\n")


def many_nics(root: Path) -> list[Snapshot]:
    """49 interfaces of every sort, over netlink (CAU-2)."""
    recording = Recording(root)
    _plain(recording)
    counters = (10, 20, 1000, 2000, 1, 2, 3, 4, 0, 5)
    links = [
        tables.link(1, "lo", "000000000000", hardware=772, flags=0x49),
        tables.link(2, "ens1f0", "3cecef000002", permanent="3cecef000002", master=4, counters=counters),
        tables.link(3, "ens1f1", "3cecef000002", permanent="3cecef000003", master=4, flags=0x1002),
        tables.link(4, "bond0", "3cecef000002", kind="bond"),
        tables.link(5, "ib0", "80000028fe800000000000000002c903000a1b2d0000dead"[:40], hardware=32),
        tables.link(6, "bond0.100", "3cecef000002", kind="vlan"),
        tables.link(7, "wlp3s0", "a0a8cd112233"),
    ]
    links += [tables.link(at, f"veth{at}", f"0242ac11{at:04x}", kind="veth") for at in range(8, 50)]
    recording.file("recorded/links.bin", b"".join(links) + tables.DONE)
    recording.file(
        "recorded/addresses.bin",
        tables.address(1, "127.0.0.1", 254)
        + tables.address(4, "10.1.2.1")
        + tables.address(4, "10.1.2.7")
        + tables.address(4, "fe80::1", 253)
        + tables.address(4, "2001:db8::1")
        + tables.DONE,
    )
    recording.answer("ethtool", {"ens1f0": {"permanent_address": "3cecef000002", "fastest_mbit": 25000}})
    device = "../../../devices/pci0000:00/0000:00:03.0/0000:17:00"
    for name, function, speed, duplex in (("ens1f0", 0, "10000", "full"), ("ens1f1", 1, "-1", "unknown")):
        recording.files(f"sys/class/net/{name}", {"speed": f"{speed}\n", "duplex": f"{duplex}\n"})
        recording.link(f"sys/class/net/{name}/device", f"{device}.{function}")
        recording.link(
            f"sys/devices/pci0000:00/0000:00:03.0/0000:17:00.{function}/driver",
            "../../../bus/pci/drivers/ice",
        )
    recording.file("sys/class/net/wlp3s0/uevent", "DEVTYPE=wlan\nINTERFACE=wlp3s0\n")
    recording.file("sys/class/net/bonding_masters", "bond0\n")
    recording.file(
        "proc/net/route",
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "bond0\t00000000\tFE02010A\t0003\t0\t0\t200\t00000000\t0\t0\t0\n"
        "bond0\t00000000\t0102010A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        "bond0\t0002010A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n",
    )
    return []


def no_swap(root: Path) -> list[Snapshot]:
    """No swap, right after start: one CPU sample. VGA with a frame buffer."""
    recording = Recording(root)
    _plain(recording, "tiny")
    recording.file("etc/hosts", "127.0.0.1 localhost tiny\n")
    recording.file("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
    recording.file(
        "proc/meminfo",
        "MemTotal:        1000000 kB\nMemFree:          500000 kB\nBuffers:              0 kB\n"
        "Cached:            10000 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n",
    )
    _sysfs_nic(
        recording, 1, "lo", "00:00:00:00:00:00", type="772", flags="0x9", operstate="unknown", carrier="1"
    )
    _sysfs_nic(
        recording, 2, "eth0", "52:54:00:12:34:56", operstate="up", carrier="1", speed="1000", duplex="full"
    )
    recording.file("sys/class/net/eth0/addr_assign_type", "0\n")
    recording.link("sys/class/net/eth0/device", "../../../devices/pci0000:00/0000:00:02.0/virtio0")
    recording.file("sys/devices/pci0000:00/0000:00:02.0/virtio0/vendor", "0x1af4\n")
    recording.file("recorded/addresses.bin", tables.address(2, "192.0.2.20"))
    recording.file(
        "proc/net/route",
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n",
    )
    vga = "sys/bus/pci/devices/0000:00:01.0"
    recording.files(
        vga,
        {
            "class": "0x030000\n",
            "vendor": "0x1234\n",
            "device": "0x1111\n",
            "resource": "0x00000000fd000000 0x00000000fdffffff 0x0000000000042208\n"
            "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
            "0x00000000febf0000 0x00000000febf0fff 0x0000000000040200\n",
        },
    )
    recording.link(f"{vga}/driver", "../../../../bus/pci/drivers/bochs-drm")
    recording.file("sys/module/bochs-drm/version", "1.0\n")
    recording.file(
        "usr/share/misc/pci.ids",
        "# PCI IDs\n1233  Wrong\n\t1111  Not this\n1234  Technical Corp.\n\t1110  Older\n"
        "\t1111  QEMU Virtual Video\n\t\t1af4 1100  Sub\n1235  Next\n",
    )
    recording.files("sys/class/graphics/fb0", {"virtual_size": "1280,800\n", "bits_per_pixel": "32\n"})
    return [Snapshot(1000.0, cpu_line("cpu", 10, 0, 10, 80, 0, 0, 0, 0)), Snapshot(1001.0, "cpu 9\n")]


MOUNTINFO = (
    "22 1 8:2 / / rw,relatime shared:1 - xfs /dev/root rw,attr2\n"
    "23 22 0:21 / /proc rw - proc proc rw\n"
    "24 22 8:2 /srv /mnt/bound rw,relatime shared:1 - xfs /dev/root rw,attr2\n"
    "25 22 8:3 / /boot rw - ext4 /dev/sda3 ro,errors=remount-ro\n"
    "26 22 7:0 / /mnt/my\\040disk\\134a rw - ext4 /dev/loop0 rw\n"
    "27 22 0:40 / /tmp rw - tmpfs tmpfs rw\n"
    "28 22 0:41 / /net rw - nfs4 nas:/export rw,hard\n"
    "29 22 8:17 / /media/stick rw - ext4 /dev/sdb1 rw\n"
    "30 22 11:0 / /media/cd ro - iso9660 /dev/sr0 ro\n"
    "31 22 0:42 /@home /home rw - btrfs /dev/sdc1 rw,subvol=/@home\n"
    "32 22 0:43 /@var /var rw - btrfs /dev/sdc1 rw,subvol=/@var\n"
    "33 22 253:0 / /data rw - ext3 /dev/mapper/vg-data rw\n"
    "34 22 0:44 / /fuse rw - fuse.sshfs /dev/fuse rw\n"
    "a broken line\n"
)


def file_systems(root: Path) -> list[Snapshot]:
    """xfs and a bind mount, ext4 of 60 and 120 MB, btrfs twice, tmpfs, NFS, USB, CD, LVM (CAU-4)."""
    recording = Recording(root)
    _plain(recording, "files.example.org")
    recording.file("proc/self/mountinfo", MOUNTINFO)
    for number, name in (
        ("8:2", "sda2"),
        ("8:3", "sda3"),
        ("8:17", "sdb1"),
        ("11:0", "sr0"),
        ("253:0", "dm-0"),
    ):
        recording.link(f"sys/dev/block/{number}", f"../../devices/virtual/block/{name}")
    recording.link("sys/dev/block/7:0", "../../devices/virtual/block/loop0")
    for disk, parts, removable in (("sda", (2, 3), 0), ("sdb", (1,), 1), ("sdc", (1,), 0)):
        recording.file(f"sys/devices/ata/{disk}/removable", f"{removable}\n")
        recording.link(f"sys/class/block/{disk}", f"../../devices/ata/{disk}")
        for part in parts:
            recording.file(f"sys/devices/ata/{disk}/{disk}{part}/partition", f"{part}\n")
            recording.link(f"sys/class/block/{disk}{part}", f"../../devices/ata/{disk}/{disk}{part}")
    recording.file("sys/class/block/loop0/removable", "0\n")
    recording.file("sys/class/block/sr0/removable", "1\n")
    recording.file("sys/class/block/dm-0/removable", "0\n")
    recording.link("sys/class/block/dm-0/slaves/sda3", "../../sda3")
    uuids = {"6b1c": "sda2", "1111-2222": "sda3", "aaaa": "loop0", "dddd": "dm-0", "bbbb": "sdc1"}
    for uuid, name in uuids.items():
        recording.link(f"dev/disk/by-uuid/{uuid}", f"../../{name}")
    recording.answer(
        "statvfs",
        {
            "/": statvfs(2_621_440, 262_144),  # 10 GiB, 10 % free
            "/boot": statvfs(15_360, 10_000),  # 60 MiB
            "/mnt/my disk\\a": statvfs(30_720, 3_000),  # 120 MiB
            "/media/stick": statvfs(1_000_000, 500_000),
            "/media/cd": statvfs(100_000, 0, files=0, files_free=0),
            "/home": statvfs(1_000_000, 500_000, files=0, files_free=0),
        },
    )
    return []


def server(root: Path) -> list[Snapshot]:
    """SMBIOS 2.8: two sockets, one failed POST; three DIMMs of four; the UUID of CAU-21; disks."""
    recording = Recording(root)
    _plain(recording, "srv")
    _cpus(recording, count=4, cores=2, packages=1)
    recording.file(f"{_CPU}/online", "0-2\n")
    recording.file("sys/firmware/dmi/tables/smbios_entry_point", tables.entry_point(2, 8))
    recording.file(
        "sys/firmware/dmi/tables/DMI",
        tables.bios("American Megatrends", "F.12", "03/15/2024")
        + tables.system("NEC", "Express5800/R120", "7A00001", UUID, "N8100-1")
        + tables.board("NEC", "MS-96XX")
        + tables.chassis(0x80 | 23, "CH1", "A-1234")
        + tables.processor(0x400, "CPU 1", 0x41)
        + tables.processor(0x401, "CPU 2", 0x43)
        + tables.memory_array(4)
        + tables.memory_device(0x1101, "DIMM_A1", 16384)
        + tables.memory_device(0x1102, "DIMM_A2", 0x7FFF, 65536)
        + tables.memory_device(0x1103, "DIMM_B1", 0)
        + tables.memory_device(0x1104, "DIMM_B2", 0x8000 | 512)
        + tables.mapped_array(8 << 20)
        + tables.ipmi()
        + tables.END,
    )
    recording.files("sys/devices/platform/ipmi_bmc.0", {"firmware_revision": "3.45\n"})
    recording.files(
        "sys/devices/system/edac/mc/mc0/dimm0",
        {"dimm_label": "CPU_SrcID#0_DIMM_A1\n", "dimm_ce_count": "9\n", "dimm_ue_count": "9\n"},
    )
    for dimm, corrected in (("dimm1", 3), ("dimm2", 4)):
        recording.files(
            f"sys/devices/system/edac/mc/mc0/{dimm}",
            {"dimm_label": "CPU#0 DIMM_A2\n", "dimm_ce_count": f"{corrected}\n", "dimm_ue_count": "1\n"},
        )
    _disks(recording)
    idle = cpu_line("cpu", 100, 0, 100, 1800, 0, 0, 0, 0) + cpu_line("cpu0", 100, 0, 100, 800, 0, 0, 0, 0)
    busy = cpu_line("cpu", 500, 100, 200, 2000, 100, 20, 30, 50) + cpu_line(
        "cpu0", 500, 0, 100, 900, 0, 0, 0, 0
    )
    return [Snapshot(1000.0, idle), Snapshot(1030.0, busy)]


def _disks(recording: Recording) -> None:
    sata = "sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0"
    recording.files(
        sata, {"vendor": "ATA     \n", "model": "Samsung SSD 860 \n", "rev": "2B6Q\n", "state": "running\n"}
    )
    designator = b"ATA     " + b"Samsung SSD 860 EVO 500GB".ljust(40) + b"S3Z1NB0K123456A".ljust(20)
    page = b"\x02\x01\x00" + bytes([len(designator)]) + designator
    recording.file(f"{sata}/vpd_pg83", b"\x00\x83" + len(page).to_bytes(2, "big") + page)
    recording.file(f"{sata}/vpd_pg80", b"\x00\x80\x00\x14" + b"S3Z1NB0K123456A".rjust(20))
    recording.files(sata, {"ioerr_cnt": "0x1f\n", "wwid": "naa.5002538e40a1b2c3\n"})
    recording.files(f"{sata}/hwmon/hwmon2", {"temp1_input": "37600\n"})
    _block(recording, "sda", "../../" + sata.removeprefix("sys/"), rotational=0, sectors=976_773_168)
    recording.file("recorded/smartctl/sda.json", SMART_ATA)
    sas = "sys/devices/pci0000:00/0000:01:00.0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0"
    recording.files(
        sas, {"vendor": "SEAGATE \n", "model": "ST600MM0006     \n", "rev": "LS0A\n", "state": "offline\n"}
    )
    recording.file(f"{sas}/vpd_pgb1", b"\x00\xb1\x00\x3c" + (10000).to_bytes(2, "big") + bytes(58))
    _block(recording, "sdb", "../../" + sas.removeprefix("sys/"), rotational=1, sectors=1_172_123_568)
    nvme = "sys/devices/pci0000:00/0000:02:00.0/nvme/nvme0"
    recording.files(
        nvme,
        {
            "model": "INTEL SSDPE2KX010T8\n",
            "serial": "BTLJ001\n",
            "firmware_rev": "VDV10131\n",
            "state": "live\n",
        },
    )
    recording.files(f"{nvme}/hwmon1", {"temp1_input": "41850\n"})
    _block(recording, "nvme0n1", "../../" + nvme.removeprefix("sys/"), rotational=0, sectors=1_953_525_168)
    recording.file("recorded/smartctl/nvme0n1.json", '{"smart_status": {"passed": false}}')
    for name in ("loop0", "ram0", "zram0", "dm-0", "md0", "sr0"):
        recording.file(f"sys/block/{name}/size", "8\n")
    _block(recording, "sdc", "../../devices/none", rotational=1, sectors=8)
    recording.file("sys/block/sdc/sdc1/holders/md0/dev", "9:0\n")
    links = {
        "ata-Samsung_SSD_860_EVO_500GB_S3Z1NB0K123456A": "sda",
        "wwn-0x5002538e40a1b2c3": "sda",
        "ata-Samsung_SSD_860_EVO_500GB_S3Z1NB0K123456A-part1": "sda1",
        "scsi-35000c5007b3f1a2b": "sdb",
        "wwn-0x5000c5007b3f1a2b": "sdb",
        "nvme-eui.01000000010000005cd2e4": "nvme0n1",
        "nvme-INTEL_SSDPE2KX010T8_BTLJ001": "nvme0n1",
    }
    for name, target in links.items():
        recording.link(f"dev/disk/by-id/{name}", f"../../{target}")


SMART_ATA = json.dumps(
    {
        "smart_status": {"passed": True},
        "temperature": {"current": 36},
        "power_on_time": {"hours": 12345},
        "rotation_rate": 0,
        "model_name": "Samsung SSD 860 EVO 500GB",
        "serial_number": "S3Z1NB0K123456A",
        "ata_smart_attributes": {
            "table": [{"id": 5, "raw": {"value": 2}}, {"id": 197, "raw": {"value": 1}}, 7]
        },
    }
)


def _block(recording: Recording, name: str, device: str, *, rotational: int, sectors: int) -> None:
    recording.files(
        f"sys/block/{name}",
        {
            "size": f"{sectors}\n",
            "removable": "0\n",
            "queue/rotational": f"{rotational}\n",
            "queue/logical_block_size": "512\n",
            "stat": "     100        2     2048       30      200        4     4096       60 0 0 0\n",
        },
    )
    recording.link(f"sys/block/{name}/device", device)


def big(root: Path) -> list[Snapshot]:
    """96 CPUs: two packages, two NUMA nodes, SMT; CPU n is n percent busy. iLO, so no disks."""
    recording = Recording(root)
    _plain(recording, "big")
    _cpus(recording, count=96, cores=24, packages=2)
    for node, cpus in ((0, "0-23,48-71"), (1, "24-47,72-95")):
        recording.file(f"sys/devices/system/node/node{node}/cpulist", f"{cpus}\n")
    for cpu in range(96):
        recording.files(
            f"{_CPU}/cpu{cpu}/cpufreq",
            {"cpuinfo_max_freq": "3600000\n", "scaling_cur_freq": f"{2_000_000 + cpu * 1000}\n"},
        )
    recording.file("sys/firmware/dmi/tables/smbios_entry_point", tables.entry_point_64(3, 2))
    recording.file(
        "sys/firmware/dmi/tables/DMI",
        tables.system("HPE", "ProLiant DL380 Gen10", "CZ1", UUID)
        + tables.processor(0x400, "Proc 1", 0x41, 24)
        + tables.processor(0x401, "Proc 2", 0x41, 24)
        + tables.ipmi()
        + tables.END,
    )
    _block(recording, "sda", "../../devices/none", rotational=1, sectors=8)
    return [Snapshot(1000.0 + 5 * step, _graded_stat(step)) for step in range(13)]


def _graded_stat(step: int) -> str:
    """After `step` steps of 500 ticks, CPU n has been busy n percent of them."""
    each = [
        cpu_line(f"cpu{cpu}", 5 * step * cpu, 0, 0, 5 * step * (100 - cpu), 0, 0, 0, 0) for cpu in range(96)
    ]
    busy = sum(5 * step * cpu for cpu in range(96))
    return cpu_line("cpu", busy, 0, 0, 96 * 500 * step - busy, 0, 0, 0, 0) + "".join(each)


def garbage(root: Path) -> list[Snapshot]:
    """Files that are missing, empty, cut, negative, or no files at all (faults.md F37)."""
    recording = Recording(root)
    recording.file("recorded/clock.json", "not json")
    recording.file(
        "proc/meminfo",
        "MemTotal: -5 kB\nMemFree: lots kB\nSwapTotal:\nSwapFree: 99999999999999999999999 kB\n",
    )
    recording.file("proc/swaps", "Filename\n/dev/sda3 partition x y z\nshort line\n")
    recording.file("proc/stat", "cpu  a b c d e\ncpu0 -1 2 3 4 5\nbtime soon\n")
    recording.file("proc/loadavg", "nan many\n")
    recording.file("proc/uptime/now", "a directory where a file should be")
    recording.file("proc/cpuinfo", "processor : zero\nprocessor\t: 0\ncpu MHz : fast\n")
    recording.file(f"{_CPU}/present", "0-99999999,x,3-1\n")
    recording.file(
        "proc/self/mountinfo", b"\xff\xfe\x00 - \n1 2 3\n40 1 8:1 / /data rw - ext4 /dev/sda1 rw\n"
    )
    recording.file("proc/net/route", "eth0\t00000000\tZZ\t0003\t0\t0\t0\t00000000\n")
    recording.file("sys/class/net/eth0/ifindex", "-3\n")
    recording.file("sys/class/net/eth0/address", "zz:00\n")
    recording.file("sys/class/net/eth0/mtu", "99999999999\n")
    recording.file("sys/class/net/eth0/statistics/rx_bytes", "-1\n")
    recording.file("sys/class/net/eth0/speed", "4294967295\n")
    recording.file("sys/firmware/dmi/tables/DMI", tables.bios("V", "1", "31/31/2024")[:20] + bytes([1, 2]))
    recording.file("sys/block/sda/size", "huge\n")
    recording.file("sys/block/sda/stat", "1 2\n")
    recording.file("sys/block/sda/device/ioerr_cnt", "0xzz\n")
    recording.file("sys/block/sda/device/vpd_pg80", b"\x00")
    recording.file("sys/bus/pci/devices/0000:00:01.0/class", "0x030000\n")
    recording.file("sys/bus/pci/devices/0000:00:01.0/resource", "x y z\n0x0\n")
    recording.file("sys/bus/pci/devices/0000:00:01.0/vendor", "0x123456\n")
    recording.file("recorded/smartctl/sda.json", "[" * 2000)
    recording.file("recorded/links.bin", b"\x01\x02\x03")
    recording.file("recorded/statvfs.json", "[]")
    return []


def hostile(root: Path) -> list[Snapshot]:
    """Names that try to break out: control characters, quotes, invalid UTF-8, `]]>`, emoji, newlines."""
    recording = Recording(root)
    _plain(recording, "host")
    recording.file("etc/os-release", 'PRETTY_NAME="Bad \\"Linux\\" ]]> <a&b> \x01"\nVERSION_ID=\'1\'\n')
    recording.file(
        "proc/cpuinfo", b"processor\t: 0\nmodel name\t: Evil \x00\x1b[31m\xff\xfe \"]]>' \xf0\x9f\x92\xa3\n"
    )
    recording.file("sys/firmware/dmi/tables/smbios_entry_point", tables.entry_point(2, 8))
    recording.file(
        "sys/firmware/dmi/tables/DMI",
        tables.system(b"\xff\xfe<Maker>", "]]>\x07 '\"& 💣", "s\nn", UUID)
        + tables.memory_device(0x1100, "DIMM \u202e0\x08", 1024, part="p\ta\x7frt")
        + tables.END,
    )
    recording.file(
        "proc/self/mountinfo",
        b'22 1 8:1 / /mnt/a\\040b\\012c\\011"<&]]>\xff rw - ext4 /dev/sda1 rw\n'
        b"23 1 8:2 / /mnt/\\001\xf0\x9f\x92\xa3 rw - ext4 /dev/sda2 rw\n",
    )
    recording.answer("statvfs", {'/mnt/a b\nc\t"<&]]>\udcff': statvfs(100_000, 50_000)})
    recording.file("sys/block/sda/device/model", b"\xc3\x28 model\n\x02")
    recording.file("sys/block/sda/device/vendor", '"><script>\n')
    _sysfs_nic(recording, 2, 'e"<&]]>\x01', "02:00:00:00:00:01", operstate="up\x02")
    return []


MACHINES: dict[str, Callable[[Path], list[Snapshot]]] = {
    machine.__name__: machine for machine in (big, file_systems, garbage, hostile, many_nics, no_swap, server)
}
