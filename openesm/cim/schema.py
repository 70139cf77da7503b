"""The compiled schema: classes, qualifiers and how they are inherited (DSP0004 5.1).

`openesm.cim.mofc` makes it from the MOF in `mof/`; this module only reads the result, so that the daemon
never loads a MOF compiler. The file holds what each class declares itself, as JSON text within the JSON;
a class is read, and its inheritance resolved, when it is first asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from openesm.cim.path import normal_namespace
from openesm.cim.values import DateTime, Value

FORMAT = 2  # of the compiled file; another number is compiled anew


@dataclass(frozen=True, slots=True)
class Qualifier:
    """A qualifier on an element; `flavors`: o = overridable, s = to subclass, t = translatable."""

    name: str
    type: str
    value: Value
    is_array: bool = False
    flavors: str = "os"
    propagated: bool = False


@dataclass(frozen=True, slots=True)
class QualifierType:
    """A qualifier declaration: type, default, and the element kinds (`SCOPE`) it may stand on."""

    name: str
    type: str
    value: Value
    is_array: bool
    scopes: tuple[str, ...]
    flavors: str


Qualifiers = Mapping[str, Qualifier]  # by lower-cased name


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: str
    is_array: bool
    reference_class: str
    qualifiers: Qualifiers
    array_size: int | None = None

    @property
    def is_in(self) -> bool:
        return "in" not in self.qualifiers or self.qualifiers["in"].value is True

    @property
    def is_out(self) -> bool:
        return "out" in self.qualifiers and self.qualifiers["out"].value is True

    @property
    def embedded(self) -> str:
        """As of `Property.embedded`."""
        return _embedded(self.qualifiers)


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    type: str  # "reference" for references
    is_array: bool
    reference_class: str
    default: Value
    qualifiers: Qualifiers
    class_origin: str
    propagated: bool = False
    array_size: int | None = None

    @property
    def is_key(self) -> bool:
        return _is_true(self.qualifiers, "key")

    @property
    def is_writable(self) -> bool:
        return _is_true(self.qualifiers, "write")

    @property
    def embedded(self) -> str:
        """ "instance" or "object" where the string holds an embedded one, else ""."""
        return _embedded(self.qualifiers)


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    type: str
    parameters: tuple[Parameter, ...]
    qualifiers: Qualifiers
    class_origin: str
    propagated: bool = False


@dataclass(frozen=True, slots=True)
class Class:
    """A class with all that it inherits; properties and methods in the order of declaration, base first."""

    name: str
    superclass: str
    qualifiers: Qualifiers
    properties: Mapping[str, Property]  # by lower-cased name
    methods: Mapping[str, Method]  # by lower-cased name
    ancestry: tuple[str, ...]  # lower-cased names, this class first
    keys: tuple[str, ...] = field(default=())  # names as declared

    @property
    def is_association(self) -> bool:
        return _is_true(self.qualifiers, "association")

    @property
    def is_abstract(self) -> bool:
        return _is_true(self.qualifiers, "abstract")

    def isa(self, name: str) -> bool:
        return name.lower() in self.ancestry

    def references(self) -> Iterator[Property]:
        return (prop for prop in self.properties.values() if prop.type == "reference")


class Namespace:
    """The classes of one namespace."""

    def __init__(self, name: str, qualifier_types: Sequence[Any], classes: Sequence[Any]) -> None:
        self.name = name
        self.qualifier_types = {entry[0].lower(): _qualifier_type(entry) for entry in qualifier_types}
        self._declared = {entry["name"].lower(): _text_of(entry) for entry in classes}
        self._resolved: dict[str, Class] = {}
        self._subclasses: dict[str, list[str]] = {}
        for entry in classes:
            self._subclasses.setdefault(entry.get("super", "").lower(), []).append(entry["name"])

    def __contains__(self, classname: str) -> bool:
        return classname.lower() in self._declared

    def get(self, classname: str) -> Class | None:
        """The class by its name in any case, with everything inherited; None when there is none."""
        key = classname.lower()
        if key not in self._resolved:
            text = self._declared.get(key)
            if text is None:
                return None
            declared = json.loads(text)
            parent = self.get(declared["super"]) if declared.get("super") else None
            self._resolved[key] = _resolve(declared, parent)
        return self._resolved[key]

    def children(self, classname: str = "") -> Sequence[str]:
        """Names of the direct subclasses; of the top classes for ""."""
        return self._subclasses.get(classname.lower(), ())

    def descendants(self, classname: str = "") -> Iterator[str]:
        """Names of all subclasses, parents first."""
        for child in self.children(classname):
            yield child
            yield from self.descendants(child)

    def classes(self) -> Iterator[Class]:
        for name in self.descendants():
            found = self.get(name)
            if found is not None:
                yield found


class Schema:
    """All namespaces of the compiled file; `digest` names the MOF that it was made from.

    Attributes:
        declared: MOF files of others, each with the classes that it declares.
        refused: those that are wrong, each with the reason.
    """

    def __init__(self, compiled: Mapping[str, Any]) -> None:
        self.digest: str = compiled["digest"]
        self.declared: Mapping[str, Sequence[str]] = compiled.get("declared", {})
        self.refused: Mapping[str, str] = compiled.get("refused", {})
        self.namespaces = {
            normal_namespace(name): Namespace(name, content["qualifiers"], content["classes"])
            for name, content in compiled["namespaces"].items()
        }

    @classmethod
    def load(cls, path: FilePath) -> Schema:
        """Reads a compiled schema.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not a compiled schema of this version.
        """
        compiled = json.loads(path.read_bytes())
        if not isinstance(compiled, dict) or compiled.get("format") != FORMAT:
            raise ValueError(path)
        try:
            return cls(compiled)
        except (KeyError, TypeError, AttributeError) as wrong:
            raise ValueError(path) from wrong


def _is_true(qualifiers: Qualifiers, name: str) -> bool:
    return name in qualifiers and qualifiers[name].value is True


def _text_of(entry: Mapping[str, Any]) -> str:
    """The declaration of a class as JSON: so it stands in the file; a compiler gives it as a value."""
    text: str = entry["declaration"] if "declaration" in entry else json.dumps(entry)
    return text


def packed(compiled: Mapping[str, Any]) -> dict[str, Any]:
    """A compiled schema as it is written to the file: each class a name, a superclass and its text."""
    namespaces = {
        name: {
            "qualifiers": content["qualifiers"],
            "classes": [
                {"name": each["name"], "super": each.get("super", ""), "declaration": _text_of(each)}
                for each in content["classes"]
            ],
        }
        for name, content in compiled["namespaces"].items()
    }
    return {**compiled, "namespaces": namespaces}


def _embedded(qualifiers: Qualifiers) -> str:
    if "embeddedinstance" in qualifiers:
        return "instance"
    return "object" if _is_true(qualifiers, "embeddedobject") else ""


def _constant(cim_type: str, value: Any) -> Value:
    """A value of the compiled file, which spells datetimes as text."""
    if cim_type == "datetime" and isinstance(value, str):
        return DateTime.parse(value)
    constant: Value = value
    return constant


def _qualifier_type(entry: Sequence[Any]) -> QualifierType:
    name, cim_type, is_array, value, scopes, flavors = entry
    return QualifierType(name, cim_type, value, is_array, tuple(scopes), flavors)


def _qualifiers(entries: Sequence[Sequence[Any]], inherited: Qualifiers | None = None) -> Qualifiers:
    """Own qualifiers over the inherited ones whose flavor is ToSubclass."""
    found = {
        key: replace(qualifier, propagated=True)
        for key, qualifier in (inherited or {}).items()
        if "s" in qualifier.flavors
    }
    for name, cim_type, is_array, value, flavors in entries:
        found[name.lower()] = Qualifier(name, cim_type, value, is_array, flavors)
    return found


def _resolve(declared: Mapping[str, Any], parent: Class | None) -> Class:
    name: str = declared["name"]
    properties = {
        key: replace(prop, propagated=True) for key, prop in (parent.properties if parent else {}).items()
    }
    for entry in declared.get("properties", ()):
        key = entry["name"].lower()
        properties[key] = _property(entry, name, properties.get(key))
    methods = {
        key: replace(method, propagated=True) for key, method in (parent.methods if parent else {}).items()
    }
    for entry in declared.get("methods", ()):
        key = entry["name"].lower()
        methods[key] = _method(entry, name, methods.get(key))
    return Class(
        name=name,
        superclass=declared.get("super", ""),
        qualifiers=_qualifiers(declared.get("qualifiers", ()), parent.qualifiers if parent else None),
        properties=properties,
        methods=methods,
        ancestry=(name.lower(), *(parent.ancestry if parent else ())),
        keys=tuple(prop.name for prop in properties.values() if prop.is_key),
    )


def _property(entry: Mapping[str, Any], classname: str, overridden: Property | None) -> Property:
    return Property(
        name=entry["name"],
        type=entry["type"],
        is_array=entry.get("array", False),
        reference_class=entry.get("class", ""),
        default=_constant(entry["type"], entry["default"])
        if "default" in entry
        else overridden.default
        if overridden
        else None,
        qualifiers=_qualifiers(entry.get("qualifiers", ()), overridden.qualifiers if overridden else None),
        class_origin=overridden.class_origin if overridden else classname,
        array_size=entry.get("size"),
    )


def _method(entry: Mapping[str, Any], classname: str, overridden: Method | None) -> Method:
    return Method(
        name=entry["name"],
        type=entry["type"],
        parameters=tuple(
            Parameter(
                name=parameter["name"],
                type=parameter["type"],
                is_array=parameter.get("array", False),
                reference_class=parameter.get("class", ""),
                qualifiers=_qualifiers(parameter.get("qualifiers", ())),
                array_size=parameter.get("size"),
            )
            for parameter in entry.get("parameters", ())
        ),
        qualifiers=_qualifiers(entry.get("qualifiers", ()), overridden.qualifiers if overridden else None),
        class_origin=overridden.class_origin if overridden else classname,
    )
