-- Cities. `epoch` grows at a restore, `seq` with each document, `session` with each connection to the broker.
CREATE TABLE city_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    session INTEGER NOT NULL
) STRICT;
INSERT INTO city_state (id, epoch, seq, session) VALUES (1, 0, 0, 0);

-- This branch's documents. `dirty`: changed since the broker's last receipt; every dirty one is sent at a connection.
CREATE TABLE city_outbox (
    date TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    dirty INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- The other branches' documents as they came, so that the last known figures survive a restart. `at`: of receipt.
CREATE TABLE city_documents (
    branch TEXT NOT NULL,
    date TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (branch, date)
) STRICT, WITHOUT ROWID;
