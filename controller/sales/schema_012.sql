-- Numbers beside the deals: calls, appointments, payments received. Values are hundredths of the unit.
-- An entry changes a person's value of a day; entries are only added, the sums follow.
CREATE TABLE measure_entries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    asked TEXT NOT NULL,
    measure TEXT NOT NULL,
    date TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    team_id INTEGER NOT NULL REFERENCES teams (id),
    value INTEGER NOT NULL CHECK (value >= 0),
    change INTEGER NOT NULL,
    at INTEGER NOT NULL,
    entered_by TEXT NOT NULL
) STRICT;
CREATE INDEX measure_entries_by_person ON measure_entries (person_id, measure, date, id);

CREATE TABLE measure_daily (
    measure TEXT NOT NULL,
    date TEXT NOT NULL,
    person_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (measure, date, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX measure_daily_by_date ON measure_daily (date, measure, person_id);

CREATE TABLE measure_monthly (
    measure TEXT NOT NULL,
    month TEXT NOT NULL,
    person_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (measure, month, person_id, team_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER measure_entered AFTER INSERT ON measure_entries
BEGIN
    INSERT INTO measure_daily (measure, date, person_id, team_id, value)
    VALUES (NEW.measure, NEW.date, NEW.person_id, NEW.team_id, NEW.change)
    ON CONFLICT (measure, date, person_id) DO UPDATE SET value = value + excluded.value;

    INSERT INTO measure_monthly (measure, month, person_id, team_id, value)
    VALUES (NEW.measure, substr(NEW.date, 1, 7), NEW.person_id, NEW.team_id, NEW.change)
    ON CONFLICT (measure, month, person_id, team_id) DO UPDATE SET value = value + excluded.value;
END;
CREATE TRIGGER measure_entry_is_a_fact BEFORE UPDATE ON measure_entries
BEGIN
    SELECT RAISE(ABORT, 'an entry is corrected by another one');
END;
CREATE TRIGGER measure_entry_stays BEFORE DELETE ON measure_entries
BEGIN
    SELECT RAISE(ABORT, 'an entry is never erased');
END;
