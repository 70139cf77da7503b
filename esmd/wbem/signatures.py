"""The parameters of the intrinsic operations (DSP0200 5.4.2), for the codecs to read."""

from __future__ import annotations

from collections.abc import Mapping

_LIST = {"propertylist": "strings", "includequalifiers": "boolean", "includeclassorigin": "boolean"}
_CLASS = {**_LIST, "localonly": "boolean"}
_WALK = {"assocclass": "class", "resultclass": "class", "role": "string", "resultrole": "string"}
_REFER = {"resultclass": "class", "role": "string"}
_OPEN = {
    "filterquerylanguage": "string",
    "filterquery": "string",
    "operationtimeout": "uint32",
    "continueonerror": "boolean",
    "maxobjectcount": "uint32",
}
_PULL = {"enumerationcontext": "string", "maxobjectcount": "uint32"}

PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "GetClass": {"classname": "class", **_CLASS},
    "EnumerateClasses": {"classname": "class", "deepinheritance": "boolean", **_CLASS},
    "EnumerateClassNames": {"classname": "class", "deepinheritance": "boolean"},
    "GetQualifier": {"qualifiername": "string"},
    "EnumerateQualifiers": {},
    "GetInstance": {"instancename": "instancename", **_CLASS},
    "EnumerateInstances": {"classname": "class", "deepinheritance": "boolean", **_CLASS},
    "EnumerateInstanceNames": {"classname": "class"},
    "GetProperty": {"instancename": "instancename", "propertyname": "string"},
    "SetProperty": {"instancename": "instancename", "propertyname": "string", "newvalue": "value"},
    "CreateInstance": {"newinstance": "instance"},
    "ModifyInstance": {
        "modifiedinstance": "namedinstance",
        "includequalifiers": "boolean",
        "propertylist": "strings",
    },
    "DeleteInstance": {"instancename": "instancename"},
    "ExecQuery": {"querylanguage": "string", "query": "string"},
    "Associators": {"objectname": "object", **_WALK, **_LIST},
    "AssociatorNames": {"objectname": "object", **_WALK},
    "References": {"objectname": "object", **_REFER, **_LIST},
    "ReferenceNames": {"objectname": "object", **_REFER},
    "OpenEnumerateInstances": {"classname": "class", "deepinheritance": "boolean", **_CLASS, **_OPEN},
    "OpenEnumerateInstancePaths": {"classname": "class", **_OPEN},
    "OpenAssociatorInstances": {"instancename": "instancename", **_WALK, **_LIST, **_OPEN},
    "OpenAssociatorInstancePaths": {"instancename": "instancename", **_WALK, **_OPEN},
    "OpenReferenceInstances": {"instancename": "instancename", **_REFER, **_LIST, **_OPEN},
    "OpenReferenceInstancePaths": {"instancename": "instancename", **_REFER, **_OPEN},
    "OpenQueryInstances": {"returnqueryresultclass": "boolean", **_OPEN},
    "PullInstancesWithPath": _PULL,
    "PullInstancePaths": _PULL,
    "PullInstances": _PULL,
    "CloseEnumeration": {"enumerationcontext": "string"},
    "EnumerationCount": {"enumerationcontext": "string"},
}
"""Operation -> lower-cased parameter -> what it holds."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "GetQualifier": ("qualifiername",),
    "ExecQuery": ("querylanguage", "query"),
    "OpenQueryInstances": ("filterquerylanguage", "filterquery"),
    "SetProperty": ("instancename", "propertyname"),
    "GetProperty": ("instancename", "propertyname"),
    **dict.fromkeys(("Associators", "AssociatorNames", "References", "ReferenceNames"), ("objectname",)),
    **dict.fromkeys(
        (
            "OpenAssociatorInstances",
            "OpenAssociatorInstancePaths",
            "OpenReferenceInstances",
            "OpenReferenceInstancePaths",
            "GetInstance",
            "DeleteInstance",
        ),
        ("instancename",),
    ),
    **dict.fromkeys(
        (
            "GetClass",
            "EnumerateInstances",
            "EnumerateInstanceNames",
            "OpenEnumerateInstances",
            "OpenEnumerateInstancePaths",
        ),
        ("classname",),
    ),
    "CreateInstance": ("newinstance",),
    "ModifyInstance": ("modifiedinstance",),
    **dict.fromkeys(("PullInstancesWithPath", "PullInstancePaths", "PullInstances"), tuple(_PULL)),
    "CloseEnumeration": ("enumerationcontext",),
    "EnumerationCount": ("enumerationcontext",),
}
"""Operation -> the parameters that it cannot do without."""
