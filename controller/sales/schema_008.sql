-- Restored and corrected deals, the office's own list of products, and deals that wait for the assistant.

-- Which deal this one was recorded in place of.
ALTER TABLE deals ADD COLUMN replaces INTEGER REFERENCES deals (id);
CREATE INDEX deals_by_replaced ON deals (replaces) WHERE replaces IS NOT NULL;

-- Every void and restore in sequence; rows are only added.
CREATE TABLE deal_history (
    id INTEGER PRIMARY KEY,
    deal_id INTEGER NOT NULL REFERENCES deals (id),
    step TEXT NOT NULL CHECK (step IN ('voided', 'restored')),
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX deal_history_by_deal ON deal_history (deal_id, id);
INSERT INTO deal_history (deal_id, step, at, reason)
SELECT id, 'voided', voided_at, ifnull(void_reason, '') FROM deals WHERE voided_at IS NOT NULL ORDER BY voided_at, id;
CREATE TRIGGER deal_history_is_kept BEFORE UPDATE ON deal_history
BEGIN
    SELECT RAISE(ABORT, 'the history of a deal is never changed');
END;
CREATE TRIGGER deal_history_stays BEFORE DELETE ON deal_history
BEGIN
    SELECT RAISE(ABORT, 'the history of a deal is never erased');
END;
CREATE TRIGGER void_is_noted AFTER UPDATE OF voided_at ON deals
WHEN OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL
BEGIN
    INSERT INTO deal_history (deal_id, step, at, reason)
    VALUES (NEW.id, 'voided', NEW.voided_at, ifnull(NEW.void_reason, ''));
END;

-- A deal is restored by its line in the history, and only if it is voided.
CREATE TRIGGER only_voided_deals_are_restored BEFORE INSERT ON deal_history
WHEN NEW.step = 'restored' AND (SELECT voided_at FROM deals WHERE id = NEW.deal_id) IS NULL
BEGIN
    SELECT RAISE(ABORT, 'only a voided deal can be restored');
END;
CREATE TRIGGER restore_is_done AFTER INSERT ON deal_history WHEN NEW.step = 'restored'
BEGIN
    UPDATE deals SET voided_at = NULL, void_reason = NULL WHERE id = NEW.deal_id;
END;
CREATE TRIGGER deal_restored AFTER UPDATE OF voided_at ON deals
WHEN OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL
BEGIN
    INSERT INTO daily (date, person_id, team_id, count, fen, last_at)
    VALUES (NEW.date, NEW.person_id, NEW.team_id, 1, NEW.fen, NEW.at)
    ON CONFLICT (date, person_id, team_id) DO UPDATE
    SET count = count + 1, fen = fen + excluded.fen, last_at = max(last_at, excluded.last_at);

    INSERT INTO monthly (month, person_id, team_id, count, fen, last_at)
    VALUES (substr(NEW.date, 1, 7), NEW.person_id, NEW.team_id, 1, NEW.fen, NEW.at)
    ON CONFLICT (month, person_id, team_id) DO UPDATE
    SET count = count + 1, fen = fen + excluded.fen, last_at = max(last_at, excluded.last_at);
END;

-- A deal is a fact: it may be voided, and restored with a line in its history, and never changed or erased.
DROP TRIGGER deal_is_a_fact;
CREATE TRIGGER deal_is_a_fact BEFORE UPDATE ON deals
WHEN (OLD.key, OLD.date, OLD.at, OLD.person_id, OLD.team_id, OLD.person, OLD.team, OLD.product, OLD.fen, OLD.asked,
      OLD.replaces)
     IS NOT (NEW.key, NEW.date, NEW.at, NEW.person_id, NEW.team_id, NEW.person, NEW.team, NEW.product, NEW.fen,
             NEW.asked, NEW.replaces)
    OR (OLD.voided_at IS NOT NULL AND (NEW.voided_at IS NOT NULL OR 'restored' IS NOT
        (SELECT step FROM deal_history WHERE deal_id = OLD.id ORDER BY id DESC LIMIT 1)))
BEGIN
    SELECT RAISE(ABORT, 'a deal may only be voided, and restored with its history');
END;

-- Products as the office lists them. Those that were offered until now are listed under their names.
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    place INTEGER NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0
) STRICT;
WITH latest AS (
    SELECT product, id FROM deals WHERE product <> '' AND voided_at IS NULL ORDER BY id DESC LIMIT 300
),
sold AS (
    SELECT product, count(*) AS times, max(id) AS last FROM latest GROUP BY product
)
INSERT INTO products (name, place, hidden)
SELECT product, row_number() OVER (ORDER BY product),
       EXISTS (SELECT 1 FROM settings s, json_each(s.value) h
               WHERE s.key = 'hidden_products' AND h.key = product AND h.value >= last)
FROM sold
WHERE times > 1 OR last IN (SELECT id FROM latest ORDER BY id DESC LIMIT 10)
ORDER BY times DESC, product LIMIT 60;
-- A hidden product comes back when it is sold again; a correction is no new sale.
CREATE TRIGGER product_sold AFTER INSERT ON deals WHEN NEW.replaces IS NULL
BEGIN
    UPDATE products SET hidden = 0 WHERE name = NEW.product AND hidden = 1;
END;

-- Deals entered by salespeople, until the assistant confirms or declines them or their day is over.
CREATE TABLE proposals (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    date TEXT NOT NULL,
    at INTEGER NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    person TEXT NOT NULL,
    team TEXT NOT NULL,
    product TEXT NOT NULL,
    fen INTEGER NOT NULL CHECK (fen > 0),
    entered_by TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'confirmed', 'declined', 'expired')),
    ended INTEGER,
    why TEXT NOT NULL DEFAULT '',
    deal_id INTEGER REFERENCES deals (id)
) STRICT;
CREATE INDEX proposals_open ON proposals (date, id) WHERE state = 'open';
CREATE INDEX proposals_by_day ON proposals (date, id);
