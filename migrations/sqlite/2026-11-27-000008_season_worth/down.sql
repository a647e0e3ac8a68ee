ALTER TABLE season_standings DROP COLUMN worth;
