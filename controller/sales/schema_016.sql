-- Messages that came in from chat robots and programs, each written in the transaction of its effect. `uid` is the
-- sender's own id: the same message again changes nothing and gets the same answer. `deals`: how many deals it has;
-- `replied`: NULL while the answer is under way, '' when it was taken, else why it was not.
CREATE TABLE received (
    id INTEGER PRIMARY KEY,
    link TEXT NOT NULL,
    uid TEXT NOT NULL,
    at INTEGER NOT NULL,
    date TEXT NOT NULL,
    chat TEXT NOT NULL,
    sender TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    fate TEXT NOT NULL CHECK (fate IN ('recorded', 'waiting', 'corrected', 'cancelled', 'unread', 'refused')),
    answer TEXT NOT NULL,
    deals INTEGER NOT NULL,
    replied TEXT,
    UNIQUE (link, uid)
) STRICT;
CREATE INDEX received_by_date ON received (date, id);
CREATE INDEX received_by_sender ON received (link, sender, id);
