"""Text of class and qualifier declarations in CIM-XML (DSP0203 2.4: CLASS, QUALIFIER.DECLARATION)."""

from __future__ import annotations

from collections.abc import Iterable

from esmd.wbem.cimxml.fragments import attribute, scalar_text, value_encoder
from esmd.wbem.results import Classes
from openesm.cim.schema import Class, Method, Parameter, Property, Qualifier, Qualifiers, QualifierType
from openesm.cim.values import Value

_SCOPES = ("class", "association", "reference", "property", "method", "parameter", "indication")


def _flavors(flavors: str) -> str:
    pairs = (("OVERRIDABLE", "o"), ("TOSUBCLASS", "s"), ("TRANSLATABLE", "t"))
    defaults = {"o": True, "s": True, "t": False}
    return "".join(
        f' {name}="{"true" if flag in flavors else "false"}"'
        for name, flag in pairs
        if (flag in flavors) is not defaults[flag]
    )


def _qualifier_value(value: Value, cim_type: str, is_array: bool) -> str:
    if value is None:
        return ""
    if is_array and isinstance(value, list | tuple):
        items = "".join(f"<VALUE>{scalar_text(item, cim_type)}</VALUE>" for item in value)
        return f"<VALUE.ARRAY>{items}</VALUE.ARRAY>"
    return f"<VALUE>{scalar_text(value, cim_type)}</VALUE>"


def qualifier(found: Qualifier) -> str:
    propagated = ' PROPAGATED="true"' if found.propagated else ""
    value = _qualifier_value(found.value, found.type, found.is_array)
    head = f'NAME="{attribute(found.name)}" TYPE="{found.type}"{propagated}{_flavors(found.flavors)}'
    return f"<QUALIFIER {head}>{value}</QUALIFIER>"


def _qualifiers(found: Qualifiers, shown: bool) -> str:
    return "".join(map(qualifier, found.values())) if shown else ""


def qualifier_type(found: QualifierType) -> str:
    scopes = {scope.lower() for scope in found.scopes}
    every = "any" in scopes
    flags = "".join(f' {name.upper()}="{"true" if every or name in scopes else "false"}"' for name in _SCOPES)
    value = _qualifier_value(found.value, found.type, found.is_array)
    head = (
        f'NAME="{attribute(found.name)}" TYPE="{found.type}"'
        f' ISARRAY="{"true" if found.is_array else "false"}"{_flavors(found.flavors)}'
    )
    return f"<QUALIFIER.DECLARATION {head}><SCOPE{flags}></SCOPE>{value}</QUALIFIER.DECLARATION>"


def _origin(class_origin: str, propagated: bool, shown: bool) -> str:
    origin = f' CLASSORIGIN="{attribute(class_origin)}"' if shown else ""
    return f'{origin} PROPAGATED="{"true" if propagated else "false"}"'


def _array(is_array: bool, size: int | None) -> str:
    return f' ARRAYSIZE="{size}"' if is_array and size else ""


def _property(prop: Property, options: Classes) -> str:
    origin = _origin(prop.class_origin, prop.propagated, options.class_origin)
    qualifiers = _qualifiers(prop.qualifiers, options.qualifiers)
    name = f'NAME="{attribute(prop.name)}"'
    if prop.type == "reference":
        reference = f'REFERENCECLASS="{attribute(prop.reference_class)}"'
        return f"<PROPERTY.REFERENCE {name} {reference}{origin}>{qualifiers}</PROPERTY.REFERENCE>"
    default = value_encoder(prop.type, prop.is_array)(prop.default)
    tag = "PROPERTY.ARRAY" if prop.is_array else "PROPERTY"
    size = _array(prop.is_array, prop.array_size)
    embedded = f' EmbeddedObject="{prop.embedded}"' if prop.embedded else ""
    return f'<{tag} {name} TYPE="{prop.type}"{size}{origin}{embedded}>{qualifiers}{default}</{tag}>'


def _parameter(parameter: Parameter, shown: bool) -> str:
    qualifiers = _qualifiers(parameter.qualifiers, shown)
    name, size = (
        f'NAME="{attribute(parameter.name)}"',
        _array(parameter.is_array, parameter.array_size),
    )
    if parameter.type == "reference":
        tag = "PARAMETER.REFARRAY" if parameter.is_array else "PARAMETER.REFERENCE"
        target = attribute(parameter.reference_class)
        return f'<{tag} {name} REFERENCECLASS="{target}"{size}>{qualifiers}</{tag}>'
    tag = "PARAMETER.ARRAY" if parameter.is_array else "PARAMETER"
    return f'<{tag} {name} TYPE="{parameter.type}"{size}>{qualifiers}</{tag}>'


def _method(method: Method, options: Classes) -> str:
    origin = _origin(method.class_origin, method.propagated, options.class_origin)
    qualifiers = _qualifiers(method.qualifiers, options.qualifiers)
    parameters = "".join(_parameter(p, options.qualifiers) for p in method.parameters)
    head = f'NAME="{attribute(method.name)}" TYPE="{method.type}"{origin}'
    return f"<METHOD {head}>{qualifiers}{parameters}</METHOD>"


def class_declaration(cls: Class, options: Classes) -> str:
    """A CLASS element, with what LocalOnly, IncludeQualifiers, IncludeClassOrigin and PropertyList leave."""
    superclass = f' SUPERCLASS="{attribute(cls.superclass)}"' if cls.superclass else ""
    parts: Iterable[str] = (
        _qualifiers(cls.qualifiers, options.qualifiers),
        *(
            _property(prop, options)
            for key, prop in cls.properties.items()
            if not (options.local_only and prop.propagated)
            and (options.names is None or key in options.names)
        ),
        *(
            _method(method, options)
            for method in cls.methods.values()
            if not (options.local_only and method.propagated)
        ),
    )
    return f'<CLASS NAME="{attribute(cls.name)}"{superclass}>{"".join(parts)}</CLASS>'
