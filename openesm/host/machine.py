"""`Host`: the machine, or a recording of one. Everything else reads it through here."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import NamedTuple, TypeVar

from openesm import __version__
from openesm.cim.values import local_now
from openesm.host import board, cpu, identity, memory, network, pci, smbios
from openesm.host.calls import Calls, LiveCalls, RecordedCalls, Space, Uname
from openesm.host.cpu_ring import CpuLoad, CpuRing
from openesm.host.disks import Disk, read_disks
from openesm.host.identity import AddressSource
from openesm.host.kept import Kept
from openesm.host.mounts import FileSystem, read_file_systems
from openesm.host.probes import LIMIT_S, Probes
from openesm.host.rtnetlink import parse_addresses, parse_links
from openesm.host.smart import Smart, parse_smart
from openesm.host.tree import Tree, label
from openesm.model import AgentState

T = TypeVar("T")
SMART_LIMIT_S = 12.0
SMART_KEPT_S = 300.0
FREQUENCIES_KEPT_S = 5.0
BOOT_TIME_KEPT_S = 60.0
NOT_RUNNING = AgentState(version=__version__, service_mode=False, uptime_s=0.0, beats=0)


class Adapter(NamedTuple):
    """What the ethtool ioctl tells of an interface; it does not change."""

    permanent_address: bytes | None
    fastest_mbit: int | None


class Host:
    """Reads the machine under `root`. What cannot be read is None or empty; nothing raises.

    Args:
        root: "/" is this machine. Another place holds a recording when it has a folder `recorded/` (see
            openesm.host.calls); else it is this machine too, seen from within a container.
        calls: the system calls; by default those of this machine or of the recording.
        system_name: the name that the keys carry; "" takes the full host name.
        agent_address: an address to use instead of the rule FAQ-18; "" for the rule.
        probe_limit_s: how long a file system may take to answer (faults.md F20).

    Attributes:
        agent: what the agent says of itself; the daemon puts its own function here.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        calls: Calls | None = None,
        system_name: str = "",
        agent_address: str = "",
        probe_limit_s: float = LIMIT_S,
    ) -> None:
        self.tree = tree = Tree(root)
        is_recording = root != Path("/") and tree.is_directory("recorded")
        self.calls: Calls = calls or (RecordedCalls(tree) if is_recording else LiveCalls(root=root))
        self.agent: Callable[[], AgentState] = lambda: NOT_RUNNING
        self._fixed_address = agent_address
        self._name = Kept(lambda: system_name or self._host_name(), self.monotonic)
        self._uname = Kept(lambda: _answer(self.calls.uname) or Uname(), self.monotonic)
        self._os_release = Kept(lambda: identity.read_os_release(tree), self.monotonic)
        self._firmware = Kept(lambda: board.read_firmware(tree), self.monotonic)
        self._management = Kept(lambda: board.read_controller(tree, self.smbios()), self.monotonic)
        self._controllers = Kept(lambda: tuple(pci.read_controllers(tree)), self.monotonic)
        self._boot_time = Kept(self._read_boot_time, self.monotonic, BOOT_TIME_KEPT_S)
        self._frequencies = Kept(
            lambda: cpu.read_frequencies(tree, self.cpus()), self.monotonic, FREQUENCIES_KEPT_S
        )
        self._cpus: tuple[bytes | None, tuple[cpu.Cpu, ...]] | None = None
        self._adapters: dict[str, Adapter] = {}
        self._ring = CpuRing()
        self._ring_lock = Lock()
        self._spaces = Probes(self.calls.space, probe_limit_s)
        self._smart_reports = Probes(self.calls.smart_report, SMART_LIMIT_S)
        self._smart: dict[str, tuple[float, Smart]] = {}

    def refresh(self) -> None:
        """Forgets what is read once (hardware, versions); the next question reads it anew."""
        for fact in (
            self._uname,
            self._os_release,
            self._firmware,
            self._management,
            self._controllers,
            self._boot_time,
            self._frequencies,
        ):
            fact.forget()
        self._cpus = None
        self._adapters.clear()
        self._smart.clear()
        self.tree.forget()

    def reset(self) -> None:
        """Like `refresh`, and takes the host name anew: else the keys never change (faults.md F35)."""
        self._name.forget()
        self.refresh()

    # Names and clocks

    @property
    def system_name(self) -> str:
        """The full host name that keys carry; the same until `reset`."""
        return self._name()

    def _host_name(self) -> str:
        nodename = label(self.uname().nodename) or ""
        return identity.fqdn(nodename, self.tree.text("etc/hosts"))

    def uname(self) -> Uname:
        return self._uname()

    def os_release(self) -> dict[str, str]:
        """The variables of os-release(5)."""
        return self._os_release()

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return _answer(self.calls.wall) or 0.0

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""
        return _answer(self.calls.monotonic) or 0.0

    def local_time(self, at: float | None = None) -> datetime:
        """Now, or the wall-clock time `at`, in the offset of the machine's time zone."""
        seconds = self.wall() if at is None else at
        return local_now(seconds, _answer(lambda: self.calls.utc_offset_s(seconds)) or 0)

    def time_zone(self) -> str | None:
        """`Asia/Tokyo`, or `UTC+09:00` where the machine does not name its zone."""
        return identity.read_time_zone(self.tree) or self.local_time().tzname()

    def uptime_s(self) -> int | None:
        try:
            uptime = float((self.tree.sampled("proc/uptime") or b"").split()[0])
        except (ValueError, IndexError):
            return None
        return int(uptime) if 0 <= uptime < 1e12 else None

    @property
    def boot_time(self) -> datetime | None:
        return self._boot_time()

    def _read_boot_time(self) -> datetime | None:
        for line in (self.tree.text("proc/stat") or "").splitlines():
            if line.startswith("btime ") and line[6:].isdecimal() and len(line) < 18:
                return self.local_time(int(line[6:]))
        uptime = self.uptime_s()
        return None if uptime is None else self.local_time(round(self.wall() - uptime))

    # Processors and memory

    def cpus(self) -> tuple[cpu.Cpu, ...]:
        """Every logical CPU that is present; read again when one goes on- or offline."""
        online = self.tree.sampled("sys/devices/system/cpu/online")
        if self._cpus is None or self._cpus[0] != online:
            self._cpus = online, cpu.read_cpus(self.tree, self.uname().machine)
            self._frequencies.forget()
        return self._cpus[1]

    def cpu_mhz(self) -> dict[int, int | None]:
        """CPU number -> present MHz, for those whose driver tells; at most 5 s old."""
        return self._frequencies()

    def sample_cpu(self) -> None:
        """Takes a sample for the CPU figures; to be called about every 5 s (sooner calls do nothing)."""
        now = self.monotonic()
        with self._ring_lock:
            if self._ring.wants(now):
                self._ring.add(now, cpu.parse_stat(self.tree.sampled("proc/stat")))

    def cpu_loads(self) -> Mapping[str, CpuLoad]:
        """`cpu0`… and `cpu` (all together) -> means; a CPU without 5 s of samples is not in it."""
        self.sample_cpu()
        with self._ring_lock:
            return self._ring.loads()

    def loadavg(self) -> tuple[float | None, float | None, float | None]:
        return cpu.parse_loadavg(self.tree.sampled("proc/loadavg"))

    def meminfo(self) -> memory.Memory:
        return memory.parse_meminfo(self.tree.sampled("proc/meminfo"))

    def swaps(self) -> tuple[memory.Swap, ...]:
        return tuple(memory.parse_swaps(self.tree.sampled("proc/swaps")))

    # The board

    def smbios(self) -> smbios.Firmware:
        return self._firmware()

    def management_controller(self) -> board.Controller:
        return self._management()

    def memory_errors(self) -> tuple[board.MemoryErrors, ...]:
        return tuple(board.read_memory_errors(self.tree))

    def display_controllers(self) -> tuple[pci.DisplayController, ...]:
        return self._controllers()

    def screen(self, controller: pci.DisplayController) -> pci.Screen:
        return pci.read_screen(self.tree, controller, len(self.display_controllers()) == 1)

    # Network

    def interfaces(self) -> list[network.Interface]:
        """Every interface of every kind, in the order of the kernel's index (CAU-2)."""
        links = parse_links(_answer(self.calls.links)) or network.read_links(self.tree)
        names = {link.index: link.name for link in links}
        addresses = parse_addresses(_answer(self.calls.addresses))
        gateways = network.read_gateways(self.tree)
        return [
            network.describe(self.tree, link, names, addresses, gateways, *self._adapter(link.name))
            for link in links
        ]

    def _adapter(self, name: str) -> Adapter:
        if name not in self._adapters:
            self._adapters[name] = Adapter(
                _answer(lambda: self.calls.permanent_address(name)),
                _answer(lambda: self.calls.fastest_mbit(name)),
            )
        return self._adapters[name]

    def agent_address(self, destination: str = "") -> tuple[str | None, AddressSource]:
        """The address that a trap to `destination` carries, and how we got it (FAQ-18).

        Args:
            destination: a numeric address; "" stands for wherever the default route leads.
        """
        named = identity.named_address(self.uname().nodename, self.tree.text("etc/hosts"))
        if destination:
            source = _answer(lambda: self.calls.source_address(destination))
        else:
            source = self._default_source()
        return identity.choose_agent_address(named, source, self._fixed_address)

    def _default_source(self) -> str | None:
        leading = [interface for interface in self.interfaces() if interface.gateway]
        return next((address for each in leading for address in (*each.ipv4, *each.ipv6)), None)

    # Disks and file systems

    def disks(self) -> tuple[Disk, ...]:
        return tuple(read_disks(self.tree))

    def smart(self, kernel_names: list[str]) -> dict[str, Smart]:
        """Kernel name -> SMART, at most 5 minutes old. May wait for disks."""
        now = self.monotonic()
        fresh = {name for name, (at, _) in self._smart.items() if 0 <= now - at < SMART_KEPT_S}
        reports = self._smart_reports.ask(name for name in kernel_names if name not in fresh)
        self._smart |= {name: (now, parse_smart(report)) for name, report in reports.items()}
        return {name: self._smart[name][1] for name in kernel_names}

    def mounts(self) -> tuple[FileSystem, ...]:
        """The file systems on block devices, each at its first mount."""
        return tuple(read_file_systems(self.tree))

    def spaces(self, file_systems: tuple[FileSystem, ...]) -> list[Space | None]:
        """What statvfs says of each; None where it does not answer in time (faults.md F20)."""
        keys = [os.fsdecode(each.mount.target) for each in file_systems]
        answers = self._spaces.ask(dict.fromkeys(keys))
        return [answers[key] for key in keys]


def _answer(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except (OSError, ValueError):
        return None
