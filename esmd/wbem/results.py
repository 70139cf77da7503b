"""What operations take and give, in no protocol's clothes; the codecs write them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esmd.wbem.source import Group
from openesm.cim.errors import CIMError
from openesm.cim.path import Path
from openesm.cim.provider import MethodResult
from openesm.cim.schema import Class, Property, QualifierType
from openesm.cim.values import Value


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One operation, as a codec read it; compared and kept by identity.

    Attributes:
        name: of the intrinsic operation, or of the extrinsic method.
        namespace: as the client spelled it.
        arguments: lower-cased parameter name -> typed value; None where a parameter came without a value.
        target: of an extrinsic method: an instance's path, or a class name; None for an operation.
        problem: what is wrong with the parameters; told after rights and namespace were looked at.
    """

    name: str
    namespace: str
    arguments: Mapping[str, Any]
    target: Path | str | None = None
    problem: CIMError | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Which properties of an instance an answer shows, and whether with their origin.

    `names` are lower-cased; None shows all.
    """

    names: frozenset[str] | None = None
    class_origin: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Done; there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Instances:
    """Instances with their paths; `single` where the operation gives exactly one without its path."""

    groups: Sequence[Group]
    view: View
    namespace: str
    single: bool = False


@dataclass(frozen=True, slots=True)
class Paths:
    """Names of instances."""

    groups: Sequence[Group]
    namespace: str


@dataclass(frozen=True, slots=True)
class Created:
    """The path of a new instance."""

    path: Path


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes by value; `with_paths` where they answer an association operation."""

    classes: Sequence[Class]
    namespace: str
    names: frozenset[str] | None = None
    local_only: bool = False
    qualifiers: bool = True
    class_origin: bool = False
    with_paths: bool = False


@dataclass(frozen=True, slots=True)
class ClassNames:
    """Names of classes; `with_paths` where they answer an association operation."""

    names: Sequence[str]
    namespace: str
    with_paths: bool = False


@dataclass(frozen=True, slots=True)
class QualifierTypes:
    types: Sequence[QualifierType]


@dataclass(frozen=True, slots=True)
class PropertyValue:
    """The value of one property (GetProperty)."""

    prop: Property
    value: Value


@dataclass(frozen=True, slots=True)
class Count:
    """EnumerationCount: how many are left, None when that is not known."""

    count: int | None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A part of an enumeration; `context` is "" once the sequence has ended.

    `result_class` is the class of a query's result, where the client asked for it.
    """

    content: Instances | Paths
    context: str
    result_class: Class | None = None

    @property
    def ended(self) -> bool:
        return not self.context


@dataclass(frozen=True, slots=True)
class Returned:
    """What an extrinsic method gave back, with the types of the schema."""

    method: str
    type: str
    result: MethodResult
    out_types: Mapping[str, tuple[str, bool]]  # parameter -> (type, is_array)


Result = (
    Nothing
    | Instances
    | Paths
    | Created
    | Classes
    | ClassNames
    | QualifierTypes
    | PropertyValue
    | Count
    | Pulled
    | Returned
)
