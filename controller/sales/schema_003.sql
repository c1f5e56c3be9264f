-- Who is signed in by PIN, and when each token was last used. What is shown at the door is kept as a hash only.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    secure INTEGER NOT NULL,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT;
ALTER TABLE tokens ADD COLUMN used INTEGER;
