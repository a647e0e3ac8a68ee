-- What stays for ever once raw rows are pruned: one row a day on which something happened.

-- Where a service stood at the end of each day on which its score changed; only days whose changes were pruned.
CREATE TABLE score_daily (
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    day INTEGER NOT NULL,
    score SMALLINT NOT NULL,
    grade TEXT NOT NULL,
    coverage SMALLINT NOT NULL,
    PRIMARY KEY (service_id, day)
);

-- Pruned drill results counted by the day they ended on; `failure` is 0 where none was known.
CREATE TABLE drill_daily (
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    day INTEGER NOT NULL,
    failure SMALLINT NOT NULL,
    outcome SMALLINT NOT NULL,
    drills BIGINT NOT NULL,
    PRIMARY KEY (service_id, day, failure, outcome)
);

-- One index for each order and filter of the list of services.
CREATE INDEX services_tier ON services (tier, id);
CREATE INDEX services_removed ON services (removed_at, id) WHERE removed_at IS NOT NULL;
CREATE INDEX scores_best ON scores (score DESC, service_id);
CREATE INDEX scores_coverage ON scores (coverage, service_id);
CREATE INDEX scores_changed ON scores (changed_at DESC, service_id);
CREATE INDEX scores_grade ON scores (grade, score DESC, service_id);
CREATE INDEX teams_parent ON teams (parent_id);

-- Results are nearly all events: what else happened, and what broke, has indexes of its own, which stay small.
CREATE INDEX events_kind ON events (kind, seq) WHERE kind <> 'drill_recorded';
CREATE INDEX events_regressed ON events (team_id, seq) WHERE kind = 'drill_regressed';

-- For pruning.
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
