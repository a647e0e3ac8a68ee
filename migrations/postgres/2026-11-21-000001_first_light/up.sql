-- Instants (`*_at`) are BIGINT milliseconds since 1970-01-01 UTC; days are days since then; `*_ms` are durations.
-- Scores are 0..100, or -1 while a service is not graded; points are kept in thousandths.

CREATE TABLE meta (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE teams (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL,
    entity_ref TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    group_type TEXT NOT NULL,
    parent_id TEXT COLLATE "C",
    path TEXT COLLATE "C" NOT NULL,
    source TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX teams_slug ON teams (slug);
CREATE UNIQUE INDEX teams_entity_ref ON teams (entity_ref);
CREATE INDEX teams_path ON teams (path);

CREATE TABLE services (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL,
    entity_ref TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    name_lc TEXT COLLATE "C" NOT NULL,
    team_id TEXT COLLATE "C" REFERENCES teams (id),
    owner_ref TEXT COLLATE "C",
    tier SMALLINT NOT NULL CHECK (tier BETWEEN 1 AND 4),
    tier_from TEXT NOT NULL,
    lifecycle TEXT NOT NULL,
    service_type TEXT,
    system_ref TEXT,
    description TEXT,
    labels TEXT NOT NULL,
    has_database BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX services_slug ON services (slug);
CREATE UNIQUE INDEX services_entity_ref ON services (entity_ref);
CREATE INDEX services_team ON services (team_id, slug);
CREATE INDEX services_name ON services (name_lc, id);

CREATE TABLE entities (
    entity_ref TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    content_sha256 TEXT NOT NULL,
    body TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE INDEX entities_source ON entities (source, entity_ref);

CREATE TABLE service_deps (
    from_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    to_ref TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (from_id, to_ref)
);
CREATE INDEX service_deps_to ON service_deps (to_ref, from_id);

CREATE TABLE tokens (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    scopes TEXT NOT NULL,
    services TEXT,
    teams TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX tokens_sha256 ON tokens (sha256);

CREATE TABLE documents (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    format TEXT NOT NULL,
    hints TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL
);

CREATE TABLE drills (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    kind SMALLINT,
    failure SMALLINT,
    target TEXT NOT NULL,
    environment TEXT NOT NULL,
    outcome SMALLINT NOT NULL CHECK (outcome BETWEEN 1 AND 4),
    reason TEXT NOT NULL,
    verdict SMALLINT CHECK (verdict BETWEEN 1 AND 2),
    note TEXT,
    regression BOOLEAN NOT NULL,
    exploratory BOOLEAN NOT NULL,
    rollback SMALLINT NOT NULL CHECK (rollback BETWEEN 1 AND 6),
    rollback_reason TEXT NOT NULL,
    rollback_ms BIGINT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    detected_ms BIGINT,
    recovered_ms BIGINT,
    title TEXT,
    hypothesis TEXT,
    evidence TEXT NOT NULL,
    evidence_class SMALLINT NOT NULL,
    sender TEXT NOT NULL,
    tool TEXT NOT NULL,
    tool_version TEXT,
    run_id TEXT,
    external_id TEXT,
    document_id TEXT COLLATE "C" REFERENCES documents (id)
);
CREATE INDEX drills_service ON drills (service_id, ended_at, id);
CREATE INDEX drills_identity ON drills (service_id, failure, target, environment, ended_at);
CREATE INDEX drills_document ON drills (document_id);

CREATE TABLE drill_states (
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    failure SMALLINT NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    last_drill_id TEXT COLLATE "C" NOT NULL,
    last_verdict SMALLINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_class SMALLINT NOT NULL,
    detected BOOLEAN NOT NULL,
    last_sender TEXT NOT NULL,
    passed_drill_id TEXT COLLATE "C",
    passed_at BIGINT,
    passed_class SMALLINT,
    passed_sender TEXT,
    regressed_at BIGINT,
    recent_ms TEXT NOT NULL,
    PRIMARY KEY (service_id, failure, target, environment)
);

CREATE TABLE idempotency_keys (
    owner TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    content_sha256 TEXT NOT NULL,
    drill_id TEXT COLLATE "C" NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
);

CREATE TABLE facts (
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    fact TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    evidence_class SMALLINT NOT NULL,
    sender TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (service_id, fact)
);

CREATE TABLE fact_history (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    fact TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    evidence_class SMALLINT NOT NULL,
    sender TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX fact_history_service ON fact_history (service_id, received_at);

CREATE TABLE rulebooks (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    files TEXT NOT NULL,
    loaded_at BIGINT NOT NULL
);

CREATE TABLE scores (
    service_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES services (id),
    book_hash TEXT COLLATE "C" NOT NULL,
    score SMALLINT NOT NULL CHECK (score BETWEEN -1 AND 100),
    grade TEXT NOT NULL,
    coverage SMALLINT NOT NULL,
    earned BIGINT NOT NULL,
    possible BIGINT NOT NULL,
    capped_by TEXT NOT NULL,
    outcomes TEXT NOT NULL,
    practices TEXT NOT NULL,
    regressions INTEGER NOT NULL,
    graded_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX scores_score ON scores (score, service_id);

CREATE TABLE score_history (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    service_id TEXT COLLATE "C" NOT NULL REFERENCES services (id),
    at BIGINT NOT NULL,
    score SMALLINT NOT NULL,
    grade TEXT NOT NULL,
    coverage SMALLINT NOT NULL,
    prev_score SMALLINT,
    prev_grade TEXT,
    book_hash TEXT COLLATE "C" NOT NULL,
    cause SMALLINT NOT NULL,
    moves TEXT NOT NULL,
    sentence TEXT NOT NULL,
    attributes TEXT NOT NULL
);
CREATE INDEX score_history_service ON score_history (service_id, at, id);

CREATE TABLE scope_daily (
    scope_kind SMALLINT NOT NULL,
    scope_id TEXT COLLATE "C" NOT NULL,
    day INTEGER NOT NULL,
    services BIGINT NOT NULL,
    graded BIGINT NOT NULL,
    score_sum BIGINT NOT NULL,
    coverage_sum BIGINT NOT NULL,
    grades TEXT NOT NULL,
    practices TEXT NOT NULL,
    PRIMARY KEY (scope_kind, scope_id, day)
);

CREATE TABLE events (
    seq BIGSERIAL PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    service_id TEXT COLLATE "C",
    team_id TEXT COLLATE "C",
    actor TEXT NOT NULL,
    sentence TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_service ON events (service_id, seq);
CREATE INDEX events_team ON events (team_id, seq);

CREATE TABLE grading_runs (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    state SMALLINT NOT NULL CHECK (state BETWEEN 1 AND 4),
    started_by TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    as_of BIGINT,
    cursor_id TEXT COLLATE "C",
    services BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    errors TEXT NOT NULL
);
CREATE INDEX grading_runs_state ON grading_runs (state, id);

CREATE TABLE job_runs (
    job TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    PRIMARY KEY (job, due_at)
);
