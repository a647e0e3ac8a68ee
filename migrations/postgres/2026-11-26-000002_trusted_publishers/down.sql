ALTER TABLE degraders DROP COLUMN profile_by_ci;
ALTER TABLE degraders DROP COLUMN settings_by_ci;
DROP INDEX tokens_by_end;
DROP INDEX tokens_by_publisher;
ALTER TABLE tokens DROP COLUMN proof;
ALTER TABLE tokens DROP COLUMN publisher_id;
DROP TABLE openid_issuers;
DROP TABLE used_identity_tokens;
DROP TABLE trusted_publishers;
