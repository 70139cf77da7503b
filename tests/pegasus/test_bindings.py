"""cmpi-bindings, as it is distributed, with our glue instead of our bridge: the same tests.

OPENESM_CMPI_BINDINGS is a folder with its libpy3CmpiProvider.so and cmpi.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pywbem

from tests.others.suite import Suite, subscribed
from tests.pegasus.real import BINDINGS, HOME, Real, registered_by_bindings
from tests.pegasus.test_indications import QUERY, alerts, arrive, uuids

pytestmark = pytest.mark.skipif(not HOME or not BINDINGS, reason="OPENESM_CMPI_BINDINGS names none")


@pytest.fixture(scope="module")
def host(real: Real) -> Iterator[Real]:
    with registered_by_bindings(real):
        yield real


class TestByBindings(Suite):
    """By cmpi-bindings."""

    def test_alerts_of_the_agent(self, host: Real) -> None:
        with subscribed(host.connection(), QUERY) as told:
            wanted = alerts(host, 5)
            arrive(host, told, wanted)
            assert uuids(told, wanted) == wanted

    def test_errors_and_thresholds(self, host: Real) -> None:
        connection = host.connection()
        with pytest.raises(pywbem.CIMError) as refused:
            connection.GetInstance(pywbem.CIMInstanceName("ESM_Alive", {"InstanceID": "none"}))
        assert refused.value.status_code == pywbem.CIM_ERR_NOT_FOUND
        assert refused.value.status_description
        (path,) = connection.EnumerateInstanceNames("ESM_PhysicalMemory")
        given = {"WarningThreshold": pywbem.Uint16(77), "WarningClearThreshold": pywbem.Uint16(70)}
        assert connection.InvokeMethod("SetThresholds", path, **given)[0] == 0
        assert connection.GetInstance(path, PropertyList=["WarningThreshold"])["WarningThreshold"] == 77
        assert connection.InvokeMethod("RestoreDefaultThresholds", path)[0] == 0

    def test_the_module_stops(self, host: Real) -> None:
        """Where the interpreter would wait for ever at its end."""
        host.run(f"{HOME}/bin/cimprovider", "-d", "-m", "OpenESM")
        host.run(f"{HOME}/bin/cimprovider", "-e", "-m", "OpenESM")
        assert len(host.connection().EnumerateInstances("ESM_Alive")) == 1
