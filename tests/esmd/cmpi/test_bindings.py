"""The glue of cmpi-bindings, against a double of its SWIG module."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from esmd.cmpi import form, wire
from esmd.cmpi.bindings import NEVER_UNLOAD, OK, Bindings
from esmd.cmpi.host import CmpiHost
from esmd.cmpi.swig import Maker, instance_of, path_of, typed_of
from esmd.cmpi.upcalls import CimomBroker
from esmd.cmpi.wire import Operation
from indications.instance import INDICATION
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import DateTime, Instance, TypedValue
from providers.others.broker import Upcall
from tests.esmd.cmpi.swig_double import MODULE, Args, Broker, Context, Data, ObjectPath, Result
from tests.esmd.cmpi.test_wire import INNER
from tests.esmd.wbem.small import NS, World

ONE = Path("T_Thing", (("Id", "one"),), NS)


@pytest.fixture
def broker() -> Broker:
    return Broker()


class Agent:
    """Gives indications, each once."""

    def __init__(self) -> None:
        self.waiting = ["a", "b"]
        self.tokens: list[str | None] = []
        self.given = threading.Event()

    def next(self, request: wire.Request) -> bytes:
        self.tokens.append(request.words[0])
        items = [
            form.item(form.path(Path(INDICATION, (), NS)), form.named_values([])) + form.text(token)
            for token in self.waiting
        ]
        self.waiting = []
        if not items:
            self.given.set()
            threading.Event().wait(5)
        return wire.answer(items)


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def bound(broker: Broker, agent: Agent) -> Iterator[tuple[Bindings, Callable[[int, bytes], bytes]]]:
    made: list[CmpiHost] = []
    asks: list[Callable[[int, bytes], bytes]] = []

    def start(ask: Callable[[int, bytes], bytes]) -> CmpiHost:
        asks.append(ask)
        more = {Operation.NEXT_INDICATIONS: agent.next, Operation.ACTIVATE: lambda _: wire.answer([])}
        made.append(CmpiHost(World().operations, "en", more))
        return made[0]

    found = Bindings(MODULE, broker, Context(), start)
    with closing(made[0]):
        yield found, asks[0]


@pytest.fixture
def bindings(bound: tuple[Bindings, object]) -> Bindings:
    return bound[0]


@pytest.fixture
def cimom(bound: tuple[object, Callable[[int, bytes], bytes]]) -> CimomBroker:
    return CimomBroker(bound[1])


def object_path(broker: Broker, path: Path) -> ObjectPath:
    made: ObjectPath = Maker(MODULE, broker).path(path)
    return made


def test_values_go_there_and_back(broker: Broker) -> None:
    values = {
        "S": TypedValue("ä<&>日本", "string"),
        "B": TypedValue(False, "boolean"),
        "U": TypedValue(2**64 - 1, "uint64"),
        "R": TypedValue(0.5, "real64"),
        "C": TypedValue("ß", "char16"),
        "At": TypedValue(DateTime.parse("20261125030405.000000+540"), "datetime"),
        "Of": TypedValue(ONE, "reference"),
        "Part": TypedValue(INNER, "string"),
        "Null": TypedValue(None, "sint8"),
        "None": TypedValue(None, "string", is_array=True),
        "Ns": TypedValue([1, None, 3], "uint16", is_array=True),
    }
    back = instance_of(Maker(MODULE, broker).instance(Instance("T_Thing", values, ONE)))
    assert back.path is not None
    assert back.path.identity == ONE.identity
    part = back.properties["Part"].value
    assert isinstance(part, Instance)
    assert part.properties == INNER.properties
    for name in values.keys() - {"Part"}:
        assert back.properties[name] == values[name], name


def test_a_path_of_a_class_has_no_keys() -> None:
    assert path_of(ObjectPath(NS, "T_Thing", phantom=1)) == Path("T_Thing", (), NS)


def test_instances(bindings: Bindings, broker: Broker) -> None:
    result, about = Result(), object_path(broker, Path("T_Thing", (), NS))
    assert bindings.enum_instance_names(Context(), result, about) == OK
    assert result.is_done
    assert [path_of(path).get("Id") for path in result.paths] == ["one", "two"]
    result = Result()
    assert bindings.get_instance(Context(), result, object_path(broker, ONE), [b"Note"]) == OK
    (found,) = map(instance_of, result.instances)
    assert found.properties == {"Note": TypedValue("first", "string")}
    changed = Maker(MODULE, broker).instance(Instance("T_Thing", {"Level": TypedValue(9, "uint16")}, ONE))
    assert bindings.set_instance(Context(), Result(), object_path(broker, ONE), changed, None) == OK
    new = Instance("T_Thing", {"Id": TypedValue("new", "string")})
    given = Maker(MODULE, broker).instance(new, NS)
    assert bindings.create_instance(Context(), Result(), about, given) == OK
    named = object_path(broker, Path("T_Thing", (("Id", "new"),), NS))
    assert bindings.delete_instance(Context(), Result(), named) == OK


def test_associations_and_methods(bindings: Bindings, broker: Broker) -> None:
    about, result = object_path(broker, ONE), Result()
    assert bindings.associators(Context(), result, about, "T_Peer", None, None, None, None) == OK
    assert len(result.instances) == 1
    assert bindings.reference_names(Context(), result, about, "T_Peer", None) == OK
    assert len(result.paths) == 2
    given, out = Args(), Args()
    Maker(MODULE, broker).arguments({"By": TypedValue(5, "uint32")}, given)
    assert bindings.invoke_method(Context(), result, about, "Scale", given, out) == OK
    assert result.value is not None
    assert typed_of(result.value).value == 0
    assert {out.get_arg_at(number)[1] for number in range(out.arg_count())} == {"Total", "Words"}


def test_errors_are_bytes(bindings: Bindings, broker: Broker) -> None:
    missing = object_path(broker, Path("T_Thing", (("Id", "none"),), NS))
    status, text = bindings.get_instance(Context(), Result(), missing, None)
    assert status == Status.NOT_FOUND
    assert text
    broken = ObjectPath(NS, "T_Thing")
    broken._keys.pairs.append(("Id", Data(object(), 5632)))
    status, text = bindings.get_instance(Context(), Result(), broken, None)
    assert status == Status.FAILED
    assert text is not None
    assert b"AttributeError" in text


def test_what_providers_ask_of_the_cimom(cimom: CimomBroker, broker: Broker) -> None:
    broker.things.append(
        Maker(MODULE, broker).instance(Instance("T_Part", {"N": TypedValue(4, "uint8")}, ONE))
    )
    asked = {"classname": "T_Part", "propertylist": ["N"]}
    (told,) = cimom.perform(Upcall("EnumerateInstances", NS, asked)).instances
    assert told.properties["N"] == TypedValue(4, "uint8")
    assert broker.asked[-1] == ("enumInstances", "root's thread's thread", "T_Part", [b"N"])
    assert len(cimom.perform(Upcall("EnumerateInstanceNames", NS, {"classname": "T_Part"})).paths) == 1
    assert cimom.perform(Upcall("GetInstance", NS, {"instancename": ONE})).instances
    walk = {"objectname": ONE, "assocclass": "T_Peer", "role": "Left"}
    for name in ("Associators", "AssociatorNames", "References", "ReferenceNames"):
        outcome = cimom.perform(Upcall(name, NS, walk))
        assert len(outcome.paths) + len(outcome.instances) == 1
    changed = Instance("T_Thing", {"N": TypedValue(1, "uint8")}, ONE)
    assert cimom.perform(Upcall("CreateInstance", NS, {"newinstance": changed})).paths
    cimom.perform(Upcall("ModifyInstance", NS, {"modifiedinstance": changed}))
    cimom.perform(Upcall("DeleteInstance", NS, {"instancename": ONE}))
    outcome = cimom.perform(Upcall("Do", NS, {"x": TypedValue("y", "string")}, ONE))
    assert outcome.returned == TypedValue(7, "uint32")
    assert outcome.out["x"].value == "y"
    assert cimom.is_subclass(NS, "T_Part", "T_Part")
    assert not cimom.is_subclass(NS, "T_Part", "T_Thing")
    cimom.deliver(NS, Instance("T_Told", {"N": TypedValue(1, "uint8")}))
    assert [instance_of(each).classname for each in broker.delivered] == ["T_Told"]
    assert broker.attached == 0


def test_the_cimom_refuses(cimom: CimomBroker, broker: Broker) -> None:
    broker.refuses = 6
    with pytest.raises(CIMError) as refused:
        cimom.perform(Upcall("GetInstance", NS, {"instancename": ONE}))
    assert refused.value.status is Status.NOT_FOUND
    assert broker.attached == 0


def test_alerts_are_delivered_while_somebody_listens(
    bindings: Bindings, broker: Broker, agent: Agent
) -> None:
    about = object_path(broker, Path(INDICATION, (), NS))
    assert bindings.activate_filter(Context(), "SELECT", "x", about, True) == OK
    assert bindings.enable_indications(Context()) == OK
    assert agent.given.wait(10)
    assert [instance_of(each).classname for each in broker.delivered] == [INDICATION] * 2
    assert agent.tokens == ["", "b"]
    assert bindings.disable_indications(Context()) == OK
    assert bindings.deactivate_filter(Context(), "SELECT", "x", about, True) == OK


def test_filters_of_others_are_told(bindings: Bindings, broker: Broker) -> None:
    about = object_path(broker, Path("T_Told", (), NS))
    assert bindings.activate_filter(Context(), "SELECT", "x", about, True) == OK
    assert bindings.authorize_filter(Context()) == OK


def test_python_stays(bindings: Bindings) -> None:
    assert bindings.cleanup(Context(), False) == (NEVER_UNLOAD, None)
    assert bindings.cleanup(Context(), True) == OK
    assert bindings.must_poll(Context())[0] == Status.NOT_SUPPORTED
