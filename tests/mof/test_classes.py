"""The classes that clients are written to: names, types, keys and methods stand."""

import pytest

from openesm.cim.schema import Class, Namespace

FACTS = """
ESM_GeneralInformation : CIM_ManagedElement
    string: InstanceID ServerName GUID GUIDRaw Manufacturer Model SerialNumber ChassisType BIOSVendor
    string: BIOSVersion OSName OSVersion KernelVersion Architecture TimeZone AgentName AgentVersion
    string: ManagementControllerVersion ManagementControllerAddress AgentAddress
    datetime: BIOSReleaseDate BootTime LocalDateTime
    uint16: AgentMode ManagementControllerType AgentAddressSource
    uint16: NumberOfProcessorPackages NumberOfCores NumberOfLogicalProcessors
    uint64: TotalPhysicalMemory
ESM_Alive : CIM_ManagedElement
    string: InstanceID
    string[]: ServiceName
    datetime: AliveTime
    datetime[]: ServiceLastRun
    uint16[]: ServiceState
    uint32: PendingReports
    uint64: SystemUpTime AgentUpTime BeatCount ExpiredReports
ESM_VideoController : CIM_DisplayController
    string: PCIAddress VendorID ProductID Driver DriverVersion
    uint32: HorizontalResolution VerticalResolution BitsPerPixel
    uint64: VideoMemorySize
ESM_Network : CIM_NetworkPort
    boolean: LinkDetected
    string: InterfaceType OperationalState Driver PCIAddress MasterInterface DefaultGateway
    string[]: IPv4Address IPv6Address
    uint32: InterfaceIndex
    uint64: BytesReceived BytesTransmitted PacketsReceived PacketsTransmitted ReceiveErrors TransmitErrors
    uint64: ReceiveDropped TransmitDropped Collisions
ESM_Processor : CIM_Processor
    boolean: IsTotal MonitoringEnabled
    string: SocketDesignation ModelName
    uint16: LoadPercentage
    uint16: WarningThreshold WarningClearThreshold CriticalThreshold CriticalClearThreshold MonitorState
    uint32: PackageNumber CoreNumber MonitoringInterval
    real32: LoadPercentage5Min UserPercentage SystemPercentage IOWaitPercentage StealPercentage
    real32: LoadAverage1 LoadAverage5 LoadAverage15
    datetime: MonitorStateChanged
ESM_PhysicalMemory : CIM_Memory
    boolean: MonitoringEnabled
    uint16: UsedPercentage PressurePercentage WatchedValue
    uint16: WarningThreshold WarningClearThreshold CriticalThreshold CriticalClearThreshold MonitorState
    uint32: MonitoringInterval
    uint64: TotalSize UsedSize FreeSize AvailableSize Buffers Cached
    datetime: MonitorStateChanged
ESM_MemoryModule : CIM_PhysicalMemory
    string: DeviceLocator Bank
    uint16: RankCount
    uint64: CorrectableErrors UncorrectableErrors
ESM_VirtualMemory : CIM_Memory
    boolean: MonitoringEnabled
    uint16: UsedPercentage
    uint16: WarningThreshold WarningClearThreshold CriticalThreshold CriticalClearThreshold MonitorState
    uint32: MonitoringInterval
    uint64: TotalSize UsedSize FreeSize CommittedSize CommitLimit
    datetime: MonitorStateChanged
ESM_PageFile : CIM_StorageExtent
    boolean: IsTotal MonitoringEnabled
    string: SwapPath SwapType
    sint32: SwapPriority
    uint16: UsedPercentage
    uint16: WarningThreshold WarningClearThreshold CriticalThreshold CriticalClearThreshold MonitorState
    uint32: MonitoringInterval
    uint64: TotalSize UsedSize FreeSize
    datetime: MonitorStateChanged
ESM_StorageThread : CIM_DiskDrive
    boolean: Removable Rotational MonitoringEnabled
    string: DevicePath Vendor Model Revision SerialNumber Transport HCTL
    sint16: Temperature
    uint16: SmartState MonitorState
    uint32: MonitoringInterval
    uint64: Capacity ReadOperations WriteOperations ReadBytes WriteBytes
    uint64: ReallocatedSectors PendingSectors IOErrors
    datetime: MonitorStateChanged
ESM_FileSystemThread : CIM_LocalFileSystem
    boolean: Monitorable MonitoringEnabled
    string: DevicePath MountPoint MountOptions NotMonitorableReason
    uint16: DriveType FreePercentage FreeInodePercentage ThresholdUnit MonitorState
    uint32: MonitoringInterval
    uint64: TotalSize FreeSize FreeInodes TotalInodes
    uint64: WarningThreshold WarningClearThreshold CriticalThreshold CriticalClearThreshold
    datetime: MonitorStateChanged
ESM_AlertIndication : CIM_AlertIndication
    boolean: Replayed IsTest
    string: SourceName ESMEventID TrapName ActionAdvice MonitoredProperty Units AgentAddress AlertUUID
    string: AlertingManagedElement EventID Message MessageID OwningEntity SystemName ProviderName
    string: IndicationIdentifier SequenceContext
    string[]: MessageArguments RecommendedActions CorrelatedIndications
    uint16: PreviousState CurrentState AlertingElementFormat AlertType PerceivedSeverity
    uint16: ProbableCause Trending
    real64: ObservedValue ThresholdValue
    sint64: SequenceNumber
    datetime: EventTime IndicationTime
ESM_AlertRecord : CIM_LogEntry
    boolean: IsTest
    string: AlertUUID SourceName ESMEventID TrapName ActionAdvice ProviderName
    string: AlertingManagedElement ElementID
    string: MonitoredProperty Units Message MessageID RecordID Locale
    string[]: MessageArguments CorrelatedIndications
    uint16: PreviousState CurrentState PerceivedSeverity
    uint32: DeliveredCount PendingCount GivenUpCount
    real64: ObservedValue ThresholdValue
    datetime: EventTime CreationTimeStamp
"""
OF_A_SYSTEM = {"SystemCreationClassName", "SystemName", "CreationClassName", "Name"}
DEVICE_KEYS = {"SystemCreationClassName", "SystemName", "CreationClassName", "DeviceID"}
KEYS = {
    "ESM_GeneralInformation": {"InstanceID"},
    "ESM_Alive": {"InstanceID"},
    "ESM_MemoryModule": {"Tag", "CreationClassName"},
    "ESM_AlertIndication": set(),
    "ESM_AlertRecord": {"InstanceID"},
    "ESM_FileSystemThread": {"CSCreationClassName", "CSName", "CreationClassName", "Name"},
}
SET = "MonitoringEnabled:boolean MonitoringInterval:uint32"
LIMITS = ("WarningThreshold", "WarningClearThreshold", "CriticalThreshold", "CriticalClearThreshold")
PERCENT_LIMITS = " ".join(f"{name}:uint16" for name in LIMITS)
METHODS = {
    "ESM_Processor": f"{SET} {PERCENT_LIMITS}",
    "ESM_PhysicalMemory": f"{SET} WatchedValue:uint16 {PERCENT_LIMITS}",
    "ESM_VirtualMemory": f"{SET} {PERCENT_LIMITS}",
    "ESM_PageFile": f"{SET} {PERCENT_LIMITS}",
    "ESM_FileSystemThread": f"{SET} ThresholdUnit:uint16 {PERCENT_LIMITS.replace('uint16', 'uint64')}",
}
WRITABLE = {"MonitoringEnabled", "MonitoringInterval", *LIMITS, "WatchedValue", "ThresholdUnit"}


def facts() -> list[tuple[str, str, dict[str, str]]]:
    """(class, superclass, property name -> type) for each class of `FACTS`."""
    found: list[tuple[str, str, dict[str, str]]] = []
    for line in FACTS.strip().splitlines():
        head, _, tail = line.partition(":")
        if line.startswith(" "):
            found[-1][2].update(dict.fromkeys(tail.split(), head.strip()))
        else:
            found.append((head.strip(), tail.strip(), {}))
    return found


def get(namespace: Namespace, name: str) -> Class:
    found = namespace.get(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize(
    ("name", "superclass", "types"), [pytest.param(*fact, id=fact[0]) for fact in facts()]
)
def test_class_has_the_properties(
    agent: Namespace, name: str, superclass: str, types: dict[str, str]
) -> None:
    found = get(agent, name)
    assert found.superclass == superclass
    actual = {prop.name: prop.type + "[]" * prop.is_array for prop in found.properties.values()}
    assert {known: actual.get(known) for known in types} == types


@pytest.mark.parametrize("name", [name for name, _, _ in facts()])
def test_keys(agent: Namespace, name: str) -> None:
    assert set(get(agent, name).keys) == KEYS.get(name, DEVICE_KEYS)


@pytest.mark.parametrize("name", [name for name, _, _ in facts()])
def test_what_a_client_may_set_and_call(agent: Namespace, name: str) -> None:
    found = get(agent, name)
    own = {prop.name for prop in found.properties.values() if prop.class_origin == name and prop.is_writable}
    assert own == WRITABLE & {prop.name for prop in found.properties.values()}
    methods = {
        method.name: " ".join(f"{parameter.name}:{parameter.type}" for parameter in method.parameters)
        for method in found.methods.values()
        if method.class_origin == name
    }
    expected = METHODS.get(name)
    assert methods == ({"SetThresholds": expected, "RestoreDefaultThresholds": ""} if expected else {})


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("ESM_SystemDevice", {"GroupComponent": "CIM_System", "PartComponent": "CIM_LogicalDevice"}),
        ("ESM_HostedFileSystem", {"GroupComponent": "CIM_System", "PartComponent": "CIM_FileSystem"}),
        ("ESM_SystemPackaging", {"Antecedent": "CIM_PhysicalElement", "Dependent": "CIM_System"}),
        (
            "ESM_ElementConformsToProfile",
            {"ConformantStandard": "CIM_RegisteredProfile", "ManagedElement": "CIM_ManagedElement"},
        ),
    ],
)
def test_associations(agent: Namespace, name: str, ends: dict[str, str]) -> None:
    found = get(agent, name)
    assert found.is_association
    assert not found.is_abstract
    assert {prop.name: prop.reference_class for prop in found.references()} == ends
    assert set(found.keys) == set(ends)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("CIM_ObjectManager", {"SystemCreationClassName", "SystemName", "CreationClassName", "Name"}),
        ("CIM_RegisteredProfile", {"InstanceID"}),
        ("CIM_ReferencedProfile", {"Antecedent", "Dependent"}),
        ("CIM_ElementConformsToProfile", {"ConformantStandard", "ManagedElement"}),
        ("CIM_NamespaceInManager", {"Antecedent", "Dependent"}),
        ("CIM_CommMechanismForManager", {"Antecedent", "Dependent"}),
        ("CIM_HostedService", {"Antecedent", "Dependent"}),
        (
            "CIM_CIMXMLCommunicationMechanism",
            {"SystemCreationClassName", "SystemName", "CreationClassName", "Name"},
        ),
        ("CIM_IndicationFilter", OF_A_SYSTEM),
        ("CIM_ListenerDestinationCIMXML", OF_A_SYSTEM),
        ("CIM_IndicationHandlerCIMXML", OF_A_SYSTEM),
        ("CIM_IndicationService", OF_A_SYSTEM),
        ("CIM_IndicationServiceCapabilities", {"InstanceID"}),
        ("CIM_FilterCollection", {"InstanceID"}),
        ("CIM_IndicationSubscription", {"Filter", "Handler"}),
        ("CIM_FilterCollectionSubscription", {"Filter", "Handler"}),
        ("CIM_MemberOfCollection", {"Collection", "Member"}),
        ("CIM_ElementCapabilities", {"ManagedElement", "Capabilities"}),
        ("CIM_ServiceAffectsElement", {"AffectedElement", "AffectingElement"}),
        ("CIM_InstCreation", set()),
        ("CIM_InstModification", set()),
        ("CIM_InstDeletion", set()),
        ("CIM_AlertIndication", set()),
        (
            "CIM_Namespace",
            {
                "SystemCreationClassName",
                "SystemName",
                "ObjectManagerCreationClassName",
                "ObjectManagerName",
                "CreationClassName",
                "Name",
            },
        ),
    ],
)
def test_interop_classes(interop: Namespace, name: str, keys: set[str]) -> None:
    assert set(get(interop, name).keys) == keys


def test_constants_stand_in_the_mof(agent: Namespace) -> None:
    memory = get(agent, "ESM_PhysicalMemory").properties
    shown = {name: memory[name].default for name in ("deviceid", "blocksize", "access", "volatile")}
    assert shown == {"deviceid": "PhysicalMemory", "blocksize": 1024, "access": 3, "volatile": True}
    assert get(agent, "ESM_Alive").properties["instanceid"].default == "ESM:Alive"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("CIM_IndicationFilter", "Query:string QueryLanguage:string SourceNamespaces:string[]"),
        ("CIM_ListenerDestinationCIMXML", "Destination:string PersistenceType:uint16 Protocol:uint16"),
        (
            "CIM_IndicationSubscription",
            "OnFatalErrorPolicy:uint16 SubscriptionState:uint16 SubscriptionDuration:uint64",
        ),
        (
            "CIM_FilterCollectionSubscription",
            "SubscriptionStartTime:datetime SubscriptionTimeRemaining:uint64 RepeatNotificationPolicy:uint16",
        ),
        (
            "CIM_IndicationService",
            "DeliveryRetryAttempts:uint16 DeliveryRetryInterval:uint32 SubscriptionRemovalAction:uint16",
        ),
        (
            "CIM_IndicationServiceCapabilities",
            "MaxListenerDestinations:uint32 MaxActiveSubscriptions:uint32 SubscriptionsPersisted:boolean",
        ),
        (
            "CIM_InstModification",
            "SourceInstance:string PreviousInstance:string ChangedPropertyNames:string[]",
        ),
    ],
)
def test_what_a_subscriber_reads(interop: Namespace, name: str, shape: str) -> None:
    """DSP1054 1.2; a property of another type breaks the managers that are written to it."""
    properties = get(interop, name).properties
    expected = dict(entry.split(":") for entry in shape.split())
    found = {known: properties[known.lower()] for known in expected}
    assert {known: prop.type + "[]" * prop.is_array for known, prop in found.items()} == expected


def test_only_state_and_lifetime_of_a_subscription_can_be_changed(interop: Namespace) -> None:
    properties = get(interop, "CIM_IndicationSubscription").properties.values()
    writable = {prop.name for prop in properties if prop.is_writable}
    assert writable == {"SubscriptionState", "SubscriptionDuration", "SubscriptionInfo"}
