"""Everything that the agent emits is valid against DSP0203 2.4."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from lxml import etree

from esmd.wbem.operations import HANDLERS
from tests.e2e.dtd import problems
from tests.e2e.raw import NAMESPACE, Raw, error_code
from tests.esmd.wbem.forms import class_forms, document, forms
from tests.esmd.wbem.requests import array, classname, instance, instancename, parameter, prop, value
from tests.esmd.wbem.small import EMPTY, FULL
from tests.esmd.wbem.test_encode import hostile_row
from tests.hostile import SAMPLES, TEXT
from tests.running import RunningAgent

SUITES = (NAMESPACE, "root/interop", "interop", "root/PG_InterOp")


@pytest.fixture(scope="module")
def raw(agent: RunningAgent) -> Iterator[Raw]:
    opened = Raw(agent)
    yield opened
    opened.close()


class Checker:
    """Asks, and looks at each answer."""

    def __init__(self, raw: Raw, standard: etree.DTD) -> None:
        self.raw = raw
        self.standard = standard

    def ask(self, name: str, *parameters: str, ns: str = NAMESPACE, code: int | None = None) -> bytes:
        answer = self.raw.operation(name, *parameters, ns=ns)
        assert problems(self.standard, answer) == [], (name, answer[:500])
        assert error_code(answer) == code, (name, answer[:500])
        return answer


@pytest.fixture
def checker(raw: Raw, standard: etree.DTD) -> Checker:
    return Checker(raw, standard)


def class_parameter(name: str) -> str:
    return parameter("ClassName", classname(name))


def names_in(answer: bytes) -> list[str]:
    """The INSTANCENAME elements of an EnumerateInstanceNames answer, whole."""
    root = etree.fromstring(answer, etree.XMLParser(huge_tree=True))
    returned = root.find(".//IRETURNVALUE")
    assert returned is not None
    return [etree.tostring(name, encoding="unicode") for name in returned]


def classes_in(checker: Checker, ns: str) -> list[str]:
    answer = checker.ask("EnumerateClassNames", parameter("DeepInheritance", value("TRUE")), ns=ns)
    return [found.decode() for found in re.findall(rb'<CLASSNAME NAME="(\w+)"', answer)]


MANY = parameter("MaxObjectCount", value(100))
ORIGIN = parameter("IncludeClassOrigin", value("TRUE"))


@pytest.mark.parametrize("ns", SUITES)
def test_declarations(checker: Checker, ns: str) -> None:
    found = classes_in(checker, ns)
    assert len(found) > 10
    for name in found:
        for flags in ([], [parameter("LocalOnly", value("FALSE")), ORIGIN]):
            checker.ask("GetClass", class_parameter(name), *flags, ns=ns)
        for operation in ("Associators", "References", "AssociatorNames", "ReferenceNames"):
            checker.ask(operation, parameter("ObjectName", classname(name)), ns=ns)
    checker.ask("EnumerateClasses", parameter("DeepInheritance", value("TRUE")), ORIGIN, ns=ns)
    qualifiers = checker.ask("EnumerateQualifiers", ns=ns)
    for name in re.findall(r'<QUALIFIER.DECLARATION NAME="(\w+)"', qualifiers.decode()):
        checker.ask("GetQualifier", parameter("QualifierName", value(name)), ns=ns)


@pytest.mark.parametrize("ns", SUITES)
def test_instances_of_every_class(checker: Checker, ns: str) -> None:
    with_instances = 0
    for name in classes_in(checker, ns):
        asked = class_parameter(name)
        checker.ask("EnumerateInstances", asked, ORIGIN, ns=ns)
        checker.ask("OpenEnumerateInstances", asked, MANY, ns=ns)
        checker.ask("OpenEnumerateInstancePaths", asked, MANY, ns=ns)
        checker.ask(
            "OpenQueryInstances",
            parameter("FilterQueryLanguage", value("WQL")),
            parameter("FilterQuery", value(f"SELECT * FROM {name}")),
            parameter("ReturnQueryResultClass", value("TRUE")),
            MANY,
            ns=ns,
        )
        query = (parameter("QueryLanguage", value("WQL")), parameter("Query", value(f"SELECT * FROM {name}")))
        checker.ask("ExecQuery", *query, ns=ns)
        found = names_in(checker.ask("EnumerateInstanceNames", asked, ns=ns))
        with_instances += bool(found)
        for one in found[:1]:
            named = parameter("InstanceName", one)
            checker.ask("GetInstance", named, ORIGIN, ns=ns)
            checker.ask("GetInstance", named, parameter("PropertyList", array("Name", "NoSuch")), ns=ns)
            walk(checker, one, ns)
    assert with_instances >= 5


def walk(checker: Checker, name: str, ns: str) -> None:
    for operation in ("Associators", "AssociatorNames", "References", "ReferenceNames"):
        checker.ask(operation, parameter("ObjectName", name), ns=ns)
    for operation in ("AssociatorInstances", "AssociatorInstancePaths", "ReferenceInstances"):
        checker.ask(f"Open{operation}", parameter("InstanceName", name), MANY, ns=ns)
    checker.ask("OpenReferenceInstancePaths", parameter("InstanceName", name), MANY, ns=ns)


def test_properties_one_by_one(checker: Checker) -> None:
    for name in ("ESM_Processor", "ESM_Network", "ESM_Alive", "ESM_SystemDevice"):
        (one, *_) = names_in(checker.ask("EnumerateInstanceNames", class_parameter(name)))
        declared = checker.ask("GetClass", class_parameter(name), parameter("LocalOnly", value("FALSE")))
        for found in re.findall(r'<PROPERTY[.A-Z]* NAME="(\w+)"', declared.decode()):
            checker.ask(
                "GetProperty", parameter("InstanceName", one), parameter("PropertyName", value(found))
            )


@pytest.mark.parametrize(
    ("opener", "puller"),
    [
        ("OpenEnumerateInstances", "PullInstancesWithPath"),
        ("OpenEnumerateInstancePaths", "PullInstancePaths"),
        ("OpenQueryInstances", "PullInstances"),
    ],
)
def test_pulls(checker: Checker, opener: str, puller: str) -> None:
    query = (
        parameter("FilterQueryLanguage", value("WQL")),
        parameter("FilterQuery", value("SELECT * FROM ESM_Processor")),
    )
    asked: Sequence[str] = query if opener == "OpenQueryInstances" else (class_parameter("ESM_Processor"),)

    def context() -> str:
        found = re.search(rb'NAME="EnumerationContext"[^>]*><VALUE>([^<]+)<', checker.ask(opener, *asked))
        assert found is not None
        return parameter("EnumerationContext", value(found[1].decode()))

    opened = context()
    checker.ask("EnumerationCount", opened)
    for count in (0, 1, 100):
        checker.ask(puller, opened, parameter("MaxObjectCount", value(count)))
    checker.ask(puller, opened, parameter("MaxObjectCount", value(1)), code=21)
    closed = context()
    checker.ask("CloseEnumeration", closed)
    checker.ask("CloseEnumeration", closed, code=21)


NEW = parameter("NewInstance", instance("ESM_Alive", [prop("InstanceID", "string", value("x"))]))
ALIVE = instancename("ESM_Alive", InstanceID="ESM:Alive")


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        pytest.param("CreateInstance", [NEW], 7, id="CreateInstance"),
        pytest.param("DeleteInstance", [parameter("InstanceName", ALIVE)], 7, id="DeleteInstance"),
        pytest.param(
            "SetProperty",
            [
                parameter("InstanceName", ALIVE),
                parameter("PropertyName", value("Colour")),
                parameter("NewValue", value("red")),
            ],
            12,
            id="SetProperty",
        ),
        pytest.param(
            "ModifyInstance",
            [
                parameter(
                    "ModifiedInstance",
                    f"<VALUE.NAMEDINSTANCE>{ALIVE}"
                    f"{instance('ESM_Alive', [prop('Colour', 'string')])}</VALUE.NAMEDINSTANCE>",
                )
            ],
            12,
            id="ModifyInstance",
        ),
        pytest.param("FindEverything", [], 7, id="unknown operation"),
        pytest.param("DeleteClass", [class_parameter("ESM_Alive")], 7, id="DeleteClass"),
    ],
)
def test_changes_refused(checker: Checker, operation: str, parameters: list[str], code: int) -> None:
    checker.ask(operation, *parameters, code=code)


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_errors_of_every_operation(checker: Checker, operation: str) -> None:
    checker.ask(operation, ns="root/nowhere", code=3)
    checker.ask(operation, parameter("NoSuch", value("x")), code=4)


def test_names_in_errors_are_escaped(checker: Checker) -> None:
    for name in ("a&lt;b>&amp;", "&quot;&#10;&#9;", "日本語", "]]&gt;"):
        for operation in ("ExecQuery", "GetQualifier"):
            given = ("QueryLanguage", "Query") if operation == "ExecQuery" else ("QualifierName",)
            answer = checker.raw.operation(operation, *(parameter(one, value(name)) for one in given))
            assert problems(checker.standard, answer) == []
            assert error_code(answer) in (6, 14)


def test_methods(raw: Raw, standard: etree.DTD) -> None:
    answer = raw.method("Fly", "ESM_Alive", InstanceID="ESM:Alive")
    assert (problems(standard, answer), error_code(answer)) == ([], 17)


# -- all forms, without the agent


def test_every_form_of_every_operation(standard: etree.DTD) -> None:
    for call, result in (*forms("T_All", [FULL, EMPTY], "x"), *class_forms()):
        assert problems(standard, document(call, result)) == [], call.name


@pytest.mark.parametrize("text", SAMPLES, ids=lambda text: ascii(text)[:30])
def test_every_form_with_a_known_bad_string(standard: etree.DTD, text: str) -> None:
    for call, result in forms("T_All", [hostile_row(text), EMPTY], text):
        assert problems(standard, document(call, result)) == [], call.name


@given(text=TEXT)
@settings(deadline=None, max_examples=25)
def test_every_form_with_any_string(standard: etree.DTD, text: str) -> None:
    for call, result in forms("T_All", [hostile_row(text)], text):
        assert problems(standard, document(call, result)) == [], call.name
