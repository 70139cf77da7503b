"""The same values through both faces: what one tells, the other tells too, and what is put is there."""

from __future__ import annotations

import math
import re
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import pywbem
from hypothesis import strategies as st
from pywbem import _tupleparse, _tupletree

from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import ENUMERATE, GET, PUT
from esmd.wbem.wsman.values import Writer, declared_by, values_in
from openesm.cim.values import INTEGER_RANGE, DateTime, Instance, TypedValue
from tests.esmd.wbem.requests import classname, intrinsic, parameter, value
from tests.esmd.wbem.small import PART, World, schema
from tests.esmd.wbem.test_service import Asker, head
from tests.esmd.wbem.wsman.asking import DMTF, Manager, request
from tests.fuzz.hunt import hunt
from tests.hostile import TEXT, legal

ZONES = st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)
SPANS = st.timedeltas(timedelta(), timedelta(days=99_999_999))
WILD = st.sampled_from(
    [
        "20261125******.******+000",
        "20261125******.******-300",
        "2026112510****.******+540",
        "20261125101010.12****+000",
        "20261125101010.123456+999",
        "00000001******.******:000",
        "00000001021530.5*****:000",
    ]
).map(DateTime.parse)
MOMENTS: st.SearchStrategy[Any] = st.one_of(TIMES, SPANS, WILD)
PARTS = st.builds(
    lambda name, size: Instance(
        "T_Part", {"Name": TypedValue(name, "string"), "Size": TypedValue(size, "uint32")}
    ),
    st.one_of(st.none(), TEXT),
    st.one_of(st.none(), st.integers(0, 2**32 - 1)),
)


def scalars(cim_type: str) -> st.SearchStrategy[Any]:
    if cim_type in INTEGER_RANGE:
        return st.integers(*INTEGER_RANGE[cim_type])
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "string": TEXT,
        "datetime": MOMENTS,
        "char16": st.characters(min_codepoint=33, max_codepoint=0xD7FF),
        "real32": st.one_of(
            st.sampled_from([math.inf, -math.inf, math.nan]),
            st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False),
        ),
        "real64": st.floats(),
    }
    return kinds[cim_type]


def rows() -> st.SearchStrategy[dict[str, Any]]:
    """Rows of T_All, with every property there or NULL; pywbem takes NULL only in arrays of strings."""
    cls = schema().namespaces["root/test"].get("T_All")
    assert cls is not None
    shapes = {}
    for prop in cls.properties.values():
        one = PARTS if prop.embedded else scalars(prop.type)
        holed = st.one_of(st.none(), one) if prop.type == "string" and not prop.embedded else one
        many = st.lists(holed, max_size=4)
        shapes[prop.name] = st.one_of(st.none(), many if prop.is_array else one)
    return st.fixed_dictionaries({**shapes, "Id": st.just("all"), "Label": st.just("none")})


CLASSES = schema().namespaces["root/test"].get
ALL = schema().namespaces["root/test"].get("T_All")
THING = schema().namespaces["root/test"].get("T_Thing")


def spelled(found: Any) -> Any:
    """A value as both faces agree on it; what XML cannot carry has been replaced in both."""
    if isinstance(found, pywbem.CIMDateTime):
        return spelled(DateTime.parse(str(found)))
    if isinstance(found, datetime | timedelta):
        return spelled(DateTime.of(found))
    if isinstance(found, DateTime):
        return found.is_interval, found.low, found.high
    if isinstance(found, list | tuple):
        return [spelled(item) for item in found]
    if isinstance(found, pywbem.CIMInstance):
        return found.classname, {name: spelled(v) for name, v in found.items() if v is not None}
    if isinstance(found, Instance):
        kept = {name: spelled(typed.value) for name, typed in found.properties.items()}
        return found.classname, {name: v for name, v in kept.items() if v is not None}
    if isinstance(found, bool) or found is None:
        return found
    if isinstance(found, float):
        return single(found)
    return legal(found) if isinstance(found, str) else str(found)


def single(number: float) -> str:
    """A real as it is to the precision of real32, in which -0 is 0."""
    if abs(number) > 2.0**127:
        return str(number)
    return str(struct.unpack("f", struct.pack("f", number))[0] + 0.0)


def of_cimxml(asker: Asker, cls: str) -> dict[str, Any]:
    """The one instance of a class, read by pywbem."""
    operation = "EnumerateInstances"
    asked = parameter("ClassName", classname(cls)), parameter("DeepInheritance", value("FALSE"))
    answer = asker.ask(intrinsic(operation, *asked), head(cimmethod=operation))
    instance = re.search(rb'<INSTANCE CLASSNAME="%b".*?</INSTANCE>' % cls.encode(), answer.body, re.DOTALL)
    assert instance
    tree = _tupletree.xml_to_tupletree_sax(instance[0], "an instance")
    found = _tupleparse.TupleParser().parse_instance(tree)
    return {name: found[name] for name in found}


def shown(found: dict[str, Any]) -> dict[str, Any]:
    """Without NULL, and without arrays of nothing, which WS-Management cannot tell from NULL."""
    told = {name: spelled(v) for name, v in sorted(found.items())}
    return {name: v for name, v in told.items() if v is not None and v not in ([], [None])}


def check_reading(row: dict[str, Any]) -> None:
    world = World(all_rows=[row])
    inner = "<w:OptimizeEnumeration/><b:PolymorphismMode>None</b:PolymorphismMode>"
    asked = request(ENUMERATE, f"<e:Enumerate>{inner}</e:Enumerate>", uri=f"{DMTF}/T_All")
    answer = Manager(world).ask(asked)
    (element,) = answer.all(".//w:Items/*")
    assert ALL is not None
    wsman = values_in(element, declared_by(ALL.properties.values()), Fault("x"), CLASSES)
    told = shown({name: typed.value for name, typed in wsman.items()})
    assert told == shown(row)
    assert repr(wsman["R64"].value) in (repr(row["R64"]), "0.0", "-0.0"), "to the last bit"
    assert told == shown(of_cimxml(Asker(world), "T_All"))


THINGS = st.fixed_dictionaries(
    {
        "Note": st.one_of(st.none(), TEXT),
        "Level": st.one_of(st.none(), scalars("uint16")),
        "Tags": st.one_of(st.none(), st.lists(st.one_of(st.none(), TEXT), min_size=2, max_size=4)),
        "Due": st.one_of(st.none(), MOMENTS),
        "Part": st.one_of(st.none(), PARTS),
    }
)


def check_writing(row: dict[str, Any]) -> None:
    """A Put of a row, read back by both."""
    assert THING is not None
    manager = Manager(World(things={"one": {"Level": 1, "Note": "", "Tags": [], "Due": None, "Part": None}}))
    uri = f"{DMTF}/T_Thing"
    names = frozenset(name.lower() for name in row)
    body = Writer(THING, uri, f"{DMTF}/", "root/test", names).write(row)
    answer = manager.ask(request(PUT, body, selectors={"Id": "one"}))
    assert answer.status == 200, answer.text
    kept = {name: v for name, v in manager.world.things["one"].items() if name in row}
    assert shown(kept) == shown(row)
    assert {**shown(row), "Id": "one", "Label": "none"} == shown(of_cimxml(Asker(manager.world), "T_Thing"))
    got = manager.ask(request(GET, selectors={"Id": "one"}))
    values = values_in(got.body, declared_by(THING.properties.values()), Fault("x"), CLASSES)
    assert shown({name: typed.value for name, typed in values.items()}) == {
        **shown(row),
        "Id": "one",
        "Label": "none",
    }


def test_what_both_tell() -> None:
    hunt(check_reading, rows())


def test_what_is_put() -> None:
    hunt(check_writing, THINGS)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"At": datetime(2026, 11, 25, 3, 4, 5, 6, UTC)}, "<cim:Datetime>2026-11-25T03:04:05.000006Z<"),
        ({"At": timedelta(days=1, microseconds=1)}, "<cim:Interval>P1DT0H0M0.000001S<"),
        ({"At": DateTime.parse("20261125******.******+540")}, "<cim:Date>2026-11-25+09:00<"),
        ({"At": DateTime.parse("2026112510****.******+000")}, "<cim:CIM_DateTime>2026112510****.******+000<"),
        ({"Part": PART}, "<q:Name>wheel</q:Name><q:Size>4</q:Size></p:Part>"),
    ],
)
def test_how_they_are_spelled(row: dict[str, Any], text: str) -> None:
    """DSP0230 7.2.5."""
    world = World(all_rows=[{"Id": "all", **row}])
    asked = request(ENUMERATE, "<e:Enumerate><w:OptimizeEnumeration/></e:Enumerate>", uri=f"{DMTF}/T_All")
    assert text in Manager(world).ask(asked).text
