"""The board: firmware facts, the management controller, and counted memory errors."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from uuid import UUID

from openesm.host import smbios
from openesm.host.tree import Tree

_DMI = "sys/firmware/dmi/tables"
_ID = "sys/class/dmi/id"
_PCI = "sys/bus/pci/devices"
_EDAC = "sys/devices/system/edac/mc"
_PLATFORM = "sys/devices/platform"
_ILO_MAKERS = ("HP", "HPE", "Hewlett-Packard", "Hewlett Packard Enterprise")
_ILO_FUNCTIONS = frozenset({("0x103c", "0x3306"), ("0x103c", "0x3307")})
_IPMI_DEVICES = ("dev/ipmi0", "dev/ipmi/0", "dev/ipmidev/0")


class ControllerType(IntEnum):
    """ESM_GeneralInformation.ManagementControllerType."""

    NONE = 0
    IPMI = 1
    ILO = 2


@dataclass(frozen=True, slots=True)
class Controller:
    kind: ControllerType
    version: str | None = None


def read_firmware(tree: Tree) -> smbios.Firmware:
    """The SMBIOS table; where it cannot be read, what the kernel shows of it in sys/class/dmi/id."""
    table = tree.raw(f"{_DMI}/DMI")
    firmware = smbios.parse(tree.raw(f"{_DMI}/smbios_entry_point"), table)
    return _from_ids(tree, firmware) if not table else firmware


def _from_ids(tree: Tree, firmware: smbios.Firmware) -> smbios.Firmware:
    return replace(
        firmware,
        bios_vendor=tree.label(f"{_ID}/bios_vendor"),
        bios_version=tree.label(f"{_ID}/bios_version"),
        bios_date=tree.label(f"{_ID}/bios_date"),
        manufacturer=tree.label(f"{_ID}/sys_vendor"),
        product=tree.label(f"{_ID}/product_name"),
        serial_number=tree.label(f"{_ID}/product_serial"),
        uuid=_table_order(tree.line(f"{_ID}/product_uuid")),
        chassis_type=tree.number(f"{_ID}/chassis_type"),
        chassis_serial_number=tree.label(f"{_ID}/chassis_serial"),
    )


def _table_order(text: str | None) -> bytes | None:
    try:
        return UUID(text or "").bytes_le
    except ValueError:
        return None


def read_controller(tree: Tree, firmware: smbios.Firmware) -> Controller:
    """iLO by its PCI function or by an HPE machine with IPMI; IPMI by SMBIOS type 38 or its device."""
    has_ipmi = firmware.has_ipmi or any(tree.exists(device) for device in _IPMI_DEVICES)
    is_ilo = (has_ipmi and firmware.manufacturer in _ILO_MAKERS) or _has_ilo_function(tree)
    if not has_ipmi and not is_ilo:
        return Controller(ControllerType.NONE)
    places = (name for name in tree.names(_PLATFORM) if name.startswith("ipmi_bmc"))
    versions = (tree.label(f"{_PLATFORM}/{name}/firmware_revision") for name in places)
    return Controller(
        ControllerType.ILO if is_ilo else ControllerType.IPMI,
        next((version for version in versions if version), None),
    )


def _has_ilo_function(tree: Tree) -> bool:
    return any(
        (tree.line(f"{_PCI}/{name}/vendor"), tree.line(f"{_PCI}/{name}/device")) in _ILO_FUNCTIONS
        for name in tree.names(_PCI)
    )


@dataclass(frozen=True, slots=True)
class MemoryErrors:
    label: str
    corrected: int | None
    uncorrected: int | None


def read_memory_errors(tree: Tree) -> Iterable[MemoryErrors]:
    """The error counters that EDAC keeps by DIMM label."""
    for controller in tree.names(_EDAC):
        for dimm in tree.names(f"{_EDAC}/{controller}"):
            place = f"{_EDAC}/{controller}/{dimm}"
            name = tree.label(f"{place}/dimm_label")
            if name is not None:
                yield MemoryErrors(
                    name, tree.number(f"{place}/dimm_ce_count"), tree.number(f"{place}/dimm_ue_count")
                )
