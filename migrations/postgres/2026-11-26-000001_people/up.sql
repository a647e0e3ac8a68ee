-- People, their teams, and their sessions. Of a password and of a session only a hash is kept.
-- role: 1 viewer, 4 owner, 5 admin; member and lead are of teams. issuer is empty for a local account.
CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    login TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    role SMALLINT NOT NULL CHECK (role IN (1, 4, 5)),
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    password TEXT,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT,
    disabled_at BIGINT
);
CREATE UNIQUE INDEX users_login ON users (login);
CREATE UNIQUE INDEX users_subject ON users (issuer, subject);
CREATE INDEX users_role ON users (role);
CREATE TABLE memberships (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    lead BOOLEAN NOT NULL,
    from_groups BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, team_id)
);
CREATE INDEX memberships_team ON memberships (team_id, user_id);
CREATE TABLE sessions (
    sha256 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    address TEXT,
    agent TEXT
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_end ON sessions (ends_at);
