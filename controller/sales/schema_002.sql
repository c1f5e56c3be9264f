-- Whose first order came when is asked every few minutes for the walls; years of days must not be read for it.
CREATE INDEX daily_by_person ON daily (person_id, date);
