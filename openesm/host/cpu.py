"""Processors: counters, topology, names and frequencies."""

from collections.abc import Mapping
from dataclasses import dataclass

from openesm.host.cpu_ring import CpuTimes
from openesm.host.tree import LARGEST_NUMBER, Tree, label, number, number_list

_CPU = "sys/devices/system/cpu"
_WIDE_MACHINES = frozenset(
    {"x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "riscv64", "loongarch64", "mips64"}
)


@dataclass(frozen=True, slots=True)
class Cpu:
    """A logical CPU; `max_mhz` is what it can do, `mhz` what /proc/cpuinfo said when it was read."""

    number: int
    online: bool
    package: int | None = None
    core: int | None = None
    die: int | None = None
    node: int | None = None
    model: str | None = None
    stepping: str | None = None
    width: int | None = None
    max_mhz: int | None = None
    mhz: int | None = None
    has_frequency: bool = False

    @property
    def name(self) -> str:
        return f"cpu{self.number}"

    @property
    def place(self) -> tuple[int, int, int] | None:
        """(package, die, core): the same for the threads of one core."""
        if self.package is None or self.core is None:
            return None
        return self.package, self.die or 0, self.core


def parse_stat(content: bytes | None) -> dict[str, CpuTimes]:
    """The `cpu` lines of /proc/stat. A line with an odd or negative number is left out."""
    found = {}
    for line in (content or b"").split(b"\n"):
        if not line.startswith(b"cpu"):
            break
        name, *words = line.split()
        try:
            counters = [int(word) for word in words[:8]]
        except ValueError:
            continue
        if len(counters) >= 5 and all(0 <= count <= LARGEST_NUMBER for count in counters):
            found[name.decode("ascii", "replace")] = CpuTimes(*counters)
    return found


def parse_loadavg(content: bytes | None) -> tuple[float | None, float | None, float | None]:
    """Load averages of 1, 5 and 15 minutes."""
    words = (content or b"").split()[:3]
    values = [_average(word) for word in words] + [None] * 3
    return values[0], values[1], values[2]


def _average(word: bytes) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def read_cpus(tree: Tree, machine: str) -> tuple[Cpu, ...]:
    """Every CPU that is present, in order; one that is offline has no topology."""
    names = parse_stat(tree.raw("proc/stat"))
    running = sorted(number(name[3:]) or 0 for name in names if name != "cpu")
    present = number_list(tree.text(f"{_CPU}/present")) or running
    online = set(number_list(tree.text(f"{_CPU}/online")) or running or present)
    blocks = read_cpuinfo(tree)
    node_of = _nodes(tree)
    return tuple(
        _cpu(tree, cpu, cpu in online, blocks.get(cpu, {}), node_of.get(cpu), machine)
        for cpu in sorted({*present, *running})
    )


def _cpu(tree: Tree, cpu: int, online: bool, block: Mapping[str, str], node: int | None, machine: str) -> Cpu:
    place = f"{_CPU}/cpu{cpu}"
    highest = tree.number(f"{place}/cpufreq/cpuinfo_max_freq")
    flags = block.get("flags", "").split()
    return Cpu(
        number=cpu,
        online=online,
        package=_id(tree.number(f"{place}/topology/physical_package_id")),
        core=_id(tree.number(f"{place}/topology/core_id")),
        die=_id(tree.number(f"{place}/topology/die_id")),
        node=node,
        model=label(block.get("model name") or block.get("cpu model") or block.get("cpu")),
        stepping=label(block.get("stepping") or block.get("CPU revision")),
        width=_width(flags, machine),
        max_mhz=_id(highest // 1000 if highest else None),
        mhz=_mhz(block.get("cpu MHz")),
        has_frequency=tree.exists(f"{place}/cpufreq/scaling_cur_freq"),
    )


def _id(value: int | None) -> int | None:
    return value if value is not None and value < 2**31 else None


def _width(flags: list[str], machine: str) -> int | None:
    if flags:
        return 64 if "lm" in flags else 32
    return (64 if machine in _WIDE_MACHINES else 32) if machine else None


def _mhz(text: str | None) -> int | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return round(value) if 0 < value < 1e6 else None


def _nodes(tree: Tree) -> dict[int, int]:
    """CPU number -> NUMA node."""
    found = {}
    for name in tree.names("sys/devices/system/node"):
        node = number(name.removeprefix("node")) if name.startswith("node") else None
        if node is not None:
            for cpu in number_list(tree.text(f"sys/devices/system/node/{name}/cpulist")):
                found[cpu] = node
    return found


def read_cpuinfo(tree: Tree) -> dict[int, dict[str, str]]:
    """/proc/cpuinfo by CPU number. Lines before the first `processor` or after the last hold for all."""
    common: dict[str, str] = {}
    blocks: dict[int, dict[str, str]] = {}
    for paragraph in (tree.text("proc/cpuinfo") or "").split("\n\n"):
        pairs = (line.partition(":") for line in paragraph.splitlines())
        block = {name.strip(): value.strip() for name, colon, value in pairs if colon}
        cpu = number(block.get("processor"))
        if cpu is None:
            common |= block
        else:
            blocks[cpu] = block
    return {cpu: common | block for cpu, block in blocks.items()}


def read_frequencies(tree: Tree, cpus: tuple[Cpu, ...]) -> dict[int, int | None]:
    """The present frequency of the CPUs whose driver tells it, in MHz."""
    return {
        cpu.number: _id(khz // 1000 if khz else None)
        for cpu in cpus
        if cpu.has_frequency
        for khz in (tree.number(f"{_CPU}/{cpu.name}/cpufreq/scaling_cur_freq"),)
    }
