-- Telling people: whom, about what, and what waits to be told. Addresses and secrets are sealed.
CREATE TABLE notification_targets (
    id TEXT NOT NULL PRIMARY KEY,
    kind SMALLINT NOT NULL CHECK (kind BETWEEN 1 AND 3),
    name TEXT NOT NULL,
    team_id TEXT,
    wants TEXT NOT NULL,
    shown TEXT NOT NULL,
    sealed TEXT NOT NULL,
    unsubscribe TEXT,
    paused BOOLEAN NOT NULL,
    why TEXT NOT NULL,
    since BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    from_seq BIGINT NOT NULL,
    digest_at BIGINT,
    digest_seq BIGINT NOT NULL,
    due_at BIGINT,
    failures INTEGER NOT NULL,
    pending BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    tried_at BIGINT,
    succeeded_at BIGINT,
    error TEXT NOT NULL,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);
CREATE UNIQUE INDEX notification_targets_unsubscribe ON notification_targets (unsubscribe);
-- One message to one target. `state`: 1 waits, 2 delivered, 3 given up.
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    target_id TEXT NOT NULL REFERENCES notification_targets (id),
    message_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    state SMALLINT NOT NULL CHECK (state BETWEEN 1 AND 3),
    attempts INTEGER NOT NULL,
    next_at BIGINT,
    status INTEGER,
    error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (target_id, message_id);
CREATE INDEX deliveries_of_target ON deliveries (target_id, id);
CREATE INDEX deliveries_waiting ON deliveries (target_id, id) WHERE state = 1;
CREATE INDEX deliveries_done ON deliveries (done_at);
