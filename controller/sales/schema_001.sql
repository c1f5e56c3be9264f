-- The book's first shape. Amounts are fen, moments are milliseconds since 1970 UTC, dates are the office's own.

CREATE TABLE teams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    say_as TEXT,
    active INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    team_id INTEGER NOT NULL REFERENCES teams (id),
    leader INTEGER NOT NULL DEFAULT 0,
    say_as TEXT,
    hidden INTEGER NOT NULL DEFAULT 0,
    photo TEXT,
    active INTEGER NOT NULL DEFAULT 1
) STRICT;
-- Two people of one name may work in one office, but not in one team: there nobody could tell them apart.
CREATE UNIQUE INDEX people_by_name ON people (name, team_id) WHERE active = 1;

CREATE TABLE team_targets (
    date TEXT NOT NULL,
    team_id INTEGER NOT NULL REFERENCES teams (id),
    fen INTEGER NOT NULL CHECK (fen >= 0),
    PRIMARY KEY (date, team_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_targets (
    date TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    fen INTEGER NOT NULL CHECK (fen >= 0),
    PRIMARY KEY (date, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deals (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    date TEXT NOT NULL,
    at INTEGER NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    team_id INTEGER NOT NULL REFERENCES teams (id),
    person TEXT NOT NULL,
    team TEXT NOT NULL,
    product TEXT NOT NULL,
    fen INTEGER NOT NULL CHECK (fen > 0),
    asked TEXT NOT NULL,
    voided_at INTEGER,
    void_reason TEXT
) STRICT;
CREATE INDEX deals_by_day ON deals (date, person_id, team_id, at);
CREATE INDEX deals_by_size ON deals (fen, date) WHERE voided_at IS NULL;

-- One row per day, person and team, and one per month: what the standings are read from, so that a million
-- deals cost nothing. Rows without an unvoided deal don't exist.
CREATE TABLE daily (
    date TEXT NOT NULL,
    person_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    count INTEGER NOT NULL,
    fen INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (date, person_id, team_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE monthly (
    month TEXT NOT NULL,
    person_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    count INTEGER NOT NULL,
    fen INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (month, person_id, team_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deal_recorded AFTER INSERT ON deals WHEN NEW.voided_at IS NULL
BEGIN
    INSERT INTO daily (date, person_id, team_id, count, fen, last_at)
    VALUES (NEW.date, NEW.person_id, NEW.team_id, 1, NEW.fen, NEW.at)
    ON CONFLICT (date, person_id, team_id) DO UPDATE
    SET count = count + 1, fen = fen + excluded.fen, last_at = max(last_at, excluded.last_at);

    INSERT INTO monthly (month, person_id, team_id, count, fen, last_at)
    VALUES (substr(NEW.date, 1, 7), NEW.person_id, NEW.team_id, 1, NEW.fen, NEW.at)
    ON CONFLICT (month, person_id, team_id) DO UPDATE
    SET count = count + 1, fen = fen + excluded.fen, last_at = max(last_at, excluded.last_at);
END;

CREATE TRIGGER deal_voided AFTER UPDATE OF voided_at ON deals
WHEN OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL
BEGIN
    UPDATE daily
    SET count = count - 1, fen = fen - OLD.fen,
        last_at = ifnull((SELECT max(at) FROM deals
                          WHERE date = OLD.date AND person_id = OLD.person_id AND team_id = OLD.team_id
                            AND voided_at IS NULL), 0)
    WHERE date = OLD.date AND person_id = OLD.person_id AND team_id = OLD.team_id;
    DELETE FROM daily
    WHERE date = OLD.date AND person_id = OLD.person_id AND team_id = OLD.team_id AND count = 0;

    UPDATE monthly
    SET count = count - 1, fen = fen - OLD.fen,
        last_at = ifnull((SELECT max(last_at) FROM daily
                          WHERE date BETWEEN substr(OLD.date, 1, 7) || '-01' AND substr(OLD.date, 1, 7) || '-31'
                            AND person_id = OLD.person_id AND team_id = OLD.team_id), 0)
    WHERE month = substr(OLD.date, 1, 7) AND person_id = OLD.person_id AND team_id = OLD.team_id;
    DELETE FROM monthly
    WHERE month = substr(OLD.date, 1, 7) AND person_id = OLD.person_id AND team_id = OLD.team_id AND count = 0;
END;

-- A deal is a fact: it may be voided, once, and never changed or erased.
CREATE TRIGGER deal_is_a_fact BEFORE UPDATE ON deals
WHEN OLD.voided_at IS NOT NULL
    OR (OLD.key, OLD.date, OLD.at, OLD.person_id, OLD.team_id, OLD.fen)
       IS NOT (NEW.key, NEW.date, NEW.at, NEW.person_id, NEW.team_id, NEW.fen)
BEGIN
    SELECT RAISE(ABORT, 'a deal may only be voided, once');
END;
CREATE TRIGGER deal_stays BEFORE DELETE ON deals
BEGIN
    SELECT RAISE(ABORT, 'a deal is never erased');
END;

CREATE TABLE announcements (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    date TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    script TEXT NOT NULL,
    decision TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'playing', 'heard', 'not_heard', 'merged', 'dropped')),
    why TEXT NOT NULL,
    created INTEGER NOT NULL,
    due INTEGER,
    started INTEGER,
    ended INTEGER
) STRICT;
CREATE INDEX announcements_by_day ON announcements (date, id);
CREATE INDEX announcements_open ON announcements (state) WHERE state IN ('waiting', 'playing');

CREATE TABLE announced_deals (
    deal_id INTEGER NOT NULL REFERENCES deals (id),
    announcement_id INTEGER NOT NULL REFERENCES announcements (id),
    PRIMARY KEY (deal_id, announcement_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX announced_deals_back ON announced_deals (announcement_id);

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE walls (
    name TEXT PRIMARY KEY,
    seen INTEGER NOT NULL,
    settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE city_results (
    date TEXT NOT NULL,
    city TEXT NOT NULL,
    rate_millis INTEGER,
    fen INTEGER,
    PRIMARY KEY (date, city)
) STRICT, WITHOUT ROWID;

-- What the 18:05 show showed, frozen: later orders and voids do not rewrite what people saw.
CREATE TABLE results (
    date TEXT PRIMARY KEY,
    frozen_at INTEGER NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE used_variants (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX used_variants_by_kind ON used_variants (kind, id);

-- Counts the changes of people, teams and targets, so that what was read of them can be kept until one comes.
CREATE TABLE roster_version (number INTEGER NOT NULL) STRICT;
INSERT INTO roster_version VALUES (0);
CREATE TRIGGER teams_insert AFTER INSERT ON teams
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER teams_update AFTER UPDATE ON teams
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER teams_delete AFTER DELETE ON teams
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER people_insert AFTER INSERT ON people
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER people_update AFTER UPDATE ON people
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER people_delete AFTER DELETE ON people
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER team_targets_insert AFTER INSERT ON team_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER team_targets_update AFTER UPDATE ON team_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER team_targets_delete AFTER DELETE ON team_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER person_targets_insert AFTER INSERT ON person_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER person_targets_update AFTER UPDATE ON person_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER person_targets_delete AFTER DELETE ON person_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
