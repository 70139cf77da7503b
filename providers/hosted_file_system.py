"""The file systems of the machine."""

from openesm.cim.provider import Association

PROVIDER = Association(
    classname="ESM_HostedFileSystem",
    ends=(("GroupComponent", ("CIM_ComputerSystem",)), ("PartComponent", ("ESM_FileSystemThread",))),
)
