"""The devices of the machine."""

from openesm.cim.provider import Association

PROVIDER = Association(
    classname="ESM_SystemDevice",
    ends=(
        ("GroupComponent", ("CIM_ComputerSystem",)),
        (
            "PartComponent",
            (
                "ESM_Network",
                "ESM_PageFile",
                "ESM_PhysicalMemory",
                "ESM_Processor",
                "ESM_StorageThread",
                "ESM_VideoController",
                "ESM_VirtualMemory",
            ),
        ),
    ),
)
