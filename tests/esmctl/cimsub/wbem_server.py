"""A WBEM server with filters, handlers and subscriptions in two namespaces, kept in lists."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Any

import mof
from esmd.audit import Audit
from esmd.auth.peer import Peer
from esmd.auth.principal import Principal
from esmd.wbem.cimxml.service import CimXmlService
from esmd.wbem.connection import Response
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.http1 import Head
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.server import Endpoint, Server
from openesm.cim.errors import CIMError, Status
from openesm.cim.mofc import compile_schema
from openesm.cim.path import Path
from openesm.cim.provider import Provider, Row
from openesm.cim.schema import Schema
from openesm.host import Host
from openesm.settings import Limits
from tests.esmd.wbem.small import ADMIN
from tests.running import free_ports

INTEROP, CIMV2 = "root/interop", "root/cimv2"
SYSTEM = "server1.example.com"
FILTER, SUBSCRIPTION = "CIM_IndicationFilter", "CIM_IndicationSubscription"
LISTENER, HANDLER = "CIM_ListenerDestinationCIMXML", "CIM_IndicationHandlerCIMXML"
TRAP, MAIL = "PG_IndicationHandlerSNMPMapper", "PG_ListenerDestinationEmail"
CLASSES = {INTEROP: (FILTER, LISTENER, HANDLER, TRAP, SUBSCRIPTION), CIMV2: (FILTER, LISTENER, MAIL)}
MOF = """
#pragma include ("qualifiers.mof")
#pragma include ("cim/core.mof")
#pragma include ("interop/legacy.mof")
#pragma include ("interop/subscription.mof")
class PG_IndicationHandlerSNMPMapper : CIM_IndicationHandler {
  string TargetHost; uint16 TargetHostFormat; uint32 PortNumber; uint16 SNMPVersion;
  string SNMPSecurityName; string SNMPEngineID;
};
class PG_ListenerDestinationEmail : CIM_ListenerDestination {
  string MailTo[]; string MailCc[]; string MailSubject;
};
"""
CIMV2_MOF = MOF.partition("class PG_Ind")[0] + "class PG_L" + MOF.partition("class PG_L")[2]
INTEROP_MOF = MOF.partition("class PG_Lis")[0]


@cache
def schema() -> Schema:
    with TemporaryDirectory() as name:
        folder = FilePath(name, "mof")
        shutil.copytree(mof.FOLDER, folder)
        (folder / "test_interop.mof").write_text(INTEROP_MOF)
        (folder / "test_cimv2.mof").write_text(CIMV2_MOF)
        return Schema(compile_schema(folder, {INTEROP: "test_interop.mof", CIMV2: "test_cimv2.mof"}))


def keys(classname: str, name: str) -> dict[str, str]:
    system = {"SystemCreationClassName": "CIM_ComputerSystem", "SystemName": SYSTEM}
    return {**system, "CreationClassName": classname, "Name": name}


def path(namespace: str, classname: str, name: str) -> Path:
    return Path.of(classname, keys(classname, name), namespace)


@dataclass
class Book:
    """Everything that the server holds: (namespace, class) -> instances."""

    rows: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    principal: Principal = ADMIN

    def of(self, namespace: str, classname: str) -> list[dict[str, Any]]:
        return self.rows.setdefault((namespace, classname), [])

    def add(self, namespace: str, classname: str, **properties: Any) -> None:
        self.of(namespace, classname).append(properties)

    def subscribe(self, filter_path: Path, handler_path: Path, state: int | None = 2) -> None:
        self.add(INTEROP, SUBSCRIPTION, Filter=filter_path, Handler=handler_path, SubscriptionState=state)

    def subscriptions(self) -> list[tuple[Any, Any, Any]]:
        """Names of filter and handler, and the state, of each subscription."""
        return [
            (row["Filter"].get("Name"), row["Handler"].get("Name"), row["SubscriptionState"])
            for row in self.of(INTEROP, SUBSCRIPTION)
        ]

    def names(self, namespace: str, classname: str) -> list[str]:
        return [row["Name"] for row in self.of(namespace, classname)]

    # -- what providers do

    def providers(self) -> list[Provider[Any]]:
        return [
            *(self._provider(space, cls) for space, classes in CLASSES.items() for cls in classes),
            Provider(
                classname="__Namespace",
                namespace=INTEROP,
                read=lambda _: [INTEROP, CIMV2, "interop"],
                instance=lambda name: {"Name": name},
            ),
        ]

    def _provider(self, space: str, classname: str) -> Provider[Any]:
        cls = schema().namespaces[space].get(classname)
        assert cls is not None
        nulls = {
            prop.name: None
            for prop in cls.properties.values()
            if prop.default is None and not prop.name.endswith(("CreationClassName", "SystemName"))
        }
        return Provider(
            classname=classname,
            namespace=space,
            read=lambda _: [dict(row) for row in self.of(space, classname)],
            instance=lambda row: {**nulls, **row},
            create=None if classname == MAIL else lambda _, given: self._create(space, classname, given),
            modify=lambda _, row, changes: self._row(space, classname, row).update(changes),
            delete=lambda _, row: self._delete(space, classname, row),
        )

    def _row(self, space: str, classname: str, copy: Row) -> dict[str, Any]:
        return next(row for row in self.of(space, classname) if row == copy)

    def _create(self, space: str, classname: str, given: Row) -> Row:
        identity = [name for name in ("Name", "Filter", "Handler") if name in given]
        for row in self.of(space, classname):
            if all(_same(row[name], given[name]) for name in identity):
                raise CIMError(Status.ALREADY_EXISTS, "it is there")
        known = {name: value for name, value in given.items() if not name.endswith("SystemName")}
        if classname in (LISTENER, HANDLER):
            known.setdefault("PersistenceType", 2)
        self.of(space, classname).append(known)
        return given

    def _delete(self, space: str, classname: str, row: Row) -> None:
        end = "Filter" if classname == FILTER else "Handler"
        if classname != SUBSCRIPTION:
            used = {subscription[end].get("Name") for subscription in self.of(INTEROP, SUBSCRIPTION)}
            if row["Name"] in used:
                raise CIMError(Status.FAILED, "it is used")
        self.of(space, classname).remove(self._row(space, classname, row))


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) if isinstance(one, str) else one.local_identity == other.local_identity


class Service:
    """The server behind its sockets: everybody is the book's principal."""

    def __init__(self, book: Book) -> None:
        host = Host(FilePath("/nowhere"), system_name=SYSTEM)
        repository = Repository(schema(), book.providers(), host, freshness_s=0.0)
        audit = Audit(lambda _: None)
        operations = Operations(repository, Enumerations(Limits()), audit)
        self._book = book
        self._cimxml = CimXmlService(operations, repository)

    def is_open_to_all(self, _head: Head) -> bool:
        return False

    def authenticate(self, _head: Head, _peer: Peer) -> Principal:
        return self._book.principal

    def check(self, head: Head, _peer: Peer) -> None:
        assert head.target == "/cimom"
        self._cimxml.check_head(head)

    def answer(self, head: Head, principal: Principal, body: bytes) -> Response | Awaitable[Response]:
        return self._cimxml.answer(head, principal, body)


@dataclass(frozen=True)
class Address:
    socket: FilePath
    url: str


@contextmanager
def serving(book: Book, folder: FilePath) -> Iterator[Address]:
    """The server on a unix socket and on a port of loopback, in a thread of its own."""
    address = Address(folder / "s", f"http://127.0.0.1:{free_ports(1)[0]}")
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = Server(Service(book), Limits())
        await server.listen([Endpoint("127.0.0.1", int(address.url.rpartition(":")[2]))])
        await server.listen_locally(address.socket, None)
        ready.set()
        await stop.wait()
        await server.close(grace_s=0.0)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(10)
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def samples() -> Book:
    """What an OpenPegasus server had when its cimsub was watched."""
    book = Book()
    alerts, things = "SELECT * FROM CIM_AlertIndication", "SELECT * FROM Peer_Alert"
    wql: dict[str, Any] = {"QueryLanguage": "WQL", "SourceNamespace": CIMV2}
    book.add(INTEROP, FILTER, Name="F3", Query=things, **wql)
    book.add(INTEROP, FILTER, Name="F1", Query=things, **wql)
    created = {"Query": "SELECT * FROM CIM_InstCreation", "QueryLanguage": "CIM:CQL"}
    book.add(INTEROP, FILTER, Name="F4", **created, SourceNamespaces=[CIMV2, "root/PG_InterOp"])
    book.add(CIMV2, FILTER, Name="F8", Query=alerts, **wql)
    book.add(INTEROP, LISTENER, Name="H1", Destination="http://127.0.0.1:25990", PersistenceType=2)
    book.add(INTEROP, LISTENER, Name="H4", Destination="127.0.0.1:25990", PersistenceType=2)
    book.add(INTEROP, HANDLER, Name="H2", Destination="http://127.0.0.1:25990/path", PersistenceType=2)
    book.add(INTEROP, TRAP, Name="SNMP1", TargetHost="127.0.0.1", SNMPVersion=3, PersistenceType=2)
    book.add(CIMV2, LISTENER, Name="H3", Destination="https://127.0.0.1:25991", PersistenceType=2)
    book.subscribe(path(INTEROP, FILTER, "F1"), path(INTEROP, LISTENER, "H1"))
    book.subscribe(path(INTEROP, FILTER, "F3"), path(CIMV2, LISTENER, "H3"))
    book.subscribe(path(CIMV2, FILTER, "F8"), path(INTEROP, LISTENER, "H1"))
    book.subscribe(path(INTEROP, FILTER, "F1"), path(INTEROP, HANDLER, "H2"))
    return book
