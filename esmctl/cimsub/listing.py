"""The lists of subscriptions, filters and handlers: columns, or with -v an entry each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from esmctl.cimsub import names, wording
from esmctl.cimsub.commandline import Command
from esmctl.cimsub.matching import Asked, Reference, handler_matches, reference
from esmctl.cimsub.names import shown
from esmctl.cimsub.problem import RefusedError
from esmctl.cimsub.server import NOT_FOUND, Server
from esmctl.output import Table, visible

Entry = Sequence[tuple[str, str]]
KEY_COLUMNS = {"s": 19, "h": 19, "f": 18}


def listed(server: Server, command: Command, batch_namespace: str) -> str:
    """What -l prints; "" when there is nothing to list."""
    asked = Asked.of(command, batch_namespace)
    return {"s": _subscriptions, "f": _filters, "h": _handlers}[command.what](server, asked, command.verbose)


def _subscriptions(server: Server, asked: Asked, verbose: bool) -> str:
    found = [
        (namespace, subscription)
        for namespace in _namespaces(server, asked.namespace)
        for subscription in server.instances(namespace, names.SUBSCRIPTION)
        if asked.fits(subscription.path)
    ]
    rows = []
    for namespace, subscription in found:
        of_filter, of_handler = (reference(subscription.path, end) for end in ("Filter", "Handler"))
        row = (
            shown(namespace, asked.namespace),
            of_filter.shown(asked.namespace, with_class=False),
            of_handler.shown(asked.namespace),
            _state(subscription),
        )
        more = [*_query(server, of_filter), *_target(server, of_handler)] if verbose else []
        rows.append((row, more))
    if not verbose:
        return _columns(("NAMESPACE", "FILTER", "HANDLER", "STATE"), [row for row, _ in rows])
    rows.sort(key=lambda pair: _order(pair[0]))
    return _entries("s", (_subscription(*row, more) for row, more in rows))


def _subscription(namespace: str, of_filter: str, of_handler: str, state: str, more: Entry) -> Entry:
    head = ("Namespace", namespace), ("Filter", of_filter), ("Handler", of_handler)
    return (*head, *more, ("SubscriptionState", state))


def _filters(server: Server, asked: Asked, verbose: bool) -> str:
    where = asked.filter.namespace or asked.namespace
    found = [
        (f"{shown(namespace, where)}:{_text(one, 'Name')}", one)
        for namespace in _namespaces(server, where)
        for one in server.instances(namespace, names.FILTER)
        if asked.filter.name in ("", _text(one, "Name"))
    ]
    if not verbose:
        return _columns(("FILTER", "QUERY"), [(name, _quoted(one)) for name, one in found])
    found.sort(key=lambda pair: _order((pair[0],)))
    return _entries(
        "f",
        (
            [
                ("Filter", name),
                ("Query", _quoted(one)),
                ("Query Language", _text(one, "QueryLanguage")),
                ("Source Namespace", _source_namespaces(one)),
            ]
            for name, one in found
        ),
    )


def _handlers(server: Server, asked: Asked, verbose: bool) -> str:
    where = asked.handler.namespace or asked.namespace
    found = [
        (f"{shown(namespace, where)}:{_class_of(one)}.{_text(one, 'Name')}", one)
        for namespace in _namespaces(server, where)
        for one in server.instances(namespace, names.DESTINATION)
        if handler_matches(asked.handler, _text(one, "Name"), _class_of(one))
    ]
    if not verbose:
        return _columns(("HANDLER", "DESTINATION"), [(name, _destination(one)) for name, one in found])
    found.sort(key=lambda pair: _order((pair[0],)))
    return _entries(
        "h",
        ([("Handler", name), *_details(one), ("PersistenceType", _persistence(one))] for name, one in found),
    )


def _namespaces(server: Server, asked: str) -> list[str]:
    return [asked] if asked else server.namespaces()


# -- how lists look


def _columns(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return Table(header, tuple(sorted(rows, key=_order))).text() if rows else ""


def _order(row: Iterable[str]) -> tuple[str, ...]:
    return tuple(cell.lower() for cell in row)


def _entries(kind: str, entries: Iterable[Entry]) -> str:
    return "".join(
        "".join(f"{f'{key}:':<{KEY_COLUMNS[kind]}}{visible(value)}\n" for key, value in entry)
        + f"{wording.RULE}\n"
        for entry in entries
    )


# -- what is told of one


def _query(server: Server, of_filter: Reference) -> Iterator[tuple[str, str]]:
    yield "Query", _quoted(_read(server, of_filter))


def _target(server: Server, of_handler: Reference) -> Iterator[tuple[str, str]]:
    yield from _details(_read(server, of_handler))


def _read(server: Server, wanted: Reference) -> Any:
    """The instance that a subscription names; an empty one when it is gone."""
    try:
        return server.instance(wanted.path_for(server.spelled(wanted.namespace)))
    except RefusedError as refused:
        if refused.status == NOT_FOUND:
            return {"CreationClassName": wanted.classname}
        raise


def _details(handler: Any) -> Iterator[tuple[str, str]]:
    match _class_of(handler):
        case names.SNMP:
            yield "TargetHost", _text(handler, "TargetHost")
            version = handler.get("SNMPVersion")
            yield "SNMPVersion", wording.SNMP_VERSIONS.get(version, wording.OTHER_SNMP_VERSION)
        case names.EMAIL:
            yield "MailTo", _joined(handler, "MailTo")
            for key in ("MailCc", "MailSubject"):
                if text := _joined(handler, key):
                    yield key, text
        case names.SYSTEM_LOG:
            return
        case _:
            yield "Destination", _text(handler, "Destination")


def _destination(handler: Any) -> str:
    kind = _class_of(handler)
    if kind == names.EMAIL:
        return _joined(handler, "MailTo")
    return _text(handler, "TargetHost" if kind == names.SNMP else "Destination")


def _class_of(handler: Any) -> str:
    return _text(handler, "CreationClassName") or str(getattr(handler, "classname", ""))


def _state(subscription: Any) -> str:
    state = int(subscription.get("SubscriptionState") or 0)
    return wording.STATES[state] if state < len(wording.STATES) else wording.OTHER_STATE


def _persistence(handler: Any) -> str:
    return wording.PERSISTENCE.get(int(handler.get("PersistenceType") or 1), wording.OTHER_PERSISTENCE)


def _source_namespaces(one: Any) -> str:
    return ",".join(one.get("SourceNamespaces") or ()) or _text(one, "SourceNamespace")


def _quoted(one: Any) -> str:
    return f'"{_text(one, "Query")}"'


def _joined(one: Any, name: str) -> str:
    value = one.get(name)
    return " ".join(value) if isinstance(value, list) else str(value or "")


def _text(one: Any, name: str) -> str:
    value = one.get(name)
    return "" if value is None else str(value)
