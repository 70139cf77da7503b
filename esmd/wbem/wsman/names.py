"""Namespaces, actions and dialects of WS-Management, with the prefixes that clients look for (wsman.md 2)."""

from __future__ import annotations

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMAN_ACTIONS = "http://schemas.dmtf.org/wbem/wsman/1/wsman"
BINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
BINDING_ACTIONS = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
COMMON = "http://schemas.dmtf.org/wbem/wscim/1/common"
TRUST = "http://schemas.xmlsoap.org/ws/2005/02/trust"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

PREFIXES = {
    "s": SOAP,
    "wsa": ADDRESSING,
    "wxf": TRANSFER,
    "wsen": ENUMERATION,
    "wse": EVENTING,
    "wsman": WSMAN,
    "wsmb": BINDING,
    "wsmid": IDENTITY,
    "cim": COMMON,
    "xsi": INSTANCE,
}
ANONYMOUS = f"{ADDRESSING}/role/anonymous"
GET, PUT, CREATE, DELETE = (f"{TRANSFER}/{name}" for name in ("Get", "Put", "Create", "Delete"))
SUBSCRIBE, RENEW, GET_STATUS, UNSUBSCRIBE = (
    f"{EVENTING}/{name}" for name in ("Subscribe", "Renew", "GetStatus", "Unsubscribe")
)
ENUMERATE, PULL, RELEASE = (f"{ENUMERATION}/{name}" for name in ("Enumerate", "Pull", "Release"))

FAULT_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"
FAULT_ACTIONS = {
    "s": f"{ADDRESSING}/fault",
    "wsa": f"{ADDRESSING}/fault",
    "wxf": f"{TRANSFER}/fault",
    "wsen": f"{ENUMERATION}/fault",
    "wse": f"{EVENTING}/fault",
    "wsman": f"{WSMAN_ACTIONS}/fault",
    "wsmb": f"{BINDING_ACTIONS}/fault",
}

WQL_DIALECT = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
CQL_DIALECT = "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf"
XPATH_DIALECT = "http://www.w3.org/TR/1999/REC-xpath-19991116"
SELECTOR_DIALECT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
ASSOCIATION_DIALECT = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
HTTPS_BASIC = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/basic"


def tag(namespace: str, name: str) -> str:
    """A name as ElementTree spells it."""
    return f"{{{namespace}}}{name}"


# of every prefix, in every message: to look for those that it uses would cost more than all the rest
DECLARATIONS = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
