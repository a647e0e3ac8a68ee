-- What boards need of a service beside its score: expected drills and those fresh, calls that users can do without and those whose
-- fallback is verified; -1 until it is judged next. And since when no drill of it has regressed.
ALTER TABLE scores ADD COLUMN drills_expected SMALLINT NOT NULL DEFAULT -1;
ALTER TABLE scores ADD COLUMN drills_fresh SMALLINT NOT NULL DEFAULT -1;
ALTER TABLE scores ADD COLUMN calls SMALLINT NOT NULL DEFAULT -1;
ALTER TABLE scores ADD COLUMN calls_verified SMALLINT NOT NULL DEFAULT -1;
ALTER TABLE scores ADD COLUMN steady_since BIGINT;
UPDATE scores SET steady_since = COALESCE(
    (SELECT e.at FROM events AS e WHERE e.service_id = scores.service_id AND e.kind = 'drill_regressed'
     ORDER BY e.seq DESC LIMIT 1),
    (SELECT d.received_at FROM drills AS d WHERE d.service_id = scores.service_id AND d.verdict IS NOT NULL
     ORDER BY d.ended_at, d.id LIMIT 1));
-- A season (a quarter); frozen once its final standings are all written.
CREATE TABLE seasons (
    season TEXT NOT NULL PRIMARY KEY,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    frozen_at BIGINT,
    leagues TEXT NOT NULL
);
-- Whose a service was, what it weighed and where it stood when its season began, or when it came in the season.
CREATE TABLE season_roster (
    season TEXT NOT NULL,
    service_id TEXT NOT NULL REFERENCES services (id),
    team_id TEXT,
    tier SMALLINT NOT NULL,
    system_ref TEXT,
    base SMALLINT NOT NULL,
    arrived BOOLEAN NOT NULL,
    PRIMARY KEY (season, service_id)
);
-- Final standings: one row a team (subject 0) or service (subject 1), with what it was worth on each board.
CREATE TABLE season_standings (
    season TEXT NOT NULL,
    subject SMALLINT NOT NULL,
    id TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    group_name TEXT,
    tier SMALLINT NOT NULL,
    league SMALLINT NOT NULL,
    services INTEGER NOT NULL,
    score SMALLINT NOT NULL,
    grade TEXT NOT NULL,
    gained SMALLINT NOT NULL,
    improved INTEGER,
    streak INTEGER,
    drills INTEGER,
    fallbacks INTEGER,
    grades TEXT NOT NULL,
    PRIMARY KEY (season, subject, id)
);
-- Teams that do not take part in boards; they are graded as ever.
CREATE TABLE boards_left (
    team_id TEXT NOT NULL PRIMARY KEY REFERENCES teams (id),
    left_at BIGINT NOT NULL
);
