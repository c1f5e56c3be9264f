-- Proposals get questions: a deal from outside whose person or amount is not known for certain waits for a person's
-- answer. `question`: why it waits, "" for a salesperson's deal. `written`: the amount as it came. `replaces`: the deal
-- that it corrects; `counts_for`: the day for which it counts; `announced` 0: recorded without an announcement.
CREATE TABLE proposals_with_questions (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    date TEXT NOT NULL,
    at INTEGER NOT NULL,
    person_id INTEGER REFERENCES people (id),
    person TEXT NOT NULL,
    team TEXT NOT NULL,
    product TEXT NOT NULL,
    fen INTEGER CHECK (fen > 0),
    entered_by TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'confirmed', 'declined', 'expired')),
    ended INTEGER,
    why TEXT NOT NULL DEFAULT '',
    deal_id INTEGER REFERENCES deals (id),
    question TEXT NOT NULL DEFAULT '',
    written TEXT NOT NULL DEFAULT '',
    replaces INTEGER REFERENCES deals (id),
    counts_for TEXT,
    announced INTEGER CHECK (announced IN (0, 1)),
    CHECK (question <> '' OR (person_id IS NOT NULL AND fen IS NOT NULL))
) STRICT;
INSERT INTO proposals_with_questions
    (id, key, date, at, person_id, person, team, product, fen, entered_by, state, ended, why, deal_id)
SELECT id, key, date, at, person_id, person, team, product, fen, entered_by, state, ended, why, deal_id FROM proposals;
DROP TABLE proposals;
ALTER TABLE proposals_with_questions RENAME TO proposals;
CREATE INDEX proposals_open ON proposals (date, id) WHERE state = 'open';
CREATE INDEX proposals_by_day ON proposals (date, id);

-- Deals that programs send: the newest version of each, by the sender and its own id. `key`: of the deal or proposal
-- made from it; `deal_id`: of an earlier version's deal. `cancelled`: the sender took it back.
CREATE TABLE inbound (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
    occurred INTEGER,
    deal_id INTEGER REFERENCES deals (id),
    received INTEGER NOT NULL,
    UNIQUE (source, external_id)
) STRICT;
