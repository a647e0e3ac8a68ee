DROP TABLE run_batches;
UPDATE grading_runs SET state = 1, services = 0, changed = 0 WHERE state = 2;
ALTER TABLE grading_runs ADD COLUMN cursor_id TEXT;
