"""The memory modules that the machine is made of."""

from openesm.cim.provider import Association

PROVIDER = Association(
    classname="ESM_SystemPackaging",
    ends=(("Antecedent", ("ESM_MemoryModule",)), ("Dependent", ("CIM_ComputerSystem",))),
)
