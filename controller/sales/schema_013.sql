-- Messages to links (group robots, e-mail, other programs), each written in the transaction of the event it reports.
-- `uid` is the stable id of a message; rows sent together have the `batch` (the uid of the first) from before the first
-- attempt on, so that a repetition has the same content and the same id. `due`: not before; `next_try`: after a failure.
CREATE TABLE link_messages (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    link TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    date TEXT NOT NULL,
    created INTEGER NOT NULL,
    due INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dropped')),
    why TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try INTEGER,
    batch TEXT,
    ended INTEGER,
    UNIQUE (link, key)
) STRICT;
CREATE INDEX link_messages_waiting ON link_messages (link, id) WHERE state = 'waiting';
CREATE INDEX link_messages_sent ON link_messages (link, ended) WHERE state = 'sent';
CREATE INDEX link_messages_by_date ON link_messages (date, id);
