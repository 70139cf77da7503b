"""Single disk drives (CIM-9, CAU-19)."""

from dataclasses import dataclass

from openesm.cim.provider import Metric, Provider, Row
from openesm.host import Host
from openesm.host.board import ControllerType
from openesm.host.disks import Disk
from openesm.host.smart import Smart, SmartState

_UNKNOWN_RPM = 0xFFFFFFFF
_INTERCONNECT = {"sata": 4, "sas": 5, "fc": 6}  # CIM_DiskDrive.InterconnectType
_OTHER = 1
_DISK_TYPE = {None: 0, True: 2, False: 3}  # Unknown, Hard Disk Drive, Solid State Drive
_RANDOM_ACCESS, _WRITING, _REMOVABLE, _SMART = 3, 4, 7, 10  # CIM_MediaAccessDevice.Capabilities


@dataclass(frozen=True, slots=True)
class Storage:
    disk: Disk
    smart: Smart

    @property
    def device_id(self) -> str:
        return self.disk.by_id or self.disk.name


def read(host: Host) -> list[Storage]:
    """Nothing on iLO machines, which watch their disks themselves (THR-5)."""
    if host.management_controller().kind is ControllerType.ILO:
        return []
    disks = host.disks()
    smart = host.smart([disk.name for disk in disks])
    return [Storage(disk, smart[disk.name]) for disk in disks]


def instance(storage: Storage) -> Row:
    disk, smart = storage.disk, storage.smart
    model = smart.model or disk.full_model
    interconnect = _INTERCONNECT.get(disk.transport, _OTHER) if disk.transport else 0
    status, health = _condition(storage)
    return {
        "DeviceID": storage.device_id,
        "Name": disk.name,
        "ElementName": model or disk.name,
        "Caption": model or disk.name,
        "Description": _scsi_text(disk),
        "OperationalStatus": [status],
        "HealthState": health,
        "EnabledState": 3 if disk.is_running is False else 2,
        "InstallDate": None,
        "TimeOfLastStateChange": None,
        "OtherIdentifyingInfo": [disk.wwid] if disk.wwid else None,
        "IdentifyingDescriptions": ["WWID"] if disk.wwid else None,
        "PowerOnHours": smart.power_on_hours,
        "Capabilities": _capabilities(storage),
        "MaxMediaSize": None if disk.size is None else disk.size // 1000,
        "DefaultBlockSize": disk.block_size,
        "DiskType": _DISK_TYPE[disk.rotational],
        "InterconnectType": interconnect,
        "OtherInterconnectType": disk.transport if interconnect == _OTHER else None,
        "RPM": _rpm(storage),
        "DevicePath": f"/dev/{disk.name}",
        "Vendor": disk.vendor,
        "Model": disk.model or model,
        "Revision": disk.revision or smart.firmware,
        "SerialNumber": disk.serial_number or smart.serial_number,
        "Transport": disk.transport,
        "HCTL": disk.hctl,
        "Removable": disk.removable,
        "Rotational": disk.rotational,
        "Capacity": disk.size,
        "ReadOperations": disk.reads,
        "WriteOperations": disk.writes,
        "ReadBytes": disk.read_bytes,
        "WriteBytes": disk.written_bytes,
        "SmartState": int(smart.state),
        "Temperature": temperature(storage),
        "ReallocatedSectors": smart.reallocated,
        "PendingSectors": smart.pending,
        "EnduranceUsedPercentage": smart.endurance_used,
        "IOErrors": disk.io_errors,
    }


def _condition(storage: Storage) -> tuple[int, int]:
    """(OperationalStatus, HealthState) by what the disk says of itself."""
    if storage.smart.state is SmartState.FAILING:
        return 5, 25  # Predictive Failure, Critical failure
    if storage.disk.is_running is False:
        return 6, 25  # Error
    if storage.smart.pending:
        return 3, 10  # Degraded
    return 2, 5


def _capabilities(storage: Storage) -> tuple[int, ...]:
    has_smart = storage.smart.state in (SmartState.PASSED, SmartState.FAILING)
    optional = ((_REMOVABLE, storage.disk.removable), (_SMART, has_smart))
    return (_RANDOM_ACCESS, _WRITING, *(capability for capability, has_it in optional if has_it))


def _rpm(storage: Storage) -> int:
    """0 of a drive without moving parts; DMTF's number for unknown else."""
    if storage.disk.rotational is False:
        return 0
    known = (storage.smart.rpm, storage.disk.rpm)
    return next((rpm for rpm in known if rpm is not None), _UNKNOWN_RPM)


def _scsi_text(disk: Disk) -> str | None:
    """The line of /proc/scsi/scsi (CAU-19)."""
    if disk.hctl is None:
        return None
    return f"Vendor: {disk.vendor or '':8} Model: {disk.model or '':16} Rev: {disk.revision or '':4}"


def temperature(storage: Storage) -> int | None:
    """°C: of the kernel's sensor, which is fresh, else of SMART."""
    disk, smart = storage.disk.temperature, storage.smart.temperature
    return smart if disk is None else disk


PROVIDER = Provider(
    classname="ESM_StorageThread",
    read=read,
    instance=instance,
    element=lambda storage: storage.device_id,
    metrics=(
        Metric("disk.smart_state", lambda storage: storage.smart.state or None),
        Metric("disk.temperature_celsius", temperature),
        Metric("disk.reallocated_sectors", lambda storage: storage.smart.reallocated),
        Metric("disk.pending_sectors", lambda storage: storage.smart.pending),
        Metric("disk.io_errors", lambda storage: storage.disk.io_errors),
    ),
    may_block=True,
)
