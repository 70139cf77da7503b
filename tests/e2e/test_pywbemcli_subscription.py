"""`pywbemcli subscription`, each command, plain and over TLS: what is made, listed, refused, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_pywbemcli import PROGRAM, Pywbemcli
from tests.running import RunningAgent, running_agent

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pywbemcli is not installed")
QUERY = ("-q", "SELECT * FROM ESM_AlertIndication", "--source-namespaces", "root/ESMPRO/AS")
OWNED = "defaultpywbemcliSubMgr"
NOTHING = {"CIM_IndicationSubscription": 0, "CIM_IndicationFilter": 1, "CIM_ListenerDestinationCIMXML": 0}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("agent")) as running:
        yield running
        assert "Traceback" not in running.log, running.log


class Subscriptions:
    """The command group, on one agent."""

    def __init__(self, cli: Pywbemcli) -> None:
        self._cli = cli

    def good(self, *words: str, form: str = "plain") -> str:
        return " ".join(self._cli.good("subscription", *words, form=form).split())

    def refused(self, *words: str) -> str:
        status, out, err = self._cli.run("subscription", *words)
        assert (status, out.strip()) == (1, "")
        assert "Traceback" not in err
        return err

    def counts(self) -> dict[str, int]:
        """Class -> instances of it, owned and permanent together."""
        words = self.good("list").split()
        return {name: int(words[words.index(name) + 3]) for name in NOTHING}


@pytest.fixture(params=["http", "https"])
def sub(served: RunningAgent, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subscriptions]:
    """Begins and ends with nothing but the filter of the agent."""
    commands = Subscriptions(Pywbemcli(served, request.param, tmp_path))
    assert commands.counts() == NOTHING
    yield commands
    assert commands.counts() == NOTHING


def test_owned(sub: Subscriptions) -> None:
    assert f"Name=pywbemdestination:{OWNED}:D" in sub.good(
        "add-destination", "D", "-l", "https://127.0.0.1:9"
    )
    assert f"Name=pywbemfilter:{OWNED}:F" in sub.good("add-filter", "F", *QUERY)
    assert f"FilterName=pywbemfilter:{OWNED}:F" in sub.good("add-subscription", "D", "F")
    assert sub.counts() == {
        "CIM_IndicationSubscription": 1,
        "CIM_IndicationFilter": 2,
        "CIM_ListenerDestinationCIMXML": 1,
    }
    added_again(sub)
    listed(sub)
    assert "CIM_ERR_FAILED" in sub.refused("remove-destination", "D")
    assert "CIM_ERR_FAILED" in sub.refused("remove-filter", "F")
    assert "Removed 1 subscription(s)" in sub.good("remove-subscription", "D", "F")
    assert "Removed owned indication filter" in sub.good("remove-filter", "F")
    assert "Removed owned indication destination" in sub.good("remove-destination", "D")
    assert "No owned destination found" in sub.refused("remove-destination", "D")


def added_again(sub: Subscriptions) -> None:
    assert "CIM_ERR_ALREADY_EXISTS" in sub.refused("add-destination", "D", "-l", "https://127.0.0.1:9")
    assert "already exists" in sub.refused("add-filter", "F", *QUERY)
    before = sub.counts()
    sub.good("add-subscription", "D", "F")
    assert sub.counts() == before


def listed(sub: Subscriptions) -> None:
    for words, shown in (
        (["list", "--summary"], "1 2 1"),
        (["list", "--detail"], "owned D(owned) F(owned) https://127.0.0.1:9"),
        (
            ["list-destinations", "--type", "owned"],
            "owned D pywbemdestination:defaultpywbe https://127.0.0.1:9 3 2 1",
        ),
        (
            ["list-filters", "--type", "permanent"],
            "ESM:AlertIndications ESM:AlertIndications SELECT * FROM WQL",
        ),
        (["list-filters", "--type", "owned", "--detail"], "owned F pywbemfilter:"),
        (["list-subscriptions"], "owned D(owned) F(owned) https://127.0.0.1:9 SELECT * FROM WQL"),
        (["list-subscriptions", "--names-only"], "CIM_IndicationSubscription"),
        (["list-subscriptions", "--detail"], "owned D(owned) F(owned)"),
    ):
        assert shown in sub.good(*words), words
    mof = sub.good("list-subscriptions", form="mof")
    assert "instance of CIM_IndicationSubscription {" in mof
    assert "SubscriptionState = 2;" in mof
    assert f'Name = "pywbemfilter:{OWNED}:F";' in sub.good("list-filters", "--type", "owned", form="mof")


def test_permanent(sub: Subscriptions) -> None:
    sub.good("add-destination", "P", "-l", "http://127.0.0.1:9", "--permanent")
    sub.good("add-filter", "PF", *QUERY, "--permanent")
    sub.good("add-subscription", "P", "PF", "--permanent")
    listed = sub.good("list-subscriptions", "--type", "permanent")
    assert "permanent P(permanent) PF(permanent) http://127.0.0.1:9" in listed
    assert "destinations=0, filters=0, subscriptions=0" in sub.good("remove-server")
    for words in ("remove-filter", "PF"), ("remove-destination", "P"):
        assert "CIM_ERR_FAILED" in sub.refused(*words, "--permanent")
    removed = sub.good("remove-subscription", "P", "PF", "--remove-associated-instances")
    assert "Removed destination: interop:CIM_ListenerDestinationCIMXML." in removed
    assert "Removed filter: interop:CIM_IndicationFilter." in removed


def test_everything_at_once(sub: Subscriptions) -> None:
    """To the filter that comes with the agent, which nobody can remove."""
    sub.good("add-destination", "D", "-l", "https://127.0.0.1:9")
    sub.good("add-subscription", "D", "ESM:AlertIndications")
    assert "CIM_ERR_FAILED" in sub.refused("remove-filter", "ESM:AlertIndications", "--permanent")
    assert "destinations=1, filters=0, subscriptions=1" in sub.good("remove-server")
    assert "CIM_ERR_FAILED" in sub.refused("remove-filter", "ESM:AlertIndications", "--permanent")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param(["add-filter", "X", "-q", "SELECT"], "CIM_ERR_INVALID_QUERY", id="no query"),
        pytest.param(
            ["add-filter", "X", "-q", "SELECT * FROM CIM_Nope"], "CIM_ERR_INVALID_QUERY", id="no such class"
        ),
        pytest.param(
            ["add-filter", "X", *QUERY, "--query-language", "SQL"],
            "CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED",
            id="no such language",
        ),
        pytest.param(["add-subscription", "X", "Y"], "No", id="neither end"),
        pytest.param(["remove-subscription", "X", "Y"], "No", id="no subscription"),
    ],
)
def test_refused(sub: Subscriptions, words: list[str], error: str) -> None:
    assert error in sub.refused(*words)
