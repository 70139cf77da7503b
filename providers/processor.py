"""Logical processors, and all of them together as `_Total` (CIM-5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from openesm.cim.provider import Metric, Provider, Row
from openesm.host import Host
from openesm.host.cpu import Cpu
from openesm.host.cpu_ring import CpuLoad
from openesm.host.smbios import Processor as Socket

TOTAL = "_Total"
_ENABLED, _DISABLED_BY_BIOS = 1, 3  # SMBIOS type 4, byte 18h, bits 2:0
_NO_AVERAGES = (None, None, None)


@dataclass(frozen=True, slots=True)
class Processor:
    """A logical CPU, or the total (`cpu` None); `cores` counts those enabled in it."""

    device_id: str
    cpu: Cpu | None
    model: str | None
    socket: Socket | None
    load: CpuLoad | None
    mhz: int | None
    max_mhz: int | None
    cores: int | None
    width: int | None
    degraded: bool
    averages: tuple[float | None, float | None, float | None]
    boot_time: datetime | None


def read(host: Host) -> list[Processor]:
    cpus = host.cpus()
    loads = host.cpu_loads()
    speeds = host.cpu_mhz()
    sockets = host.smbios().processors
    boot_time = host.boot_time
    socket_of = _sockets_by_package(cpus, sockets)
    each = [
        Processor(
            device_id=cpu.name,
            cpu=cpu,
            model=cpu.model,
            socket=(socket := socket_of.get(cpu.package)),
            load=loads.get(cpu.name),
            mhz=speeds.get(cpu.number, cpu.mhz),
            max_mhz=cpu.max_mhz or (socket.max_mhz if socket else None),
            cores=int(cpu.online),
            width=cpu.width,
            degraded=False,
            averages=_NO_AVERAGES,
            boot_time=boot_time,
        )
        for cpu in cpus
    ]
    return [*each, _total(each, loads.get("cpu"), sockets, host.loadavg(), boot_time)]


def _sockets_by_package(cpus: Iterable[Cpu], sockets: Iterable[Socket]) -> dict[int | None, Socket]:
    """The n-th package of the kernel is the n-th populated and enabled socket of the firmware."""
    packages = sorted({cpu.package for cpu in cpus if cpu.package is not None})
    running = [socket for socket in sockets if socket.populated and socket.status == _ENABLED]
    return dict(zip(packages, running, strict=False))


def _total(
    each: list[Processor],
    load: CpuLoad | None,
    sockets: Iterable[Socket],
    averages: tuple[float | None, float | None, float | None],
    boot_time: datetime | None,
) -> Processor:
    running = [processor for processor in each if processor.cpu and processor.cpu.online]
    places = {processor.cpu.place or processor.cpu.name for processor in running if processor.cpu}
    speeds = [processor.mhz for processor in running if processor.mhz is not None]
    first = running[0] if running else None
    return Processor(
        device_id=TOTAL,
        cpu=None,
        model=first.model if first else None,
        socket=None,
        load=load,
        mhz=round(sum(speeds) / len(speeds)) if speeds else None,
        max_mhz=max((processor.max_mhz for processor in running if processor.max_mhz), default=None),
        cores=len(places) or None,
        width=first.width if first else None,
        degraded=any(socket.populated and socket.status == _DISABLED_BY_BIOS for socket in sockets),
        averages=averages,
        boot_time=boot_time,
    )


def instance(processor: Processor) -> Row:
    cpu, socket, load = processor.cpu, processor.socket, processor.load
    is_on = cpu is None or cpu.online
    return {
        "DeviceID": processor.device_id,
        "Name": processor.device_id,
        "ElementName": processor.device_id,
        "Caption": processor.model or processor.device_id,
        "OperationalStatus": [3 if processor.degraded else 2 if is_on else 10],
        "HealthState": 10 if processor.degraded else 5,
        "EnabledState": 2 if is_on else 3,
        "InstallDate": None,
        "TimeOfLastStateChange": processor.boot_time,
        "Role": "Central Processor",
        "Family": socket.family if socket else None,
        "MaxClockSpeed": processor.max_mhz,
        "CurrentClockSpeed": processor.mhz if is_on else None,
        "DataWidth": processor.width,
        "AddressWidth": processor.width,
        "LoadPercentage": load_percentage(processor),
        "Stepping": cpu.stepping if cpu else None,
        "UniqueID": socket.processor_id if socket else None,
        "CPUStatus": 1 if is_on else 2,  # CPU Enabled; CPU Disabled by User
        "ExternalBusClockSpeed": socket.external_clock_mhz if socket else None,
        "NumberOfEnabledCores": processor.cores,
        "IsTotal": cpu is None,
        "SocketDesignation": socket.socket if socket else None,
        "PackageNumber": cpu.package if cpu else None,
        "CoreNumber": cpu.core if cpu else None,
        "ModelName": processor.model,
        "LoadPercentage5Min": _share(load.load_5min if load else None),
        "UserPercentage": _share(load.user if load else None),
        "SystemPercentage": _share(load.system if load else None),
        "IOWaitPercentage": _share(load.iowait if load else None),
        "StealPercentage": _share(load.steal if load else None),
        "LoadAverage1": processor.averages[0],
        "LoadAverage5": processor.averages[1],
        "LoadAverage15": processor.averages[2],
    }


def load_percentage(processor: Processor) -> int | None:
    """The mean of the last minute to the nearest percent; None where there are less than 5 s of samples."""
    return None if processor.load is None else int(processor.load.load + 0.5)


def _share(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 2)


PROVIDER = Provider(
    classname="ESM_Processor",
    read=read,
    instance=instance,
    element=lambda processor: processor.device_id,
    metrics=(Metric("cpu.load_percent", load_percentage),),
)
