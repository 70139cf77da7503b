"""What a provider is: a frozen value that says what is read, and how it becomes an instance.

A provider knows nothing of the WBEM server that hosts it. The server fills in what is the same for every
class (CreationClassName, SystemCreationClassName, SystemName, defaults of the MOF), filters properties,
and answers associations; see docs/providers.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from openesm.cim.values import Value

if TYPE_CHECKING:
    from openesm.cim.path import Path
    from openesm.host import Host

T = TypeVar("T")
NAMESPACE = "root/ESMPRO/AS"
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Metric(Generic[T]):
    """A measured value of an element, in the unit that the name's last part says (`cpu.load_percent`)."""

    name: str
    value: Callable[[T], float | None]


@dataclass(frozen=True, slots=True)
class MethodResult:
    """What an extrinsic method gives back: its return value and its output parameters."""

    value: Value
    out: Row = field(default_factory=dict)


Method = Callable[["Host", Any, Row], MethodResult]  # (host, element or None for the class, input parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Generic[T]):
    """One class: its elements, and each element as an instance.

    Attributes:
        classname: the CIM class, declared in the MOF file of the same stem.
        read: the elements that the machine has now; [] where the hardware is absent. A source that fails
            gives None for its value, never an exception for the whole class.
        instance: property name -> value, NULL as None, the same names in the same order for every element.
        element: a stable id of the element (thresholds are kept by it).
        metrics: what monitoring measures on an element.
        version: another object whenever the elements have changed, so that nobody is shown those before; for
            what the agent itself keeps.
        may_block: reading may wait for a device or a file system, so it is done in a worker.
        create, modify, delete: the changes that the class allows; None refuses (CIM_ERR_NOT_SUPPORTED).
            `create` gets the properties and returns the keys; `modify` the element and the changed
            properties, all or nothing.
        methods: extrinsic methods by the name in the MOF.
        find: the element that a path names, None where there is none; for a class whose `read` gives not all.
        refer: of an association class, the elements in which an instance stands; likewise.
    """

    classname: str
    read: Callable[[Host], Iterable[T]]
    instance: Callable[[T], Row]
    element: Callable[[T], str] = str
    metrics: tuple[Metric[T], ...] = ()
    namespace: str = NAMESPACE
    version: Callable[[], object] = lambda: None
    may_block: bool = False
    create: Callable[[Host, Row], Row] | None = None
    modify: Callable[[Host, T, Row], None] | None = None
    delete: Callable[[Host, T], None] | None = None
    methods: Mapping[str, Method] = field(default_factory=dict)
    find: Callable[[Host, Path], T | None] | None = None
    refer: Callable[[Host, Path], Iterable[T]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """An association that joins every instance of some classes with every one of others.

    `ends` is two (role, classes) pairs; a class name may be `namespace:Class` when it lives elsewhere.
    The class is declared in the MOF like any other; the server enumerates and walks it.
    """

    classname: str
    ends: tuple[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]]
    namespace: str = NAMESPACE
