-- A grading run is cut into batches that any process claims; a claim ends by itself, so that a process that dies
-- leaves nothing undone. Leases are instants of the database's clock.

CREATE TABLE run_batches (
    run_id TEXT COLLATE "C" NOT NULL REFERENCES grading_runs (id),
    seq INTEGER NOT NULL,
    after_id TEXT COLLATE "C" NOT NULL,
    to_id TEXT COLLATE "C" NOT NULL,
    state SMALLINT NOT NULL CHECK (state BETWEEN 1 AND 3),
    owner TEXT COLLATE "C" NOT NULL,
    lease_until BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    PRIMARY KEY (run_id, seq)
);

-- A run that was under way begins again.
UPDATE grading_runs SET state = 1, services = 0, changed = 0 WHERE state = 2;
ALTER TABLE grading_runs DROP COLUMN cursor_id;
