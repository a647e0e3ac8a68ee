-- What the board of scores ranked of a team, beside its plain mean; null for services and for seasons frozen before.
ALTER TABLE season_standings ADD COLUMN worth SMALLINT;
