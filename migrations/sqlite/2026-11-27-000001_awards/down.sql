DROP TABLE sharing;
DROP TABLE credential_status;
DROP TABLE awards;
ALTER TABLE scores DROP COLUMN record;
