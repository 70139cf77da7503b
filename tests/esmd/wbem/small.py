"""A small world: a schema of a few classes, providers over plain values, a clock that only tests move."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Any

import mof
from esmd.audit import Audit
from esmd.auth.principal import _MINT, Principal
from esmd.auth.users import Role
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.results import Call, Instances, Paths, Pulled, Result
from esmd.wbem.source import Group
from openesm.cim.errors import CIMError, Status
from openesm.cim.mofc import compile_schema
from openesm.cim.path import Path
from openesm.cim.provider import Association, MethodResult, Provider, Row
from openesm.cim.schema import Schema
from openesm.cim.values import DateTime, Instance, TypedValue
from openesm.host import Host
from openesm.settings import Limits

NS = "root/test"
INTEROP = "root/interop"
SYSTEM = "server1.example.com"

MOF = """
#pragma include ("qualifiers.mof")
Qualifier Static : boolean = false, Scope(property, method), Flavor(DisableOverride, ToSubclass);
[Abstract] class T_Base { [Key] string Id; string Label = "none"; };
class T_Part { string Name; uint32 Size; [EmbeddedInstance ( "T_Part" )] string Inner; };
class T_All : T_Base {
  boolean B; uint8 U8; sint8 S8; uint16 U16; sint16 S16; uint32 U32; sint32 S32; uint64 U64; sint64 S64;
  real32 R32; real64 R64; char16 C; datetime At; datetime Span; string S;
  boolean Bs[]; uint8 U8s[]; sint64 S64s[]; real64 R64s[]; datetime Ats[]; string Ss[];
  [EmbeddedInstance ( "T_Part" )] string Part; [EmbeddedInstance ( "T_Part" )] string Parts[];
};
class T_More : T_All { string Extra; };
class T_Thing : T_Base {
  [Write] string Note; [Write] uint16 Level = 3; [Write] string Tags[]; [Write] datetime Due; string Serial;
  [EmbeddedInstance ( "T_Part" ), Write] string Part;
  uint32 Scale ( [In] uint32 By, [In, Out] uint32 Total, [In ( false ), Out] string Words[] );
  [Static] uint32 Count ( );
  string Echo ( [In, Out] string Text, [In, Out] datetime At, [In, Out] boolean Flags[],
    [In, Out] T_Base REF Which, [In, Out, EmbeddedInstance ( "T_Part" )] string Part );
  uint32 Never ( );
  uint32 Fails ( );
};
class T_Keys { [Key] uint32 N; [Key] boolean On; [Key] datetime When; [Key] string Name; };
class T_Slow : T_Base { uint32 Reads; };
class T_Broken { [Key] string Id; };
class T_Liar { [Key] string Id; uint8 Small; };
[Association] class T_Link { [Key] T_Base REF From; [Key] T_Base REF To; };
[Association] class T_Strong : T_Link { uint32 Force; };
[Association] class T_Peer { [Key] T_Thing REF Left; [Key] T_Thing REF Right; };
class I_Standard { [Key] string InstanceID; };
[Association] class T_Conforms { [Key] I_Standard REF Standard; [Key] T_Thing REF Element; };
"""
INTEROP_MOF = """
#pragma include ("qualifiers.mof")
class I_Standard { [Key] string InstanceID; };
class T_Thing { [Key] string Id; };
[Association] class T_Conforms { [Key] I_Standard REF Standard; [Key] T_Thing REF Element; };
"""


@cache
def schema() -> Schema:
    with TemporaryDirectory() as name:
        folder = FilePath(name)
        shutil.copy(mof.FOLDER / "qualifiers.mof", folder)
        (folder / "test.mof").write_text(MOF)
        (folder / "interop.mof").write_text(INTEROP_MOF)
        return Schema(compile_schema(folder, {NS: "test.mof", INTEROP: "interop.mof"}))


def principal(name: str, role: Role, namespaces: Iterable[str] = ()) -> Principal:
    return Principal._minted(_MINT, name, role, frozenset(namespaces), "127.0.0.1")


ADMIN = principal("admin", Role.ADMIN)
VIEWER = principal("viewer", Role.VIEWER)
ELSEWHERE = principal("guest", Role.ADMIN, ["root/other"])

DAY = DateTime.parse("00000001000000.000000:000")
PART = Instance("T_Part", {"Name": TypedValue("wheel", "string"), "Size": TypedValue(4, "uint32")})
NESTED = Instance("T_Part", {"Name": TypedValue('a<&>"', "string"), "Inner": TypedValue(PART, "string")})
FULL: Row = {
    "Id": "full",
    "B": True,
    "U8": 255,
    "S8": -128,
    "U16": 65535,
    "S16": -32768,
    "U32": 2**32 - 1,
    "S32": -(2**31),
    "U64": 2**64 - 1,
    "S64": -(2**63),
    "R32": 0.1,
    "R64": -1.5e300,
    "C": "ß",
    "At": datetime(2026, 11, 25, 3, 4, 5, 6, UTC),
    "Span": timedelta(days=1, seconds=2, microseconds=3),
    "S": '<tag> & "quotes" ]]> 日本語',
    "Bs": [True, False],
    "U8s": (),
    "S64s": [1, None, -1],
    "R64s": [0.5],
    "Ats": [timedelta(seconds=1)],
    "Ss": ["", "a,b", None],
    "Part": NESTED,
    "Parts": [PART],
}
EMPTY: Row = {"Id": "empty", "Label": None, **{name: None for name in FULL if name != "Id"}}


@dataclass
class Clock:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


ASSOCIATIONS = (
    Association(classname="T_Link", namespace=NS, ends=(("From", ("T_Keys",)), ("To", ("T_Thing",)))),
    Association(classname="T_Strong", namespace=NS, ends=(("From", ("T_Thing",)), ("To", ("T_All",)))),
    Association(classname="T_Peer", namespace=NS, ends=(("Left", ("T_Thing",)), ("Right", ("T_Thing",)))),
    *(
        Association(
            classname="T_Conforms",
            namespace=namespace,
            ends=(("Standard", (f"{INTEROP}:I_Standard",)), ("Element", (f"{NS}:T_Thing",))),
        )
        for namespace in (NS, INTEROP)
    ),
)


@dataclass
class World:
    """The server without its sockets."""

    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=Limits)
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    all_rows: list[Row] = field(default_factory=lambda: [FULL, EMPTY])
    slow: Callable[[], int] = lambda: 1
    lie: Row = field(default_factory=lambda: {"Small": "large"})
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.things:
            self.things = {
                "one": {"Note": "first", "Level": 1, "Tags": ["x"], "Serial": "S1"},
                "two": {"Note": "second", "Level": 2, "Tags": [], "Serial": "S2"},
            }
        self.host = Host(FilePath("/nowhere"), system_name=SYSTEM)
        self.repository = Repository(schema(), self.providers(), self.host, now=self.clock)
        self.enumerations = Enumerations(self.limits, self.clock)
        self.audit = Audit(self.told.append, lambda: 0.0, self.clock)
        self.operations = Operations(self.repository, self.enumerations, self.audit)

    # -- providers

    def providers(self) -> list[Provider[Any] | Association]:
        return [self._things(), *self._rows(), *_odd(self), *ASSOCIATIONS]

    def _things(self) -> Provider[str]:
        return Provider(
            classname="T_Thing",
            namespace=NS,
            read=lambda _: sorted(self.things),
            instance=lambda name: {"Id": name, **self.things[name]},
            create=self._create,
            modify=lambda _, name, changes: self.things[name].update(changes),
            delete=self._delete,
            methods={
                "Scale": self._scale,
                "Count": lambda *_: MethodResult(len(self.things)),
                "Echo": lambda _, name, given: MethodResult(name, given),
                "Fails": self._fails,
            },
        )

    def _rows(self) -> list[Provider[Any]]:
        return [
            Provider(classname="T_All", namespace=NS, read=lambda _: self.all_rows, instance=lambda row: row),
            Provider(
                classname="T_More",
                namespace=NS,
                read=lambda _: ["m"],
                instance=lambda name: {"Id": name, "S": "more", "Extra": "e"},
            ),
            Provider(
                classname="T_Keys",
                namespace=NS,
                read=lambda _: [7],
                instance=lambda n: {"N": n, "On": True, "When": DAY, "Name": 'q"\\'},
            ),
            Provider(
                classname="I_Standard",
                namespace=INTEROP,
                read=lambda _: ["profile"],
                instance=lambda name: {"InstanceID": name},
            ),
        ]

    def _create(self, _: Host, given: Row) -> Row:
        name = given.get("Id")
        if not isinstance(name, str):
            raise CIMError(Status.INVALID_PARAMETER, "Id")
        if name in self.things:
            raise CIMError(Status.ALREADY_EXISTS, name)
        self.things[name] = {k: v for k, v in given.items() if k != "Id"}
        return {"Id": name}

    def _delete(self, _: Host, name: str) -> None:
        del self.things[name]

    def _scale(self, _: Host, name: str, given: Mapping[str, Any]) -> MethodResult:
        level, by, total = self.things[name]["Level"], given.get("By", 1), given.get("Total", 0)
        return MethodResult(0, {"Total": total + level * by, "Words": ["so", None]})

    @staticmethod
    def _fails(*_: Any) -> MethodResult:
        raise OSError("the device is gone")

    # -- asking

    def perform(
        self,
        operation: str,
        *,
        ns: str = NS,
        who: Principal = ADMIN,
        target: Path | str | None = None,
        **given: Any,
    ) -> Any:
        """The result of an operation, waited for; `given` are its parameters by lower-cased name."""
        call = Call(operation, ns, given, target)
        return self.carry_out(call, who)

    def carry_out(self, call: Call, who: Principal = ADMIN) -> Any:
        async def wait() -> Result:
            result = self.operations.perform(call, who)
            return await result if isinstance(result, Awaitable) else result

        return asyncio.run(wait())

    def outcome(self, operation: str, **given: Any) -> Any:
        """Like `perform`; a refusal is given as its status."""
        try:
            return self.perform(operation, **given)
        except CIMError as refused:
            return refused.status


def _odd(world: World) -> list[Provider[Any]]:
    """Providers that are slow, broken, or give what their class does not declare."""
    return [
        Provider(
            classname="T_Slow",
            namespace=NS,
            read=lambda _: [world.slow()],
            instance=lambda reads: {"Id": "slow", "Reads": reads},
            may_block=True,
        ),
        Provider(classname="T_Broken", namespace=NS, read=_broken, instance=lambda row: row),
        Provider(
            classname="T_Liar",
            namespace=NS,
            read=lambda _: ["liar"],
            instance=lambda name: {"Id": name, **world.lie},
        ),
    ]


def _broken(_: Host) -> list[Row]:
    raise OSError("nothing to read")


def thing(name: str = "one", namespace: str = "") -> Path:
    return Path("T_Thing", (("Id", name),), namespace)


def rows(result: Instances | Pulled) -> list[Row]:
    content = result.content if isinstance(result, Pulled) else result
    return [row for group in content.groups for row in group.rows]


def paths(result: Instances | Paths | Pulled) -> list[str]:
    """The paths of a result as text, in its order."""
    content = result.content if isinstance(result, Pulled) else result
    return [str(group.path(row)) for group in content.groups for row in group.rows]


def new(classname: str, /, **properties: TypedValue) -> Instance:
    return Instance(classname, properties)


def group(classname: str, *given: Mapping[str, Any], namespace: str = NS) -> Group:
    """Rows of a class as the repository would hold them, without constants."""
    cls = schema().namespaces[namespace].get(classname)
    assert cls is not None
    return Group(cls, namespace, list(given))
