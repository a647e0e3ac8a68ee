ALTER TABLE degraders DROP COLUMN calls_milli;
DROP INDEX score_history_at;
ALTER TABLE scope_daily DROP COLUMN kept_at;
ALTER TABLE scope_daily DROP COLUMN moved;
ALTER TABLE scope_daily DROP COLUMN traffic;
ALTER TABLE scope_daily DROP COLUMN regressions;
ALTER TABLE scope_daily DROP COLUMN median;
