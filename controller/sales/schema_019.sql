-- The team that a person left on the day `since`: a deal entered later counts for the team of its day.
CREATE TABLE team_changes (
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id),
    from_team INTEGER NOT NULL REFERENCES teams (id),
    since TEXT NOT NULL
) STRICT;
CREATE INDEX team_changes_person ON team_changes (person_id, since);

-- Moves before this version: the team of the move before, or of the last deal before.
INSERT INTO team_changes (person_id, from_team, since)
SELECT person_id, from_team, since FROM (
    SELECT m.id, m.person_id, m.since, ifnull(
        (SELECT e.team_id FROM team_moves e
         WHERE e.person_id = m.person_id AND e.applied IS NOT NULL AND (e.since, e.id) < (m.since, m.id)
         ORDER BY e.since DESC, e.id DESC LIMIT 1),
        (SELECT d.team_id FROM deals d
         WHERE d.person_id = m.person_id AND d.date < m.since ORDER BY d.date DESC, d.id DESC LIMIT 1)
    ) AS from_team
    FROM team_moves m WHERE m.applied IS NOT NULL
) WHERE from_team IS NOT NULL ORDER BY since, id;
