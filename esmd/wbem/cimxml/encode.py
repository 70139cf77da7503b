"""From an operation's result to the text of a CIM-XML response (DSP0201 5, DSP0203 2.4)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from esmd.wbem.cimxml.declarations import class_declaration, qualifier_type
from esmd.wbem.cimxml.fragments import (
    InstanceWriter,
    NameWriter,
    attribute,
    escape,
    full_namespace_path,
    instance_name,
    value_encoder,
)
from esmd.wbem.results import (
    Call,
    Classes,
    ClassNames,
    Count,
    Created,
    Instances,
    Nothing,
    Paths,
    PropertyValue,
    Pulled,
    QualifierTypes,
    Result,
    Returned,
    View,
)
from esmd.wbem.source import Group
from openesm.cim.errors import CIMError
from openesm.cim.path import normal_namespace
from openesm.cim.values import Instance
from openesm.text import Language

WRITERS = 512  # fragments kept, by class and view

_WITH_PATH = frozenset(
    {"OpenEnumerateInstances", "OpenAssociatorInstances", "OpenReferenceInstances", "PullInstancesWithPath"}
)
_OBJECTS = frozenset({"Associators", "References", "ExecQuery"})
_OBJECT_PATHS = frozenset({"AssociatorNames", "ReferenceNames"})
_BARE = frozenset({"GetInstance", "OpenQueryInstances", "PullInstances"})

_OPENING = (
    '<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.4"><MESSAGE ID="%s" '
    'PROTOCOLVERSION="%s"><SIMPLERSP>'
)
CLOSING = "</SIMPLERSP></MESSAGE></CIM>\n"


class Encoder:
    """Writes results.

    Args:
        host: what HOST says in paths of answers.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._writers: OrderedDict[tuple[int, View, str], InstanceWriter] = OrderedDict()
        self._name_writers: OrderedDict[tuple[int, str], NameWriter] = OrderedDict()

    def result(self, call: Call, namespace: str, result: Result) -> str:
        """The content of SIMPLERSP.

        Args:
            namespace: how paths spell the namespace of the call.

        Raises:
            TypeError: a provider gave a value that its class does not declare.
        """
        if isinstance(result, Returned):
            return self._method_response(result, namespace)
        returned, extra = self._returned(call, namespace, result)
        content = f"<IRETURNVALUE>{returned}</IRETURNVALUE>" if returned is not None else ""
        return f'<IMETHODRESPONSE NAME="{attribute(call.name)}">{content}{extra}</IMETHODRESPONSE>'

    def error(self, call: Call, error: CIMError, language: Language) -> str:
        """An ERROR as the content of SIMPLERSP."""
        tag = "IMETHODRESPONSE" if call.target is None else "METHODRESPONSE"
        head = f'CODE="{int(error.status)}" DESCRIPTION="{attribute(error.text(language))}"'
        return f'<{tag} NAME="{attribute(call.name)}"><ERROR {head}></ERROR></{tag}>'

    def _returned(self, call: Call, namespace: str, result: Result) -> tuple[str | None, str]:
        """The content of IRETURNVALUE (None: there is none) and the output parameters after it."""
        match result:
            case Nothing():
                return None, ""
            case Instances():
                return "".join(self._instances(call.name, namespace, result)), ""
            case Paths():
                return "".join(self._paths(call.name, namespace, result)), ""
            case Pulled():
                returned, _ = self._returned(call, namespace, result.content)
                return returned, _pull_parameters(result) + _result_class(result)
            case Created():
                return instance_name(result.path.classname, result.path.keys, namespace), ""
            case Classes():
                return "".join(self._classes(namespace, result)), ""
            case ClassNames():
                return "".join(self._class_names(namespace, result)), ""
            case QualifierTypes():
                return "".join(map(qualifier_type, result.types)), ""
            case PropertyValue():
                return value_encoder(result.prop.type, result.prop.is_array, namespace)(result.value), ""
            case Count():
                return "" if result.count is None else f"<VALUE>{result.count}</VALUE>", ""
        raise AssertionError(result)

    # -- instances

    def _instances(self, operation: str, namespace: str, result: Instances) -> Iterable[str]:
        for group in result.groups:
            writer = self._writer(group, result.view, namespace)
            if operation in _BARE:
                yield from writer.write(group.rows)
                continue
            where = self._where(group, namespace)
            if operation in _WITH_PATH or operation in _OBJECTS:
                tag = "VALUE.INSTANCEWITHPATH" if operation in _WITH_PATH else "VALUE.OBJECTWITHPATH"
                head = f"<{tag}><INSTANCEPATH>{full_namespace_path(self._host, where)}"
                middle, tail = "</INSTANCEPATH>", f"</{tag}>"
            else:
                head, middle, tail = "<VALUE.NAMEDINSTANCE>", "", "</VALUE.NAMEDINSTANCE>"
            name = self._name_writer(group, where).write
            for row, instance in zip(group.rows, writer.write(group.rows), strict=True):
                yield f"{head}{name(row)}{middle}{instance}{tail}"

    def _paths(self, operation: str, namespace: str, result: Paths) -> Iterable[str]:
        for group in result.groups:
            where = self._where(group, namespace)
            if operation == "EnumerateInstanceNames":
                head, tail = "", ""
            else:
                head, tail = f"<INSTANCEPATH>{full_namespace_path(self._host, where)}", "</INSTANCEPATH>"
            if operation in _OBJECT_PATHS:
                head, tail = f"<OBJECTPATH>{head}", f"{tail}</OBJECTPATH>"
            name = self._name_writer(group, where).write
            for row in group.rows:
                yield f"{head}{name(row)}{tail}"

    def _writer(self, group: Group, view: View, namespace: str) -> InstanceWriter:
        key = id(group.cls), view, namespace
        writer = self._writers.get(key)
        if writer is None:
            writer = InstanceWriter(group.cls, view.names, view.class_origin, namespace)
            self._writers[key] = writer
            if len(self._writers) > WRITERS:
                self._writers.popitem(last=False)
        return writer

    def _name_writer(self, group: Group, namespace: str) -> NameWriter:
        key = id(group.cls), namespace
        writer = self._name_writers.get(key)
        if writer is None:
            writer = self._name_writers[key] = NameWriter(group.cls, namespace)
            if len(self._name_writers) > WRITERS:
                self._name_writers.popitem(last=False)
        return writer

    @staticmethod
    def _where(group: Group, namespace: str) -> str:
        """The namespace of a group; that of the call is spelled as the client knows it."""
        interop = {"root/interop", "interop", "root/pg_interop"}
        known = {normal_namespace(group.namespace), normal_namespace(namespace)}
        return namespace if len(known) == 1 or known <= interop else group.namespace

    # -- classes

    def _classes(self, namespace: str, result: Classes) -> Iterable[str]:
        for cls in result.classes:
            declaration = class_declaration(cls, result)
            if result.with_paths:
                path = self._class_path(cls.name, namespace)
                declaration = f"<VALUE.OBJECTWITHPATH>{path}{declaration}</VALUE.OBJECTWITHPATH>"
            yield declaration

    def _class_names(self, namespace: str, result: ClassNames) -> Iterable[str]:
        for name in result.names:
            if result.with_paths:
                yield f"<OBJECTPATH>{self._class_path(name, namespace)}</OBJECTPATH>"
            else:
                yield f'<CLASSNAME NAME="{attribute(name)}"></CLASSNAME>'

    def _class_path(self, name: str, namespace: str) -> str:
        where = full_namespace_path(self._host, namespace)
        return f'<CLASSPATH>{where}<CLASSNAME NAME="{attribute(name)}"></CLASSNAME></CLASSPATH>'

    # -- methods

    @staticmethod
    def _method_response(result: Returned, namespace: str) -> str:
        value = value_encoder(result.type, False, namespace)(result.result.value)
        returned = f'<RETURNVALUE PARAMTYPE="{result.type}">{value}</RETURNVALUE>' if value else ""
        out = []
        for name, given in result.result.out.items():
            if name not in result.out_types:
                raise TypeError(f"{result.method} has no output parameter {name}")
            cim_type, is_array = result.out_types[name]
            embedded = ' EmbeddedObject="instance"' if isinstance(given, Instance) else ""
            content = value_encoder(cim_type, is_array, namespace)(given)
            out.append(
                f'<PARAMVALUE NAME="{attribute(name)}" PARAMTYPE="{cim_type}"{embedded}>{content}'
                "</PARAMVALUE>"
            )
        return f'<METHODRESPONSE NAME="{attribute(result.method)}">{returned}{"".join(out)}</METHODRESPONSE>'


def _pull_parameters(result: Pulled) -> str:
    context = f"<VALUE>{escape(result.context)}</VALUE>"
    ended = "TRUE" if result.ended else "FALSE"
    return (
        f'<PARAMVALUE NAME="EndOfSequence" PARAMTYPE="boolean"><VALUE>{ended}</VALUE></PARAMVALUE>'
        f'<PARAMVALUE NAME="EnumerationContext" PARAMTYPE="string">{context}</PARAMVALUE>'
    )


def _result_class(result: Pulled) -> str:
    if result.result_class is None:
        return ""
    assert isinstance(result.content, Instances)
    shown = Classes([], "", result.content.view.names, qualifiers=False)
    declaration = class_declaration(result.result_class, shown)
    return f'<PARAMVALUE NAME="QueryResultClass">{declaration}</PARAMVALUE>'


def opening(message_id: str, version: str) -> bytes:
    """What stands before the content of SIMPLERSP; `version` is 1.N."""
    return (_OPENING % (attribute(message_id), version)).encode("utf-8")
