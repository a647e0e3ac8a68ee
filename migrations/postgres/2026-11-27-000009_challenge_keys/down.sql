DROP INDEX challenges_sent;
ALTER TABLE challenges DROP COLUMN sent_sha256;
ALTER TABLE challenges DROP COLUMN sent_key;
ALTER TABLE challenges DROP COLUMN sent_by;
