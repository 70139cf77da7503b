"""Correlation in a running agent: starts and stops, pauses, the integrated database, events of others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from esmctl.agent import ask
from esmctl.failure import FailureError
from tests.faults.rig import GoneError, kill
from tests.running import RunningAgent, eventually, running_agent

PAIR = """VERSION=2
[pair]
CON=CID:1,E.K==a
CON=CID:2,E.K==b
TIMEOUT=600
SAME_ATTRIBUTE=E.JP1_SOURCEHOST
SUCCESS_EVENT=E.SEVERITY:Alert,B.MESSAGE:"a and b of $EV1_E.JP1_SOURCEHOST"
"""
OF_GROUP = """VERSION=2
[gyoumuA]
TARGET=E.JP1_SOURCEHOST==/業務システムA
CON=CID:1,E.SEVERITY==Error,E.PRODUCT_NAME>=HITACHI/JP1/AJS2
CON=CID:2,E.SEVERITY==Error,E.PRODUCT_NAME>=HITACHI/JP1/Cm2
SUCCESS_EVENT=E.SEVERITY:Alert,E.JP1_SOURCEHOST:$EV1_E.JP1_SOURCEHOST
"""
GROUPS = """
["/業務システムA"]
hosts = ["Web1"]
["/業務システムA/DB"]
hosts = ["db1"]
["/other"]
hosts = ["else1"]
"""


class Site:
    """A running agent, and what is said to it."""

    def __init__(self, agent: RunningAgent) -> None:
        self.agent = agent

    def ask(self, command: str, **args: object) -> dict[str, Any]:
        return ask(self.agent.local_socket, command, **args)

    def on(self, definition: str, **options: object) -> None:
        self.ask("correlation-apply", file="x.conf", definition=definition)
        if options:
            self.ask("correlation-set", **options)
        self.ask("correlation-enable")

    def send(self, *kinds: str, **more: str) -> list[int]:
        """Events with E.K, of a host where it stands behind it, as `a h1`."""
        events = []
        for kind, _, host in (each.partition(" ") for each in kinds):
            named = {name.replace("_", ".", 1): value for name, value in more.items()}
            events.append({"E.K": kind, **({"B.SOURCESERVER": host} if host else {}), **named})
        numbers: list[int] = self.ask("event-send", events=events)["numbers"]
        return numbers

    def status(self, name: str) -> Any:
        return self.ask("correlation-status")[name]

    def settled(self) -> None:
        eventually(lambda: self.status("waiting_events") == 0, "all events were taken", 10)

    def issued(self) -> list[dict[str, str]]:
        found, after = list[dict[str, str]](), 0
        while listed := self.ask("event-list", after=after)["events"]:
            found += [each["attributes"] for each in listed if "E.JP1_GENERATE_NAME" in each["attributes"]]
            after = listed[-1]["number"]
        return found

    def history(self, what: str) -> list[dict[str, Any]]:
        return [each for each in self.ask("correlation-history")["records"] if each["what"] == what]

    def opened(self, count: int = 1) -> None:
        eventually(lambda: self.status("open_sets") == count, f"{count} sets are open", 10)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_agent(tmp_path) as agent:
        yield Site(agent)


# -- starts and stops


@pytest.mark.parametrize(("option", "sets", "why"), [("warm", 1, None), ("cold", 0, "cold-stop")])
def test_r_11_r_12_a_restart(tmp_path: Path, option: str, sets: int, why: str | None) -> None:
    """R-70, R-71. The alert that tells of the stop comes after it: only a warm start sees that one."""
    counting = PAIR + "[stopped]\nCON=B.ID==40000705\nSUCCESS_EVENT=B.MESSAGE:it had stopped\n"
    with running_agent(tmp_path) as agent:
        site = Site(agent)
        site.on(counting, start=option)
        site.send("a h")
        site.opened()
    with running_agent(tmp_path) as agent:
        site = Site(agent)
        assert (site.status("state"), site.status("open_sets")) == ("running", sets)
        site.settled()
        told = [each["B.MESSAGE"] for each in site.issued()]
        assert told == (["it had stopped"] if option == "warm" else [])
        (stop,) = site.history("stop")
        assert (stop["detail"]["option"], stop["detail"]["discarded"]) == (option, why)
        start = site.history("start")[-1]["detail"]
        assert (start["was_killed"], start["sets"], start["position"]) == (
            False,
            sets,
            "next" if option == "warm" else "new",
        )


def test_r_32_r_34_a_kill_and_a_cold_recovery(tmp_path: Path) -> None:
    with suppress(GoneError), running_agent(tmp_path) as agent:
        site = Site(agent)
        site.on(PAIR, crash_recovery="cold")
        site.send("a h")
        site.opened()
        kill(agent)
    with running_agent(tmp_path) as agent:
        site = Site(agent)
        assert site.status("open_sets") == 0
        (gone,) = site.history("discarded")
        assert (gone["detail"]["reason"], gone["condition"]) == ("abnormal-end", "pair")
        assert "correlation was killed; last commit at" in agent.log
        assert "1 sets given up" in agent.log


def test_r_6_r_7_hold_keeps_what_comes_in_a_pause(site: Site) -> None:
    site.on(PAIR, on_pause="hold")
    site.ask("correlation-stop")
    site.send("a h", "b h")
    assert (site.status("state"), site.status("waiting_events")) == ("paused", 2)
    site.ask("correlation-start")
    eventually(lambda: len(site.issued()) == 1, "the pair is complete", 10)


def test_r_6_r_7_a_pause_has_sharp_edges(site: Site) -> None:
    """Whatever the agent has read by then: what came before is correlated, what came in it is not."""
    site.on(PAIR)
    site.send("a before")
    site.ask("correlation-stop")
    site.send("b before", "a within")
    site.ask("correlation-start")
    site.send("b within", "b before")
    site.settled()
    assert [each["B.MESSAGE"] for each in site.issued()] == ["a and b of before"]
    assert site.status("open_sets") == 1  # b of within


def test_r_93_why_no_condition_saw_an_event(site: Site) -> None:
    """It came while correlation was off, in a pause, or waits; a pause stands in the history."""

    def fate(number: int) -> str | None:
        found = site.ask("correlation-history", event=number)["fate"]
        return None if found is None else str(found["what"])

    (off,) = site.send("a h1")
    alert = site.ask("alert-show", uuid=site.ask("alert-test")["uuid"])["number"]
    site.on(PAIR)
    (seen,) = site.send("a h1")
    site.settled()
    site.ask("correlation-stop")
    (paused,) = site.send("b h1")
    site.ask("correlation-start")
    assert [fate(number) for number in (off, alert, seen, paused)] == [
        "passed-over-applied",
        "passed-over-applied",
        None,
        "passed-over-resume",
    ]
    assert [each["what"] for each in site.ask("correlation-history")["records"]][-2:] == ["pause", "resume"]
    site.ask("correlation-set", on_pause="hold")
    site.ask("correlation-stop")
    (held,) = site.send("b h1")
    assert fate(held) == "waits"
    site.ask("correlation-start")
    eventually(lambda: len(site.issued()) == 1, "it was taken", 10)
    assert fate(held) is None
    site.ask("correlation-disable")
    alert = site.ask("alert-show", uuid=site.ask("alert-test")["uuid"])["number"]
    assert fate(alert) == "off"
    for order in ("start", "stop"):
        with pytest.raises(FailureError, match="Correlation is off"):
            site.ask(f"correlation-{order}")


def test_orders_behind_a_backlog(site: Site) -> None:
    """What waits when an order is given is decided before it; a pause that holds loses nothing."""
    hosts = [f"h{number}" for number in range(500)]
    roomy = PAIR + "CORRELATION_NUM=1024\n"
    site.on(roomy, on_pause="hold")
    site.send(*(f"a {host}" for host in hosts), *(f"b {host}" for host in hosts))
    site.ask("correlation-stop")
    site.send(*(f"a {host}" for host in hosts))
    assert (len(site.issued()), site.status("waiting_events")) == (500, 500)
    site.ask("correlation-start")
    site.send(*(f"b {host}" for host in hosts))
    site.ask("correlation-apply", definition=roomy.replace("600", "700"))
    assert len(site.issued()) == 1000
    site.send(*(f"a {host}" for host in hosts))
    site.ask("correlation-disable")
    assert (site.status("open_sets"), site.status("state")) == (0, "disabled")
    assert len(site.history("discarded")) == 500


@pytest.mark.parametrize("database", [False, True])
def test_what_cannot_be_correlated_costs_no_alert(tmp_path: Path, database: bool) -> None:
    """An event that cannot be read, as after damage: all else goes on, and the reason is told."""
    with running_agent(tmp_path) as agent:
        site = Site(agent)
        site.on(PAIR, integrated_db=database)
        with closing(sqlite3.connect(tmp_path / "state" / "store.db", timeout=10)) as db, db:
            last = db.execute(
                "SELECT max(seq) FROM sqlite_sequence WHERE name IN ('alert', 'event')"
            ).fetchone()[0]
            db.execute("INSERT INTO event (number, arrived, attributes) VALUES (?, 1, '{')", (last + 1,))
            db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'alert'", (last + 1,))
        uuid = site.ask("alert-test")["uuid"]
        assert site.ask("alert-show", uuid=uuid)["number"] == last + 2
        site.send("a h")
        eventually(lambda: site.status("error"), "the reason is told", 10)
        assert agent.log.count("correlation waits") == 1
        with closing(sqlite3.connect(tmp_path / "state" / "store.db", timeout=10)) as db, db:
            db.execute("UPDATE event SET attributes = '{}' WHERE number = ?", (last + 1,))
        site.send("b h")
        eventually(lambda: len(site.issued()) == 1, "it goes on", 10)
        assert site.status("error") == ""


def test_r_1_enable_begins_anew(site: Site) -> None:
    site.send("a h")
    told = site.ask("correlation-apply", definition=PAIR, backfill=1)
    assert [(each["what"], each["detail"]["goes_on"]) for each in told["records"]] == [("open", False)]
    site.send("a h")
    site.ask("correlation-enable")
    site.send("b h")
    site.opened()
    assert site.issued() == []


def test_r_3_r_5_what_is_refused_stays_on_record(site: Site) -> None:
    site.on(PAIR)
    with pytest.raises(FailureError):
        site.ask("correlation-apply", file="wrong.conf", definition=PAIR + "[")
    (refused,) = site.history("refused")
    assert refused["detail"]["file"] == "wrong.conf"
    assert refused["detail"]["reason"].startswith("wrong.conf:8:1: a generation condition begins with")


def test_r_8_the_acquisition_filter(site: Site) -> None:
    site.on(PAIR, acquire="E.JP1_SOURCEHOST==h1;h2")
    site.send("a h3", "b h3", "a h1", "b h1")
    site.settled()
    assert [each["B.MESSAGE"] for each in site.issued()] == ["a and b of h1"]


def test_r_9_with_the_integrated_database_it_is_decided_with_the_event(site: Site) -> None:
    """When the order to send returns, the correlation event is there already."""
    site.on(PAIR, integrated_db=True)
    for host in ("h1", "h2", "h3"):
        site.send(f"a {host}", f"b {host}")
        assert site.issued()[-1]["B.MESSAGE"] == f"a and b of {host}"
        assert site.status("waiting_events") == 0
    site.ask("correlation-apply", definition=PAIR.replace("E.K==a", "E.ESM_TEST==TRUE").replace("SAME", "#"))
    site.ask("alert-test")
    site.send("b")
    assert len(site.issued()) == 4
    assert site.ask("correlation-metrics")["issued"] == 4


def test_r_90_discard_all(site: Site) -> None:
    site.on(PAIR, on_change="discard-all")
    site.send("a h")
    site.opened()
    assert site.ask("correlation-apply", definition=PAIR)["discarded_sets"] == 1
    assert site.status("open_sets") == 0


def test_r_53_missing_attributes(site: Site) -> None:
    site.on(PAIR.replace("E.JP1_SOURCEHOST\n", "E.JOB\n"))
    site.send("a", "b")
    site.settled()
    assert site.issued() == []
    site.ask("correlation-set", missing_attribute="group")
    site.send("a", E_JOB="1")
    site.send("b")
    site.opened(2)
    site.send("a")
    eventually(lambda: len(site.issued()) == 1, "those without a job are a group", 10)


def test_r_54_a_limit_is_told_once_over_a_restart(tmp_path: Path) -> None:
    limited = PAIR + "CORRELATION_NUM=1\n"
    with running_agent(tmp_path) as agent:
        site = Site(agent)
        site.on(limited)
        site.send("a h1", "a h2")
        site.settled()
        assert [each["what"] for each in site.history("limited")] == ["limited"]
        assert "[pair] has no room for another set, from event" in agent.log
    with running_agent(tmp_path) as agent:
        site = Site(agent)
        site.send("a h3")
        site.settled()
        assert len(site.history("limited")) == 1
        site.send("b h1")
        eventually(lambda: site.history("limit-ended"), "there is room again", 10)


@pytest.mark.parametrize(
    "options", [{"begin": 145}, {"begin": "1"}, {"start": "hot"}, {"nonsense": 1}, {"acquire": "E.K"}]
)
def test_r_24_options_that_cannot_be_change_nothing(site: Site, options: dict[str, object]) -> None:
    before = site.ask("correlation-set")
    with pytest.raises(FailureError):
        site.ask("correlation-set", on_pause="hold", **options)
    assert site.ask("correlation-set") == before


# -- business groups


def error(host: str, product: str) -> dict[str, str]:
    return {"E.SEVERITY": "Error", "B.SOURCESERVER": host, "E.PRODUCT_NAME": f"/HITACHI/JP1/{product}"}


def test_r_60_the_business_group_of_the_guide(site: Site) -> None:
    site.ask("group-apply", groups=GROUPS)
    site.on(OF_GROUP)
    site.ask("event-send", events=[error("else1", "AJS2"), error("db1", "AJS2"), error("else1", "Cm2")])
    site.opened()
    site.ask("event-send", events=[error("WEB1", "Cm2")])
    eventually(lambda: site.issued(), "both are of the group", 10)
    (event,) = site.issued()
    assert (event["E.SEVERITY"], event["E.JP1_SOURCEHOST"]) == ("Alert", "db1")


def test_r_61_the_groups_of_the_moment_count(site: Site) -> None:
    site.on(OF_GROUP)
    advice = site.ask("correlation-apply", definition=OF_GROUP)["advice"]
    assert [each["key"] for each in advice] == ["correlation.unknown-group"]
    site.ask("event-send", events=[error("web1", "AJS2")])
    site.settled()
    assert site.status("open_sets") == 0
    assert site.ask("group-apply", groups=GROUPS)["advice"] == []
    site.ask("event-send", events=[error("web1", "AJS2")])
    site.opened()


def test_r_63_r_64_restricted(site: Site) -> None:
    """The caller here is root over the local socket."""
    restricted = GROUPS.replace('hosts = ["else1"]', 'hosts = ["else1"]\nusers = ["local:0"]')
    advice = site.ask("group-apply", groups=restricted)["advice"]
    assert advice == []
    site.on(PAIR)
    told = site.ask("correlation-apply", definition=PAIR)["advice"]
    assert [each["key"] for each in told] == ["correlation.no-group-target", "correlation.no-source-host"]
    mine = site.send("a else1", "b else1")
    theirs = site.send("a web1", "b web1")
    eventually(lambda: len(site.issued()) == 2, "both pairs are complete", 10)
    assert site.ask("correlation-history", event=mine[0])["foreign_group"] == []
    assert site.ask("correlation-history", event=theirs[0])["foreign_group"] == theirs


@pytest.mark.parametrize(
    "groups",
    [
        "[",
        '["sales"]\nhosts = []',
        '["/"]',
        '["/a//b"]',
        '["/a"]\nhosts = "x"',
        '["/a"]\nhost = []',
        "a = 1",
        7,
    ],
)
def test_groups_that_cannot_be_change_nothing(site: Site, groups: object) -> None:
    site.ask("group-apply", groups=GROUPS)
    with pytest.raises(FailureError):
        site.ask("group-apply", groups=groups)
    assert len(site.ask("group-list")["groups"]) == 3


# -- events of others


def test_events_have_their_place_among_the_alerts(site: Site) -> None:
    before = site.ask("event-list", newest=True, limit=1)["events"][-1]["number"]
    (first,) = site.send("a h")
    site.ask("alert-test")
    (last,) = site.send("b h")
    assert [first, last] == [before + 1, before + 3]
    listed = {each["number"]: each["attributes"] for each in site.ask("event-list", after=before)["events"]}
    assert list(listed) == [first, first + 1, last]
    told = listed[first]
    assert (told["B.SOURCESERVER"], told["E.JP1_SOURCEHOST"], told["E.ESM_SENDER"]) == ("h", "h", "local:0")
    assert (told["B.SEQNO"], told["B.ID"]) == (str(first), "00000000:00000000")
    assert site.ask("event-list", since=float(told["B.TIME"]) - 60)["events"]
    assert site.ask("event-list", since=float(told["B.TIME"]) + 60)["events"] == []


@pytest.mark.parametrize(
    "events",
    [
        [],
        "x",
        [{}],
        [7],
        [{"E.K": 1}],
        [{"K": "x"}],
        [{"B.NONE": "x"}],
        [{"B.SEQNO": "1"}],
        [{"E.ESM_SENDER": "root"}],
        [{"E.K": "\ud800"}],
        [{"E.K": "\0"}],
        [{"E.K": "x" * 2049}],
        [{f"E.K{n}": "x" * 2000 for n in range(6)}],
        [{"B.ID": "nonsense"}],
        [{"E.K": "fine"}, {"E.K": 1}],
        [{"E.K": "x"}] * 1001,
    ],
    ids=lambda each: json.dumps(each)[:30],
)
def test_what_is_no_event_leaves_nothing(site: Site, events: object) -> None:
    with pytest.raises(FailureError):
        site.ask("event-send", events=events)
    assert [each for each in site.ask("event-list")["events"] if "E.K" in each["attributes"]] == []


# -- back-fill and metrics


def test_r_92_back_fill(site: Site) -> None:
    """What the condition would have decided; an open set goes on, and no event is offered twice."""
    site.on("")
    numbers = site.send("a h1", "b h1", "a h2")
    site.settled()
    told = site.ask("correlation-apply", definition=PAIR, backfill=1)["records"]
    assert [(each["what"], each["detail"]["backfill"]) for each in told] == [
        ("success", True),
        ("open", True),
    ]
    assert [number for _, number, _ in told[0]["sources"]] == numbers[:2]
    assert site.issued() == []
    assert site.status("open_sets") == 1
    site.send("b h2")
    eventually(lambda: len(site.issued()) == 1, "the set went on", 10)
    assert site.ask("correlation-backfill", hours=144)["records"] == []
    with pytest.raises(FailureError, match="no generation condition"):
        site.ask("correlation-backfill", hours=1, condition="none")
    for hours in (0, 145, "1", None):
        with pytest.raises(FailureError):
            site.ask("correlation-backfill", hours=hours)


def test_r_92_over_alerts_from_before_it_was_turned_on(site: Site) -> None:
    site.ask("alert-test")
    site.ask("alert-test")
    site.on(
        "VERSION=2\n[t]\nCON=E.ESM_TEST==TRUE\nTYPE=threshold:3\nTIMEOUT=600\nSUCCESS_EVENT=B.MESSAGE:three\n"
    )
    told = site.ask("correlation-backfill", hours=1)["records"]
    assert [(each["what"], len(each["sources"])) for each in told] == [("open", 2)]
    assert site.status("open_sets") == 1
    site.ask("alert-test")
    eventually(lambda: len(site.issued()) == 1, "two of before, and this one", 10)


def test_r_97_metrics(site: Site) -> None:
    site.on(PAIR)
    site.send("a h1", "b h1", "a h2", "x")
    site.settled()
    told = site.ask("correlation-metrics")
    assert {name: told[name] for name in ("offered", "succeeded", "failed", "issued")} == {
        "offered": 3,
        "succeeded": 1,
        "failed": 0,
        "issued": 1,
    }
    assert told["events"] >= 4
    assert told["open_sets"] == {"pair": 1}
    assert told["batch_seconds"] > 0
