"""Words and exit codes that scripts know from the original: the same in every language."""

from enum import IntEnum
from types import MappingProxyType


class Code(IntEnum):
    """Exit codes."""

    OK = 0
    ERROR = 1  # also a wrong command line
    NOT_CONNECTED = 2
    TIMEOUT = 3
    ACCESS_DENIED = 4
    NO_NAMESPACE = 5
    NOT_FOUND = 6
    NOT_SUPPORTED = 7


USE_HELP = "Use '--help' to obtain command syntax."
OPTION_MISSING = "Required option missing."
OPTION_NEEDED = 'the "{option}" option is required'
OPTION_UNEXPECTED = 'option "{option}" was unexpected'
OPTION_TWICE = 'duplicate "{option}" option'
ARGUMENT_UNEXPECTED = 'argument "{value}" was unexpected'
ARGUMENT_INVALID = 'argument "{value}" is not valid for option "{option}"'
VALUE_MISSING = "Missing required value for flag {flag}"
FLAG_MISSING = "Missing required option for {value}"
FLAG_UNKNOWN = "Unknown flag {flag}"

NOT_RUNNING = "The CIM server may not be running."
NOT_FOUND = MappingProxyType(
    {
        "s": "The requested subscription could not be found.",
        "f": "The requested filter could not be found.",
        "h": "The requested handler could not be found.",
    }
)
ENABLED, DISABLED = 2, 4  # SubscriptionState
ALREADY = MappingProxyType(
    {ENABLED: "The subscription is already enabled.", DISABLED: "The subscription is already disabled."}
)

STATES = ("Unknown", "Unknown", "Enabled", "Enabled Degraded", "Disabled")
OTHER_STATE = "Not Supported"
PERSISTENCE = MappingProxyType({1: "Other", 2: "Permanent", 3: "Transient"})
OTHER_PERSISTENCE = "Unknown"
SNMP_VERSIONS = MappingProxyType(
    {2: "SNMPv1 Trap", 3: "SNMPv2C Trap", 4: "SNMPv2C Inform", 5: "SNMPv3 Trap", 6: "SNMPv3 Inform"}
)
OTHER_SNMP_VERSION = "Pegasus Reserved"
RULE = "-" * 41
