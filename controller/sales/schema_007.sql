-- Targets of a month, the leaders' hand-ins, the director's reviews, ticked duties and what leaders note.

-- `ident`: the id of the team or person, 0 for the office. A month is written 2026-11.
CREATE TABLE month_targets (
    month TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('office', 'team', 'person')),
    ident INTEGER NOT NULL,
    fen INTEGER NOT NULL CHECK (fen > 0),
    PRIMARY KEY (month, scope, ident)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER month_targets_insert AFTER INSERT ON month_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER month_targets_update AFTER UPDATE ON month_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER month_targets_delete AFTER DELETE ON month_targets
BEGIN
    UPDATE roster_version SET number = number + 1;
END;

-- `number` counts the hand-ins of a team on a date; `value` is JSON: fen by the person's id.
CREATE TABLE hand_ins (
    id INTEGER PRIMARY KEY,
    date TEXT NOT NULL,
    team_id INTEGER NOT NULL REFERENCES teams (id),
    number INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (date, team_id, number)
) STRICT;
CREATE TRIGGER hand_in_is_a_fact BEFORE UPDATE ON hand_ins
BEGIN
    SELECT RAISE(ABORT, 'a hand-in is never changed');
END;
CREATE TRIGGER hand_in_stays BEFORE DELETE ON hand_ins
BEGIN
    SELECT RAISE(ABORT, 'a hand-in is never erased');
END;

-- `value` is JSON: deals and fen of each team at the review, by the team's id.
CREATE TABLE reviews (
    date TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number IN (1, 2)),
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (date, number)
) STRICT, WITHOUT ROWID;

-- `duty`: the key of a duty on its date; `subject`: the leader who did it, '' for a duty that is done once.
CREATE TABLE duty_ticks (
    date TEXT NOT NULL,
    duty TEXT NOT NULL,
    subject TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (date, duty, subject)
) STRICT, WITHOUT ROWID;

-- One-to-ones. `author`: the name by which the note can be deleted again.
CREATE TABLE one_to_ones (
    id INTEGER PRIMARY KEY,
    month TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    author TEXT NOT NULL,
    at INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX one_to_ones_by_month ON one_to_ones (month, person_id);

CREATE TABLE coaching (
    id INTEGER PRIMARY KEY,
    date TEXT NOT NULL,
    leader TEXT NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes > 0),
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX coaching_by_date ON coaching (date, leader);

CREATE TABLE team_buildings (
    team_id INTEGER NOT NULL REFERENCES teams (id),
    date TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (team_id, date)
) STRICT, WITHOUT ROWID;
