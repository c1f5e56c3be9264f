-- Waiting announcements by kind: thousands of deals may wait for the full hour, and the announcer never needs their rows.
CREATE INDEX announcements_waiting ON announcements (kind, due) WHERE state = 'waiting';
