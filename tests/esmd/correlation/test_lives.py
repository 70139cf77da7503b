"""Starts and stops of correlation, each rule and example by its number (R-10 to R-34, R-80 to R-83)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from esmd.correlation import lives
from esmd.correlation.correlator import Correlator, append
from esmd.correlation.state import State, keep
from esmd.tables import MIGRATIONS
from indications.correlation.starting import OptionError, Options, Plan, StartOption, Where, Why, kept_options
from openesm.store import Store

PAIRS = """VERSION=2
[xd]
CON=E.K==X
CON=E.K==D
TIMEOUT=86400
SUCCESS_EVENT=E.K:xd
FAIL_EVENT=E.K:lonely
[de]
CON=E.K==D
CON=E.K==E
TIMEOUT=86400
SUCCESS_EVENT=E.K:de
"""
OTHER = PAIRS.replace("86400", "86399")
SAME = "# a comment\n" + PAIRS.replace("[xd]", "[xd]\n\n")
HOUR = 3600.0


class Site:
    """An agent's correlation over its store: it starts, stops, is killed; time goes on."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = 1000.0
        self.state = State(is_enabled=True, text=PAIRS)
        self.begun: lives.Begun | None = None
        self._correlator: Correlator | None = None

    def configure(self, **options: object) -> None:
        self.state = replace(self.state, options=self.state.options.with_changes(options))

    def start(self, **options: object) -> Plan:
        self.configure(**options)
        self.begun = self.store.write(lambda db: lives.begin(db, self.state, self.now)).result()
        self._correlator = Correlator(self.store, self.state.definition, options=self.state.options)
        return self.begun.plan

    def event(self, kind: str, *, later: float = 0.0) -> int:
        self.now += later
        return self.store.write(lambda db: append(db, self.now, {"E.K": kind})).result()

    def read(self) -> None:
        assert self._correlator
        while not self._correlator.advance(self.now).result().is_caught_up:
            pass

    def stop(self, **options: object) -> None:
        self.configure(**options)
        self.store.write(lambda db: lives.end(db, self.state)).result()

    @property
    def open(self) -> list[str]:
        """The sets, as `xd 1`: condition and numbers."""
        query = (
            "SELECT condition, group_concat(number, ' ') FROM correlation_match GROUP BY condition, opened"
        )
        return [
            f"{name} {numbers}" for name, numbers in self.store.read(lambda db: db.execute(query).fetchall())
        ]

    @property
    def issued(self) -> list[str]:
        query = (
            "SELECT key, attributes ->> '$.\"E.JP1_GENERATE_SOURCE_SEQNO\"' FROM event WHERE key NOT NULL"
            " ORDER BY number"
        )
        rows = self.store.read(lambda db: db.execute(query).fetchall())
        return [
            f"{key.split('/')[0]} {key.split('/')[2].partition('#')[0]} {sources}" for key, sources in rows
        ]

    def history(self, what: str) -> list[dict[str, Any]]:
        rows = self.store.read(lambda db: db.execute("SELECT record FROM correlation_history").fetchall())
        return [each for (text,) in rows if (each := json.loads(text))["what"] == what]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = Store(tmp_path / "store.db", MIGRATIONS)
    yield Site(store)
    store.close()


def example(site: Site, stop: str, start: str, **database: object) -> Plan:
    """X1 before the stop, D1 while it is down, E1 after the start."""
    site.start(start=stop, integrated_db=bool(database))
    site.event("X")
    site.read()
    assert site.open == ["xd 1"]
    site.stop(**database)
    assert len(site.history("stop")) == 1, "every stop is written down (R-70)"
    site.event("D", later=60)
    site.now += 60
    plan = site.start(start=start)
    site.read()
    site.event("E", later=60)
    site.read()
    return plan


# -- without the integrated database: the examples of figure 4-23


def test_r_15_cold_and_cold(site: Site) -> None:
    """Example 1."""
    plan = example(site, "cold", "cold")
    assert plan.where is Where.NEW
    assert (site.open, site.issued) == (["de 3"], [])
    assert [each["detail"] for each in site.history("discarded")] == [{"reason": "cold-stop"}]


def test_r_16_cold_and_warm(site: Site) -> None:
    """Example 2: D1 is seen, X1 is forgotten."""
    plan = example(site, "cold", "warm")
    assert (plan.where, plan.discards) == (Where.NEXT, None)
    assert (site.open, site.issued) == (["xd 2"], ["de SUCCESS 2 3"])


def test_r_17_warm_and_cold(site: Site) -> None:
    """Example 3: what was saved is discarded at the start."""
    plan = example(site, "warm", "cold")
    assert [each["what"] for each in site.history("saved")] == ["saved"]
    assert (plan.where, plan.discards) == (Where.NEW, Why.COLD_START)
    assert (site.open, site.issued) == (["de 3"], [])
    assert [each["detail"] for each in site.history("discarded")] == [{"reason": "cold-start"}]


def test_r_18_warm_and_warm(site: Site) -> None:
    """Example 4."""
    plan = example(site, "warm", "warm")
    assert (plan.where, plan.discards) == (Where.NEXT, None)
    assert (site.open, site.issued) == ([], ["xd SUCCESS 1 2", "de SUCCESS 2 4"])


def test_r_10_r_12_where_it_goes_on(site: Site) -> None:
    site.event("X")
    assert site.start().where is Where.NEW, "the first start of all goes back to nothing"
    site.read()
    assert site.open == []
    site.event("X")
    site.read()
    site.stop()
    site.event("X")
    assert site.start().where is Where.NEXT
    site.read()
    assert site.open == ["xd 2", "xd 3"]


def test_r_10_the_option_is_in_any_case_and_warm_where_it_is_wrong() -> None:
    assert kept_options({"start": "COLD"}).start is StartOption.COLD
    for given in ({}, {"start": "hot"}, {"start": None}, {"start": "Warm"}):
        assert kept_options(given).start is StartOption.WARM


@pytest.mark.parametrize(("text", "kept"), [(OTHER, []), (SAME, ["xd 1"])])
def test_r_13_r_14_another_definition_while_it_is_stopped(site: Site, text: str, kept: list[str]) -> None:
    """The sets go, the position stays; what means the same is the same."""
    site.start()
    site.event("X")
    site.read()
    site.stop()
    site.event("D")
    site.state = replace(site.state, text=text)
    plan = site.start()
    assert plan.discards is (None if kept else Why.CHANGED)
    assert (plan.where, site.open) == (Where.NEXT, kept)
    site.read()
    assert site.open == (["de 2"] if kept else ["de 2", "xd 2"])


def test_r_13_the_order_of_the_conditions_does_not_count(site: Site) -> None:
    head, xd, de = PAIRS.partition("[xd]")[0], *PAIRS.partition("[xd]")[2].split("[de]")
    site.start()
    site.event("X")
    site.read()
    site.stop()
    site.state = replace(site.state, text=f"{head}[de]{de}[xd]{xd}")
    assert site.start().discards is None
    assert site.open == ["xd 1"]


@pytest.mark.parametrize(("start", "issued"), [("warm", ["xd SUCCESS 1 2"]), ("cold", [])])
def test_r_19_a_failover_is_a_stop_and_a_start(site: Site, start: str, issued: list[str]) -> None:
    site.start()
    site.event("X")
    site.read()
    site.stop()
    site.event("D", later=5)  # while the other node takes over
    other = Site(site.store)
    other.now = site.now + 5
    other.start(start=start)
    other.read()
    assert other.issued == issued


# -- with it: figures 4-24 and 4-25


@pytest.mark.parametrize("hours", [0, 1, 144])
def test_r_25a_cold_and_cold_with_hours(site: Site, hours: int) -> None:
    plan = example(site, "cold", "cold", begin=hours)
    assert plan == Plan(Where.HOURS if hours else Where.NEW, hours, Why.COLD_START)
    assert (site.open, site.issued) == ((["xd 2"], ["de SUCCESS 2 3"]) if hours else (["de 3"], []))


@pytest.mark.parametrize("hours", [0, 1, 144])
def test_r_25b_cold_and_warm_with_hours(site: Site, hours: int) -> None:
    """Warned of even though there is nothing to carry over (Q-8); X1 is not offered again (R-23)."""
    plan = example(site, "cold", "warm", begin=hours)
    assert plan == Plan(Where.HOURS if hours else Where.NEW, hours, Why.BEGIN, warns=True)
    assert (site.open, site.issued) == ((["xd 2"], ["de SUCCESS 2 3"]) if hours else (["de 3"], []))
    assert site.begun
    assert site.begun.skipped == (1 if hours else 0)


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_r_26_cold_without_hours(site: Site, start: str) -> None:
    plan = example(site, "cold", start, begin=-1)
    assert plan.where is Where.NEXT
    assert (site.open, site.issued) == (["xd 2"], ["de SUCCESS 2 3"])


@pytest.mark.parametrize("hours", [0, 1])
def test_r_27_warm_and_cold_with_hours(site: Site, hours: int) -> None:
    plan = example(site, "warm", "cold", begin=hours)
    assert plan == Plan(Where.HOURS if hours else Where.NEW, hours, Why.COLD_START)
    assert (site.open, site.issued) == ((["xd 2"], ["de SUCCESS 2 3"]) if hours else (["de 3"], []))


@pytest.mark.parametrize("hours", [0, 1])
def test_r_21_r_28_warm_and_warm_with_hours(site: Site, hours: int) -> None:
    """It goes on with the first event that was not processed; the sets are lost, and that is told."""
    plan = example(site, "warm", "warm", begin=hours)
    assert plan == Plan(Where.HOURS if hours else Where.NEW, hours, Why.BEGIN, warns=True)
    assert (site.open, site.issued) == ((["xd 2"], ["de SUCCESS 2 3"]) if hours else (["de 3"], []))
    assert [each["detail"] for each in site.history("discarded")] == [{"reason": "begin-given"}]


def test_r_22_r_29_warm_and_cold_without_hours(site: Site) -> None:
    plan = example(site, "warm", "cold", begin=-1)
    assert plan == Plan(Where.NEXT, discards=Why.COLD_START)
    assert (site.open, site.issued) == (["xd 2"], ["de SUCCESS 2 3"])


def test_r_20_r_30_warm_and_warm_without_hours(site: Site) -> None:
    plan = example(site, "warm", "warm", begin=-1)
    assert plan == Plan(Where.NEXT)
    assert (site.open, site.issued) == ([], ["xd SUCCESS 1 2", "de SUCCESS 2 4"])


def test_r_20_where_nothing_was_ever_taken(site: Site) -> None:
    site.event("X")
    assert site.start(integrated_db=True).where is Where.OLDEST
    site.read()
    assert site.open == ["xd 1"]


def test_r_23_what_was_offered_is_never_offered_again(site: Site) -> None:
    """Even after a stop and a start that were cold (Q-2)."""
    site.start(start="cold", integrated_db=True)
    site.event("X")
    site.read()
    site.stop(begin=144)
    site.start()
    site.read()
    assert (site.open, site.begun and site.begun.skipped) == ([], 1)
    assert site.history("start")[-1]["detail"]["skipped"] == 1


def test_r_23_hours_reach_back_so_far(site: Site) -> None:
    site.start(integrated_db=True)
    site.stop(begin=2)
    early, late = site.event("X", later=HOUR), site.event("X", later=2 * HOUR)
    site.now += HOUR
    site.start()
    site.read()
    assert (site.open, early, late) == ([f"xd {late}"], 1, 2)


@pytest.mark.parametrize("hours", [-2, 145, 1.5, "1", None, True])
def test_r_24_what_is_no_position(hours: object) -> None:
    with pytest.raises(OptionError, match="-1, 0, or up to 144"):
        Options().with_changes({"begin": hours})


def test_r_31_another_definition_with_the_database(site: Site) -> None:
    site.start(integrated_db=True)
    site.event("X")
    site.read()
    site.stop()
    site.state = replace(site.state, text=OTHER)
    assert site.start() == Plan(Where.NEXT, discards=Why.CHANGED)
    assert site.open == []


# -- killed


def killed(site: Site, **options: object) -> Plan:
    site.start(**options)
    site.event("X")
    site.read()
    site.event("D", later=60)
    return site.start()


@pytest.mark.parametrize("database", [False, True])
def test_r_32_cold_after_a_kill(site: Site, database: bool) -> None:
    """The option wins over `begin` too (Q-4)."""
    options = {"crash_recovery": "cold", "integrated_db": database, "begin": 144}
    assert killed(site, **options) == Plan(Where.NEW, discards=Why.ABNORMAL)
    site.read()
    assert (site.open, site.issued) == ([], [])


@pytest.mark.parametrize("start", ["cold", "warm"])
@pytest.mark.parametrize("database", [False, True])
def test_r_33_r_34_it_goes_on_where_it_was(site: Site, start: str, database: bool) -> None:
    assert killed(site, start=start, integrated_db=database) == Plan(Where.NEXT)
    assert site.begun
    assert (site.begun.was_killed, site.begun.sets) == (True, 1)
    assert site.begun.last_commit is not None
    detail = site.history("start")[-1]["detail"]
    assert (detail["was_killed"], detail["sets"], detail["last_commit"]) == (True, 1, site.begun.last_commit)
    site.read()
    assert (site.open, site.issued) == (["de 2"], ["xd SUCCESS 1 2"])


def test_a_kill_is_forgotten_after_a_stop(site: Site) -> None:
    killed(site)
    site.stop()
    site.start()
    assert site.begun
    assert not site.begun.was_killed


# -- the integrated database is switched on or off


def switched(site: Site, before: bool, start: str, **options: object) -> Plan:
    site.start(integrated_db=before, start="warm")
    site.event("X")
    site.read()
    site.event("X")  # not read when it stops
    site.stop()
    site.event("D", later=60)
    return site.start(integrated_db=not before, start=start, **options)


@pytest.mark.parametrize("before", [False, True])
def test_r_83_the_option_is_changed_while_it_runs(site: Site, before: bool) -> None:
    """It is for the next start, which sees that it has changed."""
    site.start(integrated_db=before)
    site.event("X")
    site.read()
    site.stop(integrated_db=not before)
    assert site.start().discards is Why.SWITCHED


def test_r_80_off_and_cold(site: Site) -> None:
    assert switched(site, True, "cold") == Plan(Where.NEW, discards=Why.COLD_START)
    site.read()
    assert site.open == []


def test_r_81_off_and_warm(site: Site) -> None:
    """From the stop on."""
    assert switched(site, True, "warm") == Plan(Where.LAST_STOP, discards=Why.SWITCHED)
    site.read()
    assert site.open == ["de 3", "xd 3"]


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_r_82_r_83_on(site: Site, start: str) -> None:
    plan = switched(site, False, start)
    assert (plan.where, plan.discards) == (Where.NEXT, Why.SWITCHED if start == "warm" else Why.COLD_START)
    assert [each["detail"]["reason"] for each in site.history("discarded")] == [plan.discards]
    site.read()
    assert site.issued == ["xd SUCCESS 2 3"]


def test_r_82_on_with_hours(site: Site) -> None:
    """What was offered before the switch is not offered after it (R-83)."""
    assert switched(site, False, "cold", begin=1).where is Where.HOURS
    assert site.begun
    assert site.begun.skipped == 1
    site.read()
    assert site.issued == ["xd SUCCESS 2 3"]


# -- stored while nothing runs


def test_r_4_a_definition_is_stored_while_nothing_runs(site: Site, tmp_path: Path) -> None:
    site.start()
    site.event("X")
    site.read()
    site.stop()
    site.store.write(lambda db: keep(db, site.state)).result()
    lives.store_definition(tmp_path, OTHER, "other.conf")
    text = site.store.read(lambda db: db.execute("SELECT definition FROM correlation").fetchone()[0])
    assert text == OTHER
    assert site.history("applied")[-1]["detail"]["stored"] is True
    assert site.open == ["xd 1"], "the next start decides about the sets"
