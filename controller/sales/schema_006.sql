-- Dates of people, and moves between teams from a date on. A birthday has no year ("05-03"), which is not needed.
-- `last_day` and `returns` are dates of the office; the timekeeper removes and brings back the person.
ALTER TABLE people ADD COLUMN birthday TEXT;
ALTER TABLE people ADD COLUMN joined TEXT;
ALTER TABLE people ADD COLUMN last_day TEXT;
ALTER TABLE people ADD COLUMN returns TEXT;

-- A move is never deleted: an applied or cancelled one is history. Deals keep the team in which they were made.
CREATE TABLE team_moves (
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id),
    team_id INTEGER NOT NULL REFERENCES teams (id),
    since TEXT NOT NULL,
    made INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    applied INTEGER,
    cancelled INTEGER,
    cancelled_by TEXT
) STRICT;
CREATE UNIQUE INDEX team_moves_open ON team_moves (person_id) WHERE applied IS NULL AND cancelled IS NULL;

CREATE TRIGGER team_move_stays BEFORE DELETE ON team_moves
BEGIN
    SELECT RAISE(ABORT, 'a move is never erased');
END;
CREATE TRIGGER team_move_ends_once BEFORE UPDATE ON team_moves
WHEN OLD.applied IS NOT NULL OR OLD.cancelled IS NOT NULL
    OR (OLD.person_id, OLD.team_id, OLD.since, OLD.made, OLD.made_by)
       IS NOT (NEW.person_id, NEW.team_id, NEW.since, NEW.made, NEW.made_by)
BEGIN
    SELECT RAISE(ABORT, 'a move may only be applied or cancelled, once');
END;

-- Planned moves count as changes of the roster (roster_version).
CREATE TRIGGER team_moves_insert AFTER INSERT ON team_moves
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
CREATE TRIGGER team_moves_update AFTER UPDATE ON team_moves
BEGIN
    UPDATE roster_version SET number = number + 1;
END;
