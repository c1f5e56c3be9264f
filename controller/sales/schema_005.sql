-- Who may do what. Each session has a role and may belong to a person. `how`: 'pin' (the office's PIN), 'person' (a
-- personal PIN on a shared phone), 'phone' (added by a code). Codes, links and personal PINs are stored as hashes only.
ALTER TABLE sessions ADD COLUMN role TEXT NOT NULL DEFAULT 'assistant';
ALTER TABLE sessions ADD COLUMN how TEXT NOT NULL DEFAULT 'pin';
ALTER TABLE sessions ADD COLUMN person_id INTEGER REFERENCES people (id);

-- A phone that may be added once. `until_ms` counts milliseconds since the machine's boot `boot`: no clock change
-- makes an invitation longer or shorter, and a restart of the machine ends it.
CREATE TABLE invitations (
    id INTEGER PRIMARY KEY,
    link TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    person_id INTEGER REFERENCES people (id),
    boot TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE personal_pins (
    person_id INTEGER PRIMARY KEY REFERENCES people (id),
    role TEXT NOT NULL,
    hash TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- Who leaves the office has no access any more, by whatever way the person is removed.
CREATE TRIGGER person_left AFTER UPDATE OF active ON people WHEN NEW.active = 0
BEGIN
    DELETE FROM sessions WHERE person_id = NEW.id;
    DELETE FROM invitations WHERE person_id = NEW.id;
    DELETE FROM personal_pins WHERE person_id = NEW.id;
END;

-- The log of changes. Lines are added and never changed; only the oldest may be deleted: those beyond 500,000, and those
-- two years older than the newest, but never one of the newest 10,000, so that a wrong clock cannot empty it.
CREATE TABLE change_log (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    role TEXT NOT NULL,
    who TEXT NOT NULL,
    deed TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;
CREATE TRIGGER change_log_is_a_record BEFORE UPDATE ON change_log
BEGIN
    SELECT RAISE(ABORT, 'a line of the log is never changed');
END;
CREATE TRIGGER change_log_stays BEFORE DELETE ON change_log
WHEN OLD.id > (SELECT max(id) FROM change_log) - 10000
    OR (OLD.id > (SELECT max(id) FROM change_log) - 500000
        AND OLD.at > (SELECT at FROM change_log ORDER BY id DESC LIMIT 1) - 63158400000)
BEGIN
    SELECT RAISE(ABORT, 'a line of the log is only deleted when it is old');
END;
