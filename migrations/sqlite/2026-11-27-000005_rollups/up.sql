-- What a rollup of a past day tells besides counts and means; null for days that were kept before.
ALTER TABLE scope_daily ADD COLUMN median SMALLINT;
ALTER TABLE scope_daily ADD COLUMN regressions BIGINT;
ALTER TABLE scope_daily ADD COLUMN traffic TEXT;
ALTER TABLE scope_daily ADD COLUMN moved TEXT;
ALTER TABLE scope_daily ADD COLUMN kept_at BIGINT;
-- What moved scores within a day is summed once, when the day is kept.
CREATE INDEX score_history_at ON score_history (at);
-- Calls a second in thousandths, out of the profile, so that all services can be weighed without reading profiles.
ALTER TABLE degraders ADD COLUMN calls_milli BIGINT;
UPDATE degraders SET calls_milli = CAST(ROUND(json_extract(profile, '$.qps') * 1000) AS INTEGER) WHERE profile IS NOT NULL;
