"""Indications of other classes than ours: kept, and told as their class is by then, or as one of ours."""

from __future__ import annotations

from typing import Any

import pytest

from indications.alert import from_json, raised_alert, to_json
from indications.delivery.export import Draft, Form
from indications.instance import INDICATION, OF_SENDING, class_of, raised, types_of, values
from openesm.cim.path import Path
from openesm.cim.schema import Class, Namespace
from openesm.cim.values import DateTime, Instance, TypedValue
from openesm.model import Alert, Severity
from tests.indications.alerts import OCCASION

AT = DateTime.parse("20261125030405.000000+000")
LAMP = Path("Acme_Lamp", (("Name", "desk"),), "root/ESMPRO/AS")


def namespace(**properties: str) -> Namespace:
    """With a class Acme_Told that has these properties, name -> type."""
    declared = [{"name": name, "type": kind} for name, kind in properties.items()]
    mine = [{"name": "Acme_Told", "super": "CIM_Indication", "properties": declared}]
    base = [
        {"name": "IndicationIdentifier", "type": "string"},
        {"name": "IndicationTime", "type": "datetime"},
    ]
    classes: list[dict[str, Any]] = [
        {"name": "CIM_Indication", "properties": base},
        {
            "name": INDICATION,
            "super": "CIM_Indication",
            "properties": [{"name": "Message", "type": "string"}],
        },
        *mine,
    ]
    return Namespace("root/ESMPRO/AS", [], classes)


def told_class(space: Namespace) -> Class:
    found = space.get("Acme_Told")
    assert found is not None
    return found


def alert(space: Namespace, **given: TypedValue) -> Alert:
    made = raised(told_class(space), Instance("Acme_Told", given), "uuid", AT)
    return raised_alert(made, OCCASION)


SPACE = namespace(
    Name="string", Level="uint8", Which="reference", PerceivedSeverity="uint16", Message="string"
)
GIVEN = {
    "Name": TypedValue("desk", "string"),
    "Level": TypedValue(7, "uint8"),
    "Which": TypedValue(LAMP, "reference"),
}


def test_what_every_indication_has_is_filled_in() -> None:
    made = alert(SPACE, **GIVEN).raised
    assert made is not None
    assert made.properties["IndicationIdentifier"] == "uuid"
    assert made.properties["IndicationTime"] == AT
    assert made.properties["Message"] is None


def test_it_is_kept() -> None:
    one = alert(SPACE, **GIVEN)
    assert from_json(to_json(one)) == one


@pytest.mark.parametrize(
    ("perceived", "severity"),
    [(None, Severity.INFORMATION), (2, Severity.INFORMATION), (3, Severity.WARNING), (6, Severity.CRITICAL)],
)
def test_its_severity(perceived: int | None, severity: Severity) -> None:
    given = {} if perceived is None else {"PerceivedSeverity": TypedValue(perceived, "uint16")}
    assert alert(SPACE, **given).severity is severity


def test_its_text_is_in_the_history() -> None:
    one = alert(SPACE, Message=TypedValue("the lamp is hot", "string"))
    assert "the lamp is hot" in one.text("en")
    assert "Acme_Told" in one.text("en")


@pytest.mark.parametrize(
    ("name", "value"), [("Level", "high"), ("Name", 7), ("Which", "desk"), ("Name", ["a"])]
)
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError):
        alert(SPACE, **{name: TypedValue(value)})


def body(one: Alert, space: Namespace) -> str:
    """What a listener is sent."""
    known, cls = class_of(one, space)
    types = types_of(cls)
    form = Form(cls.name, types, [name for name in OF_SENDING if name in types])
    return Draft(form, values(known, "server", "en")).body("1", {"IndicationTime": AT}).decode()


def test_a_class_that_has_more_by_now() -> None:
    later = namespace(Name="string", Level="uint8", Which="reference", More="string")
    sent = body(alert(SPACE, **GIVEN), later)
    assert 'CLASSNAME="Acme_Told"' in sent
    assert "<VALUE>desk</VALUE>" in sent
    assert 'NAME="More"' in sent


@pytest.mark.parametrize(
    "later", [namespace(Name="uint32", Level="uint8"), Namespace("n", [], [{"name": INDICATION}])]
)
def test_a_class_with_other_types_or_none_any_more(later: Namespace) -> None:
    known, cls = class_of(alert(SPACE, **GIVEN), later)
    assert (known.raised, cls.name) == (None, INDICATION)


def test_without_any_class() -> None:
    with pytest.raises(LookupError):
        class_of(alert(SPACE), Namespace("n", [], []))
