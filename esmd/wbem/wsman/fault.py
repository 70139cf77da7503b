"""SOAP faults of WS-Management, and the one that each CIM error becomes (wsman.md 10, W13)."""

from __future__ import annotations

import re

from esmd.wbem.wsman.names import FAULT_DETAIL
from openesm.cim.errors import CIMError, Status
from openesm.text import Language, Message

RECEIVER = frozenset(
    {
        "wsa:EndpointUnavailable",
        "wsman:InternalError",
        "wsman:TimedOut",
        "wsen:InvalidEnumerationContext",
        "wse:EventSourceUnableToProcess",
    }
)
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
UNREACHABLE = "wsa:DestinationUnreachable"
NOT_SUPPORTED = "wsa:ActionNotSupported"


class Fault(Exception):  # noqa: N818  SOAP's own word
    """A request that ends in a fault.

    Args:
        subcode: with its prefix, `wsman:InvalidSelectors`; "s:MustUnderstand" is a code of its own.
        detail: the last part of the FaultDetail URI.
        reason: for people.
        misunderstood: (namespace, name) of a header that had to be understood.
    """

    def __init__(
        self,
        subcode: str,
        detail: str = "",
        reason: Message | str | None = None,
        misunderstood: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(subcode, detail)
        self.subcode = subcode
        self.detail = f"{FAULT_DETAIL}{detail}" if detail else ""
        self.reason = reason
        self.misunderstood = misunderstood

    @property
    def is_receivers(self) -> bool:
        return self.subcode in RECEIVER

    @property
    def status(self) -> int:
        """400 where the sender is to blame, else 500; clients throw any other away (wsman.md 1)."""
        return 500 if self.is_receivers or self.misunderstood else 400

    def text(self, language: Language) -> str:
        if isinstance(self.reason, str) and self.reason:
            return self.reason
        if isinstance(self.reason, Message):
            return self.reason.text(language)
        name = self.detail.rpartition("/")[2] or self.subcode.rpartition(":")[2]
        return Message.of(f"wsman.fault-{_WORDS.sub('-', name).lower()}").text(language)


_FAULTS: dict[Status, tuple[str, str]] = {
    Status.ACCESS_DENIED: ("wsman:AccessDenied", ""),
    Status.INVALID_NAMESPACE: (UNREACHABLE, "InvalidResourceURI"),
    Status.INVALID_PARAMETER: ("wsman:InvalidParameter", ""),
    Status.INVALID_CLASS: (UNREACHABLE, "InvalidResourceURI"),
    Status.NOT_FOUND: (UNREACHABLE, ""),
    Status.NOT_SUPPORTED: (NOT_SUPPORTED, ""),
    Status.ALREADY_EXISTS: ("wsman:AlreadyExists", ""),
    Status.NO_SUCH_PROPERTY: ("wxf:InvalidRepresentation", "InvalidValues"),
    Status.TYPE_MISMATCH: ("wxf:InvalidRepresentation", "InvalidValues"),
    Status.QUERY_LANGUAGE_NOT_SUPPORTED: ("wsen:FilterDialectRequestedUnavailable", ""),
    Status.INVALID_QUERY: ("wsen:CannotProcessFilter", ""),
    Status.METHOD_NOT_AVAILABLE: (NOT_SUPPORTED, ""),
    Status.METHOD_NOT_FOUND: (NOT_SUPPORTED, ""),
    Status.INVALID_ENUMERATION_CONTEXT: ("wsen:InvalidEnumerationContext", ""),
    Status.SERVER_LIMITS_EXCEEDED: ("wsman:QuotaLimit", ""),
}


def fault_of(error: CIMError) -> Fault:
    """The fault that tells a CIM error."""
    subcode, detail = _FAULTS.get(error.status, ("wsman:InternalError", ""))
    return Fault(subcode, detail, error.reason)
