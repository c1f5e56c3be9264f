-- Awards: who was top sales of a day, a week or a month, or won a contest, at the moment when the results were frozen.
-- Append-only: a deal taken back later does not rewrite it. A tie gives several rows.
CREATE TABLE awards (
    id INTEGER PRIMARY KEY,
    period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month', 'contest')),
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    contest_id INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    person_id INTEGER NOT NULL DEFAULT 0,
    person TEXT NOT NULL DEFAULT '',
    team_id INTEGER NOT NULL,
    team TEXT NOT NULL,
    count INTEGER NOT NULL,
    fen INTEGER NOT NULL,
    prize TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (period, since, contest_id, person_id, team_id)
) STRICT;
CREATE INDEX awards_by_person ON awards (person_id, id);
CREATE INDEX awards_in_order ON awards (until, id);

CREATE TRIGGER award_is_a_fact BEFORE UPDATE ON awards
BEGIN
    SELECT RAISE(ABORT, 'an award is never changed');
END;
CREATE TRIGGER award_stays BEFORE DELETE ON awards
BEGIN
    SELECT RAISE(ABORT, 'an award is never erased');
END;

-- Contests. `value` has the rules as JSON (controller/sales/contests.py), `result` the frozen standings at the end.
CREATE TABLE contests (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    value TEXT NOT NULL,
    made INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    ended INTEGER,
    ended_by TEXT,
    result TEXT,
    removed INTEGER,
    removed_by TEXT
) STRICT;
CREATE INDEX contests_open ON contests (id) WHERE ended IS NULL AND removed IS NULL;

-- The deals of any span, newest first, a page at a time.
CREATE INDEX deals_in_order ON deals (date, id);
