DROP TABLE boards_left;
DROP TABLE season_standings;
DROP TABLE season_roster;
DROP TABLE seasons;
ALTER TABLE scores DROP COLUMN steady_since;
ALTER TABLE scores DROP COLUMN calls_verified;
ALTER TABLE scores DROP COLUMN calls;
ALTER TABLE scores DROP COLUMN drills_fresh;
ALTER TABLE scores DROP COLUMN drills_expected;
