"""A double of the module `cmpi` that SWIG makes for cmpi-bindings: enough of a CIMOM for the glue.

The real one exists in a CIMOM's process alone; tests/pegasus has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

ARRAY, NULL = 1 << 13, 0x100


class CMPIException(Exception):  # noqa: N818  its name
    """Its text is never to be asked for."""

    def __init__(self, code: int) -> None:
        super().__init__(code)

    def get_error_code(self) -> int:
        return int(self.args[0])

    def get_description(self) -> str:
        raise AssertionError("freed")


class CMPIValue:
    """Attributes are set as SWIG has them: ref, inst, dateTime, array, string, boolean, uint8, …"""

    ref = inst = dateTime = array = string = None  # noqa: N815


@dataclass
class Data:
    value: Any
    type: int
    state: int = 0

    def is_null(self) -> bool:
        return self.value is None


def data(value: CMPIValue | None, cim_type: int) -> Data:
    return Data(value, cim_type, NULL if value is None else 0)


@dataclass
class Text:
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Array:
    items: list[Data]

    def size(self) -> int:
        return len(self.items)

    def at(self, number: int) -> Data:
        return self.items[number]

    def set(self, number: int, value: CMPIValue, cim_type: int) -> None:
        self.items[number] = data(value, cim_type)


@dataclass
class Named:
    """Values by name, in their order."""

    pairs: list[tuple[str, Data]] = field(default_factory=list)

    def put(self, name: str, value: CMPIValue | None, cim_type: int) -> None:
        self.pairs = [pair for pair in self.pairs if pair[0] != name]
        self.pairs.append((name, data(value, cim_type)))

    def at(self, number: int) -> tuple[Data, str]:
        if number >= len(self.pairs):
            raise CMPIException(4)
        name, found = self.pairs[number]
        return found, name


class ObjectPath:
    def __init__(self, namespace: str, name: str, phantom: int = 0) -> None:
        self._namespace, self._name, self._keys, self._phantom = namespace, name, Named(), phantom

    def namespace(self) -> str:
        return self._namespace

    def classname(self) -> str:
        return self._name

    def key_count(self) -> int:
        return len(self._keys.pairs) + self._phantom

    def get_key_at(self, number: int) -> tuple[Data, str]:
        return self._keys.at(number)

    def add_key(self, name: str, value: CMPIValue, cim_type: int) -> None:
        self._keys.put(name, value, cim_type)


class Instance:
    def __init__(self, path: ObjectPath) -> None:
        self._path, self._properties = path, Named()

    def objectpath(self) -> ObjectPath:
        return self._path

    def property_count(self) -> int:
        return len(self._properties.pairs)

    def get_property_at(self, number: int) -> tuple[Data, str]:
        return self._properties.at(number)

    def set_property(self, name: str, value: CMPIValue | None, cim_type: int) -> None:
        self._properties.put(name, value, cim_type)


class Args:
    def __init__(self) -> None:
        self._values = Named()

    def arg_count(self) -> int:
        return len(self._values.pairs)

    def get_arg_at(self, number: int) -> tuple[Data, str]:
        return self._values.at(number)

    def set(self, name: str, value: CMPIValue | None, cim_type: int) -> None:
        self._values.put(name, value, cim_type)


@dataclass
class Enumeration:
    items: list[Data]

    def hasNext(self) -> bool:  # noqa: N802
        return bool(self.items)

    def next(self) -> Data:
        return self.items.pop(0)


@dataclass
class Result:
    """What a request was answered with."""

    paths: list[ObjectPath] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    value: Data | None = None
    is_done: bool = False

    def return_objectpath(self, path: ObjectPath) -> None:
        self.paths.append(path)

    def return_instance(self, instance: Instance) -> None:
        self.instances.append(instance)

    def return_data(self, value: CMPIValue | None, cim_type: int) -> None:
        self.value = data(value, cim_type)

    def done(self) -> None:
        self.is_done = True


@dataclass
class Context:
    user: str = "root"

    def get_entry(self, name: str) -> Data:
        if name != "CMPIPrincipal":
            raise CMPIException(6)
        made = CMPIValue()
        made.string = Text(self.user)  # type: ignore[assignment]
        return Data(made, 5632)


@dataclass
class Broker:
    """Has things of its own to tell, and notes what it is asked for and by whom."""

    things: list[Instance] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    delivered: list[Instance] = field(default_factory=list)
    refuses: int = 0
    attached: int = 0

    # -- threads

    def prepareAttachThread(self, context: Context) -> Context:  # noqa: N802
        return Context(f"{context.user}'s thread")

    def attachThread(self, _context: Context) -> None:  # noqa: N802
        self.attached += 1

    def detachThread(self, _context: Context) -> None:  # noqa: N802
        self.attached -= 1

    # -- objects

    def new_object_path(self, namespace: str, name: str) -> ObjectPath:
        return ObjectPath(namespace, name)

    def new_instance(self, path: ObjectPath, _allow_null: int) -> Instance:
        return Instance(path)

    def new_args(self) -> Args:
        return Args()

    def new_string(self, text: str) -> Text:
        return Text(text)

    def new_datetime_from_string(self, text: str) -> Text:
        return Text(text)

    def new_array(self, count: int, cim_type: int) -> Array:
        return Array([data(None, cim_type) for _ in range(count)])

    # -- operations

    def _note(self, name: str, context: Context, *args: Any) -> None:
        assert self.attached, "a thread that is not attached"
        self.asked.append((name, context.user, *args))
        if self.refuses:
            raise CMPIException(self.refuses)

    def _told(self, items: Iterable[Instance], *, names: bool) -> Enumeration:
        found = []
        for each in items:
            value = CMPIValue()
            value.ref, value.inst = each.objectpath(), each  # type: ignore[assignment]
            found.append(Data(value, 4352 if names else 4096))
        return Enumeration(found)

    def enumInstances(self, context: Context, path: ObjectPath, names: Any) -> Enumeration:  # noqa: N802
        self._note("enumInstances", context, path.classname(), names)
        return self._told(self.things, names=False)

    def enumInstanceNames(self, context: Context, path: ObjectPath) -> Enumeration:  # noqa: N802
        self._note("enumInstanceNames", context, path.classname())
        return self._told(self.things, names=True)

    def getInstance(self, context: Context, path: ObjectPath, names: Any) -> Instance:  # noqa: N802
        self._note("getInstance", context, path.classname(), names)
        return self.things[0]

    def createInstance(self, context: Context, path: ObjectPath, new: Instance) -> ObjectPath:  # noqa: N802
        self._note("createInstance", context, path.classname())
        self.things.append(new)
        return path

    def modifyInstance(self, context: Context, path: ObjectPath, changed: Instance) -> None:  # noqa: N802
        self._note("modifyInstance", context, path.classname(), changed.property_count())

    def deleteInstance(self, context: Context, path: ObjectPath) -> None:  # noqa: N802
        self._note("deleteInstance", context, path.classname())

    def associators(self, context: Context, path: ObjectPath, *walk: Any) -> Enumeration:
        self._note("associators", context, path.classname(), *walk)
        return self._told(self.things, names=False)

    def associatorNames(self, context: Context, path: ObjectPath, *walk: Any) -> Enumeration:  # noqa: N802
        self._note("associatorNames", context, path.classname(), *walk)
        return self._told(self.things, names=True)

    def references(self, context: Context, path: ObjectPath, *walk: Any) -> Enumeration:
        self._note("references", context, path.classname(), *walk)
        return self._told(self.things, names=False)

    def referenceNames(self, context: Context, path: ObjectPath, *walk: Any) -> Enumeration:  # noqa: N802
        self._note("referenceNames", context, path.classname(), *walk)
        return self._told(self.things, names=True)

    def invokeMethod(  # noqa: N802
        self, context: Context, path: ObjectPath, method: str, given: Args, out: Args
    ) -> Data:
        self._note("invokeMethod", context, path.classname(), method)
        for number in range(given.arg_count()):
            found, name = given.get_arg_at(number)
            out.set(name, found.value, found.type)
        value = CMPIValue()
        value.uint32 = 7  # type: ignore[attr-defined]
        return Data(value, 160)

    def deliverIndication(self, context: Context, namespace: str, new: Instance) -> None:  # noqa: N802
        self._note("deliverIndication", context, namespace)
        self.delivered.append(new)

    def classPathIsA(self, path: ObjectPath, name: str) -> bool:  # noqa: N802
        return path.classname() == name


MODULE = SimpleNamespace(CMPIValue=CMPIValue, CMPIException=CMPIException)
