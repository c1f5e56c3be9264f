-- Who made a token: a caller's name, or the command on the machine; "" for tokens from before.
ALTER TABLE tokens ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
