"""Nobody has a Principal but by the authenticator (SEC-01)."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
from pathlib import Path

import pytest

from esmd.auth.principal import Principal
from esmd.auth.users import Role

PROJECT = Path(inspect.getfile(Principal)).parents[2]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Principal(), id="no arguments"),
        pytest.param(lambda: type.__call__(Principal, "root", Role.ADMIN, frozenset(), ""), id="arguments"),
        pytest.param(lambda: Principal._minted(None, "root", Role.ADMIN, frozenset(), ""), id="no mint"),
        pytest.param(lambda: Principal._minted(object(), "root", Role.ADMIN, frozenset(), ""), id="own mint"),
    ],
)
def test_sec_01_it_cannot_be_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(TypeError):
        make()


def test_sec_01_an_uninitialised_one_has_no_rights() -> None:
    blank = object.__new__(Principal)
    for attribute in ("name", "role", "namespaces", "source"):
        with pytest.raises(AttributeError):
            getattr(blank, attribute)
    with pytest.raises((AttributeError, TypeError)):
        copy.replace(blank) if hasattr(copy, "replace") else dataclasses.replace(blank)


def test_sec_01_only_the_authenticator_knows_the_mint() -> None:
    users = {
        path.relative_to(PROJECT).as_posix()
        for room in ("esmd", "esmctl", "openesm", "providers", "indications", "subscription")
        for path in (PROJECT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Name) and node.id == "_MINT")
        or (isinstance(node, ast.Attribute) and node.attr == "_minted")
    }
    assert users == {"esmd/auth/principal.py", "esmd/auth/authenticator.py"}
