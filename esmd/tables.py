"""The tables of the store; one entry of MIGRATIONS brings it one version further.

`event` is the log that correlation reads: alerts while it is on, and what others have sent; a row with a
`key` is a correlation event. `correlation.processed` is the last event that was taken, `limited` names the
conditions that have no room for a set now, and `last_run` is what `esmd/correlation/lives.py` needs at the
next start. `correlation_match.taken` counts the matches as they were made: a correlation event is taken at
once, and has a number beyond events that are taken after it. `correlation_since` has the last event that was
taken before a condition came into use. `correlation_history` has what was decided, each row in the
transaction that decided it.

`alert.selected` counts the queues that an alert was put into and `alert.given_up` those that it left without
being delivered; what is neither pending nor given up was delivered. Rows of `pending` up to
`destination.claimed` have their sequence number. `told` keeps what is to be told only once.
"""

from __future__ import annotations

EVENTS = """
CREATE TABLE event (number INTEGER PRIMARY KEY AUTOINCREMENT, arrived REAL NOT NULL, attributes TEXT NOT NULL,
    chain TEXT NOT NULL DEFAULT '[]', key TEXT UNIQUE);
CREATE TABLE correlation (one INTEGER PRIMARY KEY CHECK (one = 1), processed INTEGER NOT NULL DEFAULT 0,
    committed_at REAL, limited TEXT NOT NULL DEFAULT '[]', last_run TEXT NOT NULL DEFAULT 'null',
    is_enabled INTEGER NOT NULL DEFAULT 0, is_paused INTEGER NOT NULL DEFAULT 0,
    definition TEXT NOT NULL DEFAULT '', applied_at REAL, options TEXT NOT NULL DEFAULT '{}',
    business_groups TEXT NOT NULL DEFAULT '');
CREATE TABLE correlation_since (condition TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE correlation_match (condition TEXT NOT NULL, opened INTEGER NOT NULL, number INTEGER NOT NULL,
    con INTEGER NOT NULL, taken INTEGER NOT NULL, PRIMARY KEY (condition, opened, number)) WITHOUT ROWID;
CREATE TABLE correlation_history (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
    condition TEXT NOT NULL, issued INTEGER, record TEXT NOT NULL);
INSERT INTO correlation (one) VALUES (1)
"""
MIGRATIONS = (
    """
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), agent REAL NOT NULL, boottime REAL NOT NULL,
    boot_id TEXT NOT NULL, wall REAL NOT NULL);
CREATE TABLE monitoring (element TEXT PRIMARY KEY, settings TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE watch (element TEXT PRIMARY KEY, state INTEGER NOT NULL, since REAL NOT NULL,
    open TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE alert (number INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, at REAL NOT NULL,
    agent_at REAL NOT NULL, source TEXT NOT NULL, event_id INTEGER NOT NULL, severity INTEGER NOT NULL,
    element TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0, alert TEXT NOT NULL);
CREATE INDEX alert_by_time ON alert (at);
CREATE TABLE filter (class TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (class, name)) WITHOUT ROWID;
CREATE TABLE destination (number INTEGER PRIMARY KEY AUTOINCREMENT, class TEXT NOT NULL, name TEXT NOT NULL,
    value TEXT NOT NULL, context TEXT NOT NULL, next_sequence INTEGER NOT NULL DEFAULT 0,
    UNIQUE (class, name));
CREATE TABLE subscription (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
    destination INTEGER NOT NULL, value TEXT NOT NULL);
CREATE TABLE pending (number INTEGER PRIMARY KEY AUTOINCREMENT, destination INTEGER NOT NULL,
    subscription INTEGER NOT NULL, sequence INTEGER, alert INTEGER NOT NULL, queued_at REAL NOT NULL,
    replayed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX pending_by_destination ON pending (destination, number);
CREATE INDEX pending_by_subscription ON pending (subscription);
CREATE INDEX pending_to_claim ON pending (destination, number) WHERE sequence IS NULL;
CREATE INDEX pending_by_alert ON pending (alert);
CREATE TABLE lapsed (number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, query TEXT NOT NULL,
    language TEXT NOT NULL, namespaces TEXT NOT NULL, since REAL NOT NULL, dropped INTEGER NOT NULL DEFAULT 0,
    UNIQUE (url, query, language));
CREATE TABLE backlog (number INTEGER PRIMARY KEY AUTOINCREMENT, lapsed INTEGER NOT NULL,
    alert INTEGER NOT NULL, queued_at REAL NOT NULL);
CREATE INDEX backlog_by_lapsed ON backlog (lapsed, number);
CREATE INDEX backlog_by_alert ON backlog (alert)
""",
    """
ALTER TABLE alert ADD COLUMN selected INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0;
UPDATE alert SET selected = told + (SELECT count(*) FROM pending WHERE pending.alert = alert.number);
ALTER TABLE alert DROP COLUMN told;
ALTER TABLE destination ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE destination ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE destination ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE destination ADD COLUMN last_success REAL;
ALTER TABLE destination ADD COLUMN failing_since REAL;
UPDATE destination SET claimed = coalesce((SELECT max(number) FROM pending
    WHERE destination = destination.number AND sequence IS NOT NULL), 0);
CREATE TABLE told (what TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
DROP INDEX pending_to_claim;
DROP INDEX pending_by_subscription
""",
    EVENTS,
)
