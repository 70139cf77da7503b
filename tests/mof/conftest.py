"""The schema, compiled once for all tests."""

from typing import Any

import pytest

from openesm.cim.mofc import compile_schema
from openesm.cim.schema import Namespace, Schema


@pytest.fixture(scope="session")
def compiled() -> dict[str, Any]:
    return compile_schema()


@pytest.fixture(scope="session")
def schema(compiled: dict[str, Any]) -> Schema:
    return Schema(compiled)


@pytest.fixture(scope="session")
def agent(schema: Schema) -> Namespace:
    return schema.namespaces["root/esmpro/as"]


@pytest.fixture(scope="session")
def interop(schema: Schema) -> Namespace:
    return schema.namespaces["root/interop"]
