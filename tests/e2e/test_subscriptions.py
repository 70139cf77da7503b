"""What CIM clients may not do to filters and subscriptions (I12, I13)."""

from __future__ import annotations

import pytest
import pywbem

from tests.e2e.managers import ALL_ALERTS, ESM, INTEROP, connected, subscribe
from tests.running import RunningAgent

URL = "http://127.0.0.1:9"  # nobody is there, and nothing needs to be


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(
            {"Query": "SELECT * FROM ESM_Nothing"}, pywbem.CIM_ERR_INVALID_QUERY, id="no such class"
        ),
        pytest.param({"Query": "SELECT FROM"}, pywbem.CIM_ERR_INVALID_QUERY, id="no query"),
        pytest.param(
            {"QueryLanguage": "SQL"}, pywbem.CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, id="another language"
        ),
        pytest.param({"Query": ""}, pywbem.CIM_ERR_INVALID_PARAMETER, id="no text"),
    ],
)
def test_a_filter_that_cannot_be_served_is_refused_at_once(
    connection: pywbem.WBEMConnection, change: dict[str, str], status: int
) -> None:
    given = {
        "Name": "wrong",
        "Query": ALL_ALERTS,
        "QueryLanguage": "WQL",
        "SourceNamespaces": [ESM],
        **change,
    }
    with pytest.raises(pywbem.CIMError) as refused:
        connection.CreateInstance(pywbem.CIMInstance("CIM_IndicationFilter", given), namespace=INTEROP)
    assert refused.value.status_code == status


def test_the_same_subscription_twice_exists_already(agent: RunningAgent) -> None:
    """I12."""
    subscribe(agent, URL, "twice")
    with connected(agent, INTEROP) as connection:
        (path,) = [
            p for p in connection.EnumerateInstanceNames("CIM_IndicationSubscription") if "twice" in str(p)
        ]
        again = pywbem.CIMInstance("CIM_IndicationSubscription", dict(path.keybindings))
        with pytest.raises(pywbem.CIMError) as refused:
            connection.CreateInstance(again)
        assert refused.value.status_code == pywbem.CIM_ERR_ALREADY_EXISTS
        connection.DeleteInstance(path)
        for name in "Handler", "Filter":
            connection.DeleteInstance(path[name])


def test_the_filter_that_comes_with_the_agent_stays(agent: RunningAgent) -> None:
    """I13."""
    with connected(agent, INTEROP) as connection:
        (path,) = [
            p
            for p in connection.EnumerateInstanceNames("CIM_IndicationFilter")
            if p["Name"].startswith("ESM:")
        ]
        with pytest.raises(pywbem.CIMError):
            connection.DeleteInstance(path)
        assert connection.GetInstance(path)["Query"] == ALL_ALERTS
