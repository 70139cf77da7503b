"""Names as the command line and the lists spell them: `namespace:Name`, `namespace:Class.Name`."""

from dataclasses import dataclass

INTEROP = "root/PG_InterOp"
INTEROP_NAMES = (INTEROP, "root/interop", "interop")  # servers know it by one of these, or by all

FILTER = "CIM_IndicationFilter"
SUBSCRIPTION = "CIM_IndicationSubscription"
DESTINATION = "CIM_ListenerDestination"
CIMXML = "CIM_ListenerDestinationCIMXML"
CIMXML_HANDLER = "CIM_IndicationHandlerCIMXML"
SYSTEM_LOG = "PG_ListenerDestinationSystemLog"
EMAIL = "PG_ListenerDestinationEmail"
SNMP = "PG_IndicationHandlerSNMPMapper"
HANDLER_CLASSES = (CIMXML, CIMXML_HANDLER, SYSTEM_LOG, EMAIL, SNMP)


@dataclass(frozen=True, slots=True)
class Name:
    """A filter or a handler; "" is what was not said."""

    name: str
    namespace: str = ""
    classname: str = ""


def filter_name(text: str) -> Name:
    """`[namespace:]name`; ValueError when a part is empty."""
    namespace, name = _parted(text)
    return Name(name, namespace)


def handler_name(text: str) -> Name:
    """`[namespace:][class.]name`; ValueError when a part is empty."""
    namespace, local = _parted(text)
    classname, dot, name = local.partition(".")
    if not dot:
        return Name(local, namespace)
    known = {known.lower(): known for known in HANDLER_CLASSES}
    return Name(_given(name), namespace, known.get(classname.lower(), _given(classname)))


def _parted(text: str) -> tuple[str, str]:
    """Namespace and the rest. Names hold colons too (`ESM:AlertIndications`): a namespace has a slash."""
    namespace, colon, rest = text.partition(":")
    if not colon or (namespace and "/" not in namespace and not is_interop(namespace)):
        return "", text
    return _given(namespace), _given(rest)


def _given(part: str) -> str:
    if not part:
        raise ValueError(part)
    return part


def is_interop(namespace: str) -> bool:
    return _folded(namespace) == INTEROP.lower()


def same_namespace(one: str, other: str) -> bool:
    """Whether two names mean one namespace; all names of the interop namespace do."""
    return _folded(one) == _folded(other)


def shown(namespace: str, asked: str = "") -> str:
    """A namespace as lists spell it: as the user did, else the interop namespace by its usual name."""
    if asked and same_namespace(namespace, asked):
        return asked
    return INTEROP if is_interop(namespace) else namespace


def _folded(namespace: str) -> str:
    name = namespace.strip("/").lower()
    return INTEROP.lower() if name in (known.lower() for known in INTEROP_NAMES) else name
