"""Providers of indications are told what is subscribed to: each query once, in order, whoever hangs."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from esmd.activations import Activations, Indicating
from openesm.cim.errors import CIMError, Status
from openesm.cim.schema import Class
from tests.running import eventually

QUERY, OTHER = "SELECT * FROM Acme_Told", "SELECT * FROM Base"


def cls(name: str, *bases: str) -> Class:
    ancestry = tuple(each.lower() for each in (name, *bases))
    return Class(name, bases[0] if bases else "", {}, {}, {}, ancestry)


class Module:
    """Notes what it is told; hangs, or refuses, when it should."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.refuses = ""
        self.go_on = threading.Event()
        self.go_on.set()

    def hook(self, name: str, *args: object) -> Any:
        self.go_on.wait(10)
        if name == self.refuses:
            raise CIMError(Status.FAILED, "no")
        self.told.append((name, *args))

    def has_heard(self, *names: str) -> None:
        eventually(lambda: [each[0] for each in self.told] == list(names), f"{names}")


@pytest.fixture
def wanted() -> list[tuple[str, str]]:
    return []


def test_from_the_first_to_the_last(wanted: list[tuple[str, str]]) -> None:
    module = Module()
    activations = Activations([Indicating(module, [cls("Acme_Told", "Base")])], lambda: wanted)
    wanted.append((QUERY, "acme_told"))
    activations.follow()
    activations.follow()
    module.has_heard("activate_filter", "enable_indications")
    assert module.told[0] == ("activate_filter", QUERY, "root/ESMPRO/AS", ["Acme_Told"], True)
    wanted.append((OTHER, "Base"))
    activations.follow()
    module.has_heard("activate_filter", "enable_indications", "activate_filter")
    assert module.told[2][-1] is False
    wanted.clear()
    activations.follow()
    eventually(lambda: len(module.told) == 6, "all is over")
    assert [each[0] for each in module.told[3:]] == [
        "deactivate_filter",
        "disable_indications",
        "deactivate_filter",
    ]
    assert [each[-1] for each in (module.told[3], module.told[5])] == [False, True]
    activations.close()


def test_a_superclass_is_about_all_of_its_classes(wanted: list[tuple[str, str]]) -> None:
    """tog-pegasus tells of each class by itself, with the same query."""
    module = Module()
    classes = [cls("Acme_A", "Base"), cls("Acme_B", "Base")]
    activations = Activations([Indicating(module, classes)], lambda: wanted)
    wanted.append((OTHER, "Acme_A"))
    activations.follow()
    wanted.append((OTHER, "Acme_B"))
    activations.follow()
    module.has_heard("activate_filter", "enable_indications", "activate_filter")
    assert [module.told[0][3:], module.told[2][3:]] == [(["Acme_A"], True), (["Acme_B"], False)]
    wanted.remove((OTHER, "Acme_A"))
    activations.follow()
    eventually(lambda: len(module.told) == 4, "one is over")
    assert module.told[3][3:] == (["Acme_A"], False)
    activations.close()


def test_a_hook_that_breaks_is_told_the_rest(wanted: list[tuple[str, str]]) -> None:
    class Broken(Module):
        def hook(self, name: str, *args: object) -> Any:
            if name == "activate_filter":
                raise ValueError(name)
            return super().hook(name, *args)

    module = Broken()
    activations = Activations([Indicating(module, [cls("Acme_Told")])], lambda: wanted)
    wanted.append((QUERY, "Acme_Told"))
    activations.follow()
    module.has_heard("enable_indications")
    activations.close()


def test_what_is_about_other_classes_is_not_told(wanted: list[tuple[str, str]]) -> None:
    module = Module()
    activations = Activations([Indicating(module, [cls("Acme_Told")])], lambda: wanted)
    wanted.append(("SELECT * FROM Else", "Else"))
    activations.follow()
    activations.permit("SELECT * FROM Else", "Else", "ops")
    activations.close()
    assert module.told == []


def test_one_that_hangs_holds_up_nobody(wanted: list[tuple[str, str]]) -> None:
    stuck, other = Module(), Module()
    stuck.go_on.clear()
    classes = [cls("Acme_Told")]
    activations = Activations([Indicating(stuck, classes), Indicating(other, classes)], lambda: wanted)
    wanted.append((QUERY, "Acme_Told"))
    activations.follow()
    other.has_heard("activate_filter", "enable_indications")
    assert stuck.told == []
    stuck.go_on.set()
    stuck.has_heard("activate_filter", "enable_indications")
    activations.close()


def test_one_that_fails_is_told_the_rest(wanted: list[tuple[str, str]]) -> None:
    module = Module()
    module.refuses = "activate_filter"
    activations = Activations([Indicating(module, [cls("Acme_Told")])], lambda: wanted)
    wanted.append((QUERY, "Acme_Told"))
    activations.follow()
    module.has_heard("enable_indications")
    activations.close()


def test_a_refusal_reaches_the_subscriber(wanted: list[tuple[str, str]]) -> None:
    module = Module()
    module.refuses = "authorize_filter"
    activations = Activations([Indicating(module, [cls("Acme_Told")])], lambda: wanted)
    with pytest.raises(CIMError):
        activations.permit(QUERY, "Acme_Told", "ops")
    activations.close()
