"""The namespaces of the schema."""

import pytest

from openesm.cim.schema import Namespace, Schema


@pytest.fixture(scope="session")
def agent(schema: Schema) -> Namespace:
    return schema.namespaces["root/esmpro/as"]


@pytest.fixture(scope="session")
def interop(schema: Schema) -> Namespace:
    return schema.namespaces["root/interop"]
