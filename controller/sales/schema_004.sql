-- Exceptions of a date's plan, made on the phone. A row is never deleted: an undone one, and one of a past date, is
-- history. `value` has the fields of its kind as JSON (controller/timetable/exceptions.py).
CREATE TABLE exceptions (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    date TEXT NOT NULL,
    value TEXT NOT NULL,
    made INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    undone INTEGER,
    undone_by TEXT
) STRICT;
CREATE INDEX exceptions_by_day ON exceptions (date, id);

CREATE TRIGGER exception_stays BEFORE DELETE ON exceptions
BEGIN
    SELECT RAISE(ABORT, 'an exception is never erased');
END;
CREATE TRIGGER exception_is_undone_once BEFORE UPDATE ON exceptions
WHEN OLD.undone IS NOT NULL
    OR (OLD.key, OLD.date, OLD.value, OLD.made, OLD.made_by) IS NOT (NEW.key, NEW.date, NEW.value, NEW.made, NEW.made_by)
BEGIN
    SELECT RAISE(ABORT, 'an exception may only be undone, once');
END;
