"""Correlation rules of Sigma as generation conditions: those whose meaning is the same here, no others.

| Sigma                                | here                                                         |
|--------------------------------------|--------------------------------------------------------------|
| event_count, condition gte n or gt n | threshold:n                                                  |
| temporal, temporal_ordered           | combination, sequence                                        |
| rules                                | a CON for each; its detection has to be one conjunction      |
| group-by, timespan                   | SAME_ATTRIBUTE, TIMEOUT                                      |
| title, level                         | B.MESSAGE, E.SEVERITY of SUCCESS_EVENT                       |
| field                                | as mapped; else E. and its name in capitals                  |
| logsource                            | as mapped, by `logsource.product` and so on; not by itself   |
| text value                           | a regular expression, because case does not count in Sigma   |

The window of event_count begins with the first event here and slides in Sigma; that is the one difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from indications.correlation.definition import Kind
from indications.correlation.limits import TIMEOUT_S_MOST
from openesm.text import Message

_KINDS = {
    "event_count": Kind.THRESHOLD,
    "temporal": Kind.COMBINATION,
    "temporal_ordered": Kind.SEQUENCE,
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"([0-9]{1,6})([smhd])\Z")
_SEVERITIES = {
    "informational": "Information",
    "low": "Notice",
    "medium": "Warning",
    "high": "Error",
    "critical": "Critical",
}
_MODIFIERS = frozenset({"contains", "startswith", "endswith", "all", "cased", "re"})
_WORD = re.compile(r"[^A-Za-z0-9_/-]+")
_NAME_MOST = 32


class SigmaError(ValueError):
    """A rule that has no same meaning here; `message` names what it is."""

    def __init__(self, rule: object, what: str, **args: object) -> None:
        self.message = Message.of(f"correlation.sigma-{what}", rule=rule, **args)
        super().__init__(str(self.message))


@dataclass(frozen=True, slots=True)
class _Rules:
    """The documents of the files.

    Attributes:
        by_reference: rules with a detection, by their name and by their id.
        fields: attributes by the names of fields, where they are mapped.
    """

    by_reference: Mapping[str, Mapping[str, Any]]
    fields: Mapping[str, str] = field(default_factory=dict)


def imported(documents: Sequence[object], fields: Mapping[str, str]) -> str:
    """The text of a definition with a generation condition for each correlation rule.

    Args:
        documents: of YAML, as read.
        fields: attributes (`E.NAME`) by the names of fields.

    Raises:
        SigmaError: a rule cannot be taken over exactly.
    """
    rules = [each for each in documents if isinstance(each, Mapping)]
    known = {
        str(each[key]): each for each in rules if "detection" in each for key in ("name", "id") if key in each
    }
    correlations = [each for each in rules if "correlation" in each]
    if not correlations:
        raise SigmaError("-", "none")
    place = _Rules(known, fields)
    return (
        "\n".join(["VERSION=2", *(line for each in correlations for line in _condition(each, place))]) + "\n"
    )


def _condition(rule: Mapping[str, Any], rules: _Rules) -> Iterator[str]:
    title = rule.get("title") or rule.get("name") or "sigma"
    given = rule["correlation"]
    if not isinstance(given, Mapping):
        raise SigmaError(title, "bad", name="correlation")
    kind = _KINDS.get(str(given.get("type")))
    if kind is None:
        raise SigmaError(title, "type", name=given.get("type"))
    for name in given:
        if name not in ("type", "rules", "group-by", "timespan", "condition", "generate"):
            raise SigmaError(title, "unsupported", name=name)
    references = given.get("rules")
    if not isinstance(references, list) or not references:
        raise SigmaError(title, "bad", name="rules")
    yield ""
    yield f"[{_name(rule)}]"
    for reference in references:
        known = rules.by_reference.get(str(reference))
        if known is None:
            raise SigmaError(title, "no-rule", name=reference)
        yield f"CON={','.join(_comparisons(known, rules))}"
    yield f"TYPE={_kind(title, kind, given.get('condition'), len(references))}"
    yield f"TIMEOUT={_seconds(title, given.get('timespan'))}"
    if group_by := given.get("group-by"):
        if not isinstance(group_by, list):
            raise SigmaError(title, "bad", name="group-by")
        yield f"SAME_ATTRIBUTE={','.join(_attribute(rules, str(each)) for each in group_by)}"
    severity = _SEVERITIES.get(str(rule.get("level", "medium")), "Warning")
    yield f"SUCCESS_EVENT=E.SEVERITY:{severity},B.MESSAGE:{_quoted(title, str(title))}"


def _name(rule: Mapping[str, Any]) -> str:
    given = str(rule.get("name") or rule.get("title") or rule.get("id") or "sigma")
    return _WORD.sub("-", given).strip("-")[:_NAME_MOST].rstrip("-") or "sigma"


def _kind(title: object, kind: Kind, condition: object, rules: int) -> str:
    if kind is not Kind.THRESHOLD:
        if condition is not None and condition != {"gte": rules}:
            raise SigmaError(title, "condition", name=condition)
        return str(kind)
    match condition:
        case {"gte": int(least), **rest} if not rest:
            return f"{kind}:{least}"
        case {"gt": int(more), **rest} if not rest:
            return f"{kind}:{more + 1}"
    raise SigmaError(title, "condition", name=condition)


def _seconds(title: object, span: object) -> int:
    match = _SPAN.match(str(span))
    if match is None or int(match[1]) * _UNITS[match[2]] > TIMEOUT_S_MOST:
        raise SigmaError(title, "bad", name=f"timespan {span}")
    return int(match[1]) * _UNITS[match[2]]


def _attribute(rules: _Rules, name: str) -> str:
    if name in rules.fields:
        return rules.fields[name]
    if name.startswith(("E.", "B.")):
        return name
    return f"E.{re.sub('[^A-Z0-9_]', '_', name.upper())}"


# -- a detection


def _comparisons(rule: Mapping[str, Any], rules: _Rules) -> Iterator[str]:
    """One conjunction: `selection`, or several joined by `and`, one field of them negated at most each."""
    title, detection = rule.get("title") or rule.get("name"), rule["detection"]
    if not isinstance(detection, Mapping) or not isinstance(detection.get("condition"), str):
        raise SigmaError(title, "bad", name="detection")
    yield from _log_source(title, rule.get("logsource") or {}, rules)
    for term in re.split(r"\s+and\s+", detection["condition"].strip()):
        negated, _, name = term.rpartition("not ")
        selection = detection.get(name.strip())
        if selection is None or negated.strip():
            raise SigmaError(title, "detection", name=detection["condition"])
        found = list(_selection(title, selection, rules))
        if term.startswith("not "):
            found = [_negated(title, found, detection["condition"])]
        yield from found


def _log_source(title: object, given: object, rules: _Rules) -> Iterator[str]:
    """Where the events come from; there is no attribute that says so for every site."""
    if not isinstance(given, Mapping):
        raise SigmaError(title, "bad", name="logsource")
    named = {f"logsource.{key}": value for key, value in given.items() if key != "definition"}
    if missing := [name for name in named if name not in rules.fields]:
        options = " ".join(f"--field {name}=E.NAME" for name in missing)
        raise SigmaError(title, "log-source", values=_listed(named), options=options)
    for name, value in named.items():
        if rules.fields[name]:
            yield from _field(title, name, str(value), rules)


def _listed(named: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in named.items())


def _selection(title: object, selection: object, rules: _Rules) -> Iterator[str]:
    if isinstance(selection, Mapping):
        for name, value in selection.items():
            yield from _field(title, str(name), value, rules)
    elif isinstance(selection, list) and all(isinstance(each, str | int) for each in selection):
        yield from _field(title, "B.MESSAGE|contains", selection, rules)  # keywords
    else:
        raise SigmaError(title, "detection", name=selection)


def _negated(title: object, found: Sequence[str], condition: str) -> str:
    if len(found) != 1 or "==" not in found[0] or "*=" in found[0]:
        raise SigmaError(title, "detection", name=condition)
    return found[0].replace("==", "!=", 1)


def _field(title: object, name: str, value: object, rules: _Rules) -> Iterator[str]:
    field_name, *modifiers = name.split("|")
    if unknown := set(modifiers) - _MODIFIERS:
        raise SigmaError(title, "unsupported", name=f"{field_name}|{min(unknown)}")
    attribute = _attribute(rules, field_name)
    values = value if isinstance(value, list) else [value]
    if not values or any(not isinstance(each, str | int | float) for each in values):
        raise SigmaError(title, "unsupported", name=f"{field_name}: {value}")
    if "all" in modifiers:
        for each in values:
            yield _comparison(title, attribute, [each], modifiers)
    else:
        yield _comparison(title, attribute, values, modifiers)


def _comparison(title: object, attribute: str, values: Sequence[object], modifiers: Sequence[str]) -> str:
    if all(not isinstance(each, str) for each in values):
        plain = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
        return f"{attribute}=={';'.join(plain)}"
    patterns = [_pattern(str(each), modifiers) for each in values]
    return f"{attribute}*={';'.join(_quoted(title, each) for each in patterns)}"


def _pattern(value: str, modifiers: Sequence[str]) -> str:
    if "re" in modifiers:
        return value
    flags = "(?s)" if "cased" in modifiers else "(?is)"
    begins = "" if "contains" in modifiers or "endswith" in modifiers else "^"
    ends = "" if "contains" in modifiers or "startswith" in modifiers else "$"
    return f"{flags}{begins}{''.join(_wild(value))}{ends}"


def _wild(value: str) -> Iterator[str]:
    r"""`*` and `?` are wildcards, unless a backslash stands before them; `\\` is a backslash."""
    at = 0
    while at < len(value):
        one = value[at]
        if one == "\\" and value[at + 1 : at + 2] in ("*", "?", "\\"):
            at += 1
            yield re.escape(value[at])
        else:
            yield {"*": ".*", "?": "."}.get(one) or re.escape(one)
        at += 1


def _quoted(title: object, value: str) -> str:
    if "\n" in value or value.endswith("\\") or '\\"' in value:
        raise SigmaError(title, "unsupported", name=value)
    return '"' + value.replace('"', '\\"') + '"'
