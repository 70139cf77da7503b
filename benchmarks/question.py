"""CIM-XML requests as bytes, each with a message ID of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tests.running import PASSWORD

CLASS = "ESM_Processor"
NAMESPACE = "root/ESMPRO/AS"
PROPERTIES = (
    "DeviceID",
    "Name",
    "ElementName",
    "Caption",
    "OperationalStatus",
    "HealthState",
    "EnabledState",
    "TimeOfLastStateChange",
    "Role",
    "Family",
    "MaxClockSpeed",
    "CurrentClockSpeed",
    "DataWidth",
    "AddressWidth",
    "LoadPercentage",
    "Stepping",
    "UniqueID",
    "CPUStatus",
    "ExternalBusClockSpeed",
    "NumberOfEnabledCores",
    "IsTotal",
    "UserPercentage",
    "SystemPercentage",
    "LoadAverage1",
)
"""24 properties of CLASS, as a management client asks for them: 8 instances are about 19 KB."""

_FIRST_ID = 10_000_000  # eight digits, so that every request of a kind is of the same length


def basic(user: str = "viewer", password: str = PASSWORD) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Question:
    """A request but for its message ID."""

    before: bytes
    after: bytes

    def numbered(self, message_id: int) -> bytes:
        return b"%s%08d%s" % (self.before, message_id, self.after)

    def all(self) -> Iterator[bytes]:
        """The same request again and again, each with another message ID."""
        return map(self.numbered, count(_FIRST_ID))


def question(
    operation: str, parameters: str, authorization: str = "", namespace: str = NAMESPACE
) -> Question:
    """A request for an intrinsic operation; `parameters` are its IPARAMVALUE elements."""
    spaces = "".join(f'<NAMESPACE NAME="{part}"/>' for part in namespace.split("/"))
    start = '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="'
    end = (
        f'" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="{operation}"><LOCALNAMESPACEPATH>{spaces}'
        f"</LOCALNAMESPACEPATH>{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
    )
    head = (
        "POST /cimom HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n"
        f"Authorization: {authorization or basic()}\r\n"
        'Content-Type: application/xml; charset="utf-8"\r\nCIMOperation: MethodCall\r\n'
        f"CIMMethod: {operation}\r\nCIMObject: {namespace.replace('/', '%2F')}\r\n"
        f"Content-Length: {len(start) + 8 + len(end)}\r\n\r\n"
    )
    return Question(f"{head}{start}".encode(), end.encode())


def enumerate_instances(
    classname: str = CLASS,
    names: Sequence[str] | None = PROPERTIES,
    authorization: str = "",
    namespace: str = NAMESPACE,
) -> Question:
    """EnumerateInstances; `names` is the PropertyList, None for all properties."""
    parameters = f'<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="{classname}"/></IPARAMVALUE>'
    if names is not None:
        listed = "".join(f"<VALUE>{name}</VALUE>" for name in names)
        parameters += f'<IPARAMVALUE NAME="PropertyList"><VALUE.ARRAY>{listed}</VALUE.ARRAY></IPARAMVALUE>'
    return question("EnumerateInstances", parameters, authorization, namespace)
