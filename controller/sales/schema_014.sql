-- Whether a person leads the new team after a move: 1 yes, 0 no, NULL as before the move.
ALTER TABLE team_moves ADD COLUMN leader INTEGER CHECK (leader IN (0, 1));
