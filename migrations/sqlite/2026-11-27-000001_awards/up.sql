-- Since when a service has been how good, for streaks and awards.
ALTER TABLE scores ADD COLUMN record TEXT NOT NULL DEFAULT '{}';
-- Certificates and badges that services hold or held: one row from earning to end.
CREATE TABLE awards (
    id TEXT NOT NULL PRIMARY KEY,
    kind SMALLINT NOT NULL,
    award TEXT NOT NULL,
    service_id TEXT NOT NULL REFERENCES services (id),
    title TEXT NOT NULL,
    state SMALLINT NOT NULL,
    book_hash TEXT NOT NULL,
    earned_at BIGINT NOT NULL,
    renewed_at BIGINT,
    valid_until BIGINT,
    bad_since BIGINT,
    warned BOOLEAN NOT NULL,
    ended_at BIGINT,
    reason TEXT NOT NULL,
    score SMALLINT NOT NULL,
    grade TEXT NOT NULL,
    coverage SMALLINT NOT NULL,
    proof TEXT NOT NULL,
    proof_sha256 TEXT NOT NULL,
    status_index BIGINT
);
CREATE UNIQUE INDEX awards_held ON awards (service_id, kind, award) WHERE ended_at IS NULL;
CREATE INDEX awards_of_service ON awards (service_id, earned_at, id);
-- The calendar of renewals.
CREATE INDEX awards_until ON awards (valid_until, id) WHERE ended_at IS NULL AND kind = 1;
CREATE INDEX awards_by_kind ON awards (kind, id);
-- One row for each credential that a certificate was shown with: what verifiers outside are told of it.
CREATE TABLE credential_status (
    list_index BIGINT NOT NULL PRIMARY KEY,
    award_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX credential_status_of_award ON credential_status (award_id);
CREATE INDEX credential_status_revoked ON credential_status (list_index) WHERE revoked_at IS NOT NULL;
-- What a service's team shows to everybody: its certificates, and a badge under a name that nobody guesses.
CREATE TABLE sharing (
    service_id TEXT NOT NULL PRIMARY KEY REFERENCES services (id),
    certificates BOOLEAN NOT NULL,
    badge_key TEXT,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sharing_badge ON sharing (badge_key) WHERE badge_key IS NOT NULL;
