"""CIM-XML requests as text, in the two spellings that are met: with closed pairs of tags, and self-closed."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from openesm.cim.path import KeyValue

KEYVALUE = '<KEYVALUE VALUETYPE="{kind}">{text}</KEYVALUE>'


def local_path(namespace: str = "root/test") -> str:
    steps = "".join(f'<NAMESPACE NAME="{step}"/>' for step in namespace.split("/"))
    return f"<LOCALNAMESPACEPATH>{steps}</LOCALNAMESPACEPATH>"


def envelope(
    simple: str, *, message_id: str = "4711", dtd: str = "2.0", cim: str = "2.0", protocol: str = "1.0"
) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<CIM CIMVERSION="{cim}" DTDVERSION="{dtd}">'
        f'<MESSAGE ID="{message_id}" PROTOCOLVERSION="{protocol}">{simple}</MESSAGE></CIM>'
    ).encode("utf-8", "surrogatepass")


def intrinsic(operation: str, *parameters: str, namespace: str = "root/test", **how: str) -> bytes:
    call = f'<IMETHODCALL NAME="{operation}">{local_path(namespace)}{"".join(parameters)}</IMETHODCALL>'
    return envelope(f"<SIMPLEREQ>{call}</SIMPLEREQ>", **how)


def extrinsic(method: str, target: str, *parameters: str) -> bytes:
    return envelope(
        f'<SIMPLEREQ><METHODCALL NAME="{method}">{target}{"".join(parameters)}</METHODCALL></SIMPLEREQ>'
    )


def parameter(name: str, content: str = "") -> str:
    return f'<IPARAMVALUE NAME="{name}">{content}</IPARAMVALUE>'


def value(text: object) -> str:
    return f"<VALUE>{text}</VALUE>"


def array(*texts: object) -> str:
    return f"<VALUE.ARRAY>{''.join(map(value, texts))}</VALUE.ARRAY>"


def classname(name: str) -> str:
    return f'<CLASSNAME NAME="{name}"></CLASSNAME>'


def key(name: str, given: KeyValue) -> str:
    match given:
        case bool():
            content = KEYVALUE.format(kind="boolean", text=str(given).upper())
        case int() | float():
            content = KEYVALUE.format(kind="numeric", text=given)
        case _:
            content = KEYVALUE.format(kind="string", text=given)
    return f'<KEYBINDING NAME="{name}">{content}</KEYBINDING>'


def instancename(name: str, **keys: KeyValue) -> str:
    return f'<INSTANCENAME CLASSNAME="{name}">{"".join(key(n, v) for n, v in keys.items())}</INSTANCENAME>'


def local_instance_path(name: str, namespace: str = "root/test", **keys: KeyValue) -> str:
    return f"<LOCALINSTANCEPATH>{local_path(namespace)}{instancename(name, **keys)}</LOCALINSTANCEPATH>"


def prop(name: str, cim_type: str, content: str = "", more: str = "") -> str:
    return f'<PROPERTY NAME="{name}" TYPE="{cim_type}"{more}>{content}</PROPERTY>'


def instance(name: str, properties: Iterable[str] = ()) -> str:
    return f'<INSTANCE CLASSNAME="{name}">{"".join(properties)}</INSTANCE>'


def creating(*properties: str) -> bytes:
    """CreateInstance with these PROPERTY elements."""
    return intrinsic("CreateInstance", parameter("NewInstance", instance("C", properties)))


PART = instance("T_Part", [prop("Name", "string", value("wheel"))])


def nested(depth: int) -> str:
    """An instance embedded in itself `depth` times."""
    inner = PART
    for _ in range(depth):
        inner = instance(
            "T_Part", [prop("Inner", "string", value(escape(inner)), ' EmbeddedObject="instance"')]
        )
    return inner


WBEMCLI = (
    b'<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">\n'
    b'<MESSAGE ID="4711" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="EnumerateInstances">'
    b'<LOCALNAMESPACEPATH><NAMESPACE NAME="root"></NAMESPACE><NAMESPACE NAME="test"></NAMESPACE>'
    b'</LOCALNAMESPACEPATH>\n<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="T_Thing"/></IPARAMVALUE>\n'
    b'<IPARAMVALUE NAME="DeepInheritance"><VALUE>TRUE</VALUE></IPARAMVALUE>\n'
    b'<IPARAMVALUE NAME="LocalOnly"><VALUE>FALSE</VALUE></IPARAMVALUE>\n'
    b'<IPARAMVALUE NAME="IncludeQualifiers"><VALUE>FALSE</VALUE></IPARAMVALUE>\n'
    b'<IPARAMVALUE NAME="IncludeClassOrigin"><VALUE>TRUE</VALUE></IPARAMVALUE>\n'
    b"</IMETHODCALL></SIMPLEREQ>\n</MESSAGE></CIM>"
)
