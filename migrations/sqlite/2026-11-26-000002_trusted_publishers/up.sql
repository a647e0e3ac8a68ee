-- CI jobs that may send results without a secret: whom is trusted, which identity tokens were used, issuers' keys.
CREATE TABLE trusted_publishers (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    repository TEXT NOT NULL,
    repository_lc TEXT NOT NULL,
    owner_id TEXT,
    repository_id TEXT,
    workflow TEXT NOT NULL,
    reusable TEXT,
    environment TEXT,
    git_ref TEXT,
    protected_only BOOLEAN NOT NULL,
    pull_requests BOOLEAN NOT NULL,
    scopes TEXT NOT NULL,
    services TEXT,
    teams TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX trusted_publishers_by_repository ON trusted_publishers (issuer, repository_lc, id);
CREATE TABLE used_identity_tokens (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (issuer, jti)
);
CREATE INDEX used_identity_tokens_by_end ON used_identity_tokens (until);
CREATE TABLE openid_issuers (
    issuer TEXT NOT NULL PRIMARY KEY,
    document TEXT,
    keys TEXT,
    fetched_at BIGINT,
    tried_at BIGINT,
    answered_at BIGINT,
    error TEXT
);
ALTER TABLE tokens ADD COLUMN publisher_id TEXT;
ALTER TABLE tokens ADD COLUMN proof TEXT;
CREATE INDEX tokens_by_publisher ON tokens (publisher_id, id);
CREATE INDEX tokens_by_end ON tokens (expires_at);
ALTER TABLE degraders ADD COLUMN settings_by_ci BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE degraders ADD COLUMN profile_by_ci BOOLEAN NOT NULL DEFAULT FALSE;
