ALTER TABLE scope_daily DROP COLUMN rules;
ALTER TABLE scope_daily DROP COLUMN expiring;
ALTER TABLE scope_daily DROP COLUMN certified;
