-- What a rollup of a past day tells of certificates, and which rules moved that day; null for days that were kept before.
ALTER TABLE scope_daily ADD COLUMN certified BIGINT;
ALTER TABLE scope_daily ADD COLUMN expiring BIGINT;
ALTER TABLE scope_daily ADD COLUMN rules TEXT;
