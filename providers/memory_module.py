"""DIMMs, as firmware lists them, with the error counters of EDAC."""

from dataclasses import dataclass

from openesm.cim.provider import Provider, Row
from openesm.host import Host
from openesm.host.board import MemoryErrors
from openesm.host.smbios import MemoryDevice

# CIM_Chip.FormFactor by SMBIOS form factor (DSP0134 7.18.1)
_FORM_FACTOR = {1: 1, 3: 7, 4: 2, 6: 3, 7: 4, 8: 6, 9: 8, 10: 9, 12: 11, 13: 12, 14: 13, 15: 8}
# CIM_PhysicalMemory.MemoryType by SMBIOS type (DSP0134 7.18.2); what CIM has no number for is Other
_MEMORY_TYPE = {
    2: 0, 3: 2, 4: 6, 5: 7, 6: 8, 7: 9, 8: 10, 9: 11, 10: 12, 11: 13, 12: 14, 13: 15, 14: 16, 15: 17, 16: 18,
    17: 19, 18: 20, 19: 21, 20: 23, 24: 24, 25: 25, 26: 26, 27: 27, 28: 28, 29: 29, 30: 30,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Module:
    device: MemoryDevice
    corrected: int | None
    uncorrected: int | None

    @property
    def tag(self) -> str:
        return f"0x{self.device.handle:04X} {self.device.locator or ''}".rstrip()


def read(host: Host) -> list[Module]:
    """The modules that are there; an empty socket is none."""
    errors = host.memory_errors()
    return [
        Module(device, *_count(device, errors)) for device in host.smbios().memory_devices if device.size != 0
    ]


def _count(device: MemoryDevice, errors: tuple[MemoryErrors, ...]) -> tuple[int | None, int | None]:
    own = [
        each for each in errors if device.locator and device.locator in each.label.replace("#", " ").split()
    ]
    corrected = [each.corrected for each in own if each.corrected is not None]
    uncorrected = [each.uncorrected for each in own if each.uncorrected is not None]
    return sum(corrected) if corrected else None, sum(uncorrected) if uncorrected else None


def instance(module: Module) -> Row:
    device = module.device
    return {
        "Tag": module.tag,
        "Name": device.locator,
        "ElementName": device.locator or module.tag,
        "Caption": device.locator or module.tag,
        "OperationalStatus": [3 if module.uncorrected else 2],
        "HealthState": 10 if module.uncorrected else 5,
        "InstallDate": None,
        "Manufacturer": device.manufacturer,
        "Model": device.part_number,
        "PartNumber": device.part_number,
        "SerialNumber": device.serial_number,
        "PoweredOn": True,
        "FormFactor": _FORM_FACTOR.get(device.form_factor or 0, 0),
        "MemoryType": _MEMORY_TYPE.get(device.kind, 1) if device.kind else 0,
        "TotalWidth": device.total_width,
        "DataWidth": device.data_width,
        "Capacity": None if device.size is None else device.size * 1024,
        "BankLabel": device.bank,
        "IsSpeedInMhz": True,
        "MaxMemorySpeed": device.speed,
        "ConfiguredMemoryClockSpeed": device.configured_speed,
        "DeviceLocator": device.locator,
        "Bank": device.bank,
        "RankCount": device.ranks,
        "CorrectableErrors": module.corrected,
        "UncorrectableErrors": module.uncorrected,
    }


PROVIDER = Provider(
    classname="ESM_MemoryModule",
    read=read,
    instance=instance,
    element=lambda module: module.tag,
)
