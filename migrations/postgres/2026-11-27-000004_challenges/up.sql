-- Challenges: what is wished for, where each team began and ended, how it stood day by day, who earned the badge.
CREATE TABLE challenges (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL,
    title TEXT NOT NULL,
    why TEXT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    scope TEXT NOT NULL,
    goal TEXT NOT NULL,
    target SMALLINT NOT NULL,
    milestones TEXT NOT NULL,
    badge TEXT NOT NULL,
    retrospective TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    start_done BIGINT,
    start_total BIGINT,
    end_done BIGINT,
    end_total BIGINT,
    milestone SMALLINT NOT NULL,
    half_time_at BIGINT,
    ending_at BIGINT
);
CREATE UNIQUE INDEX challenges_slug ON challenges (slug);
CREATE INDEX challenges_by_state ON challenges (state, id);
CREATE TABLE challenge_teams (
    challenge_id TEXT COLLATE "C" NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    start_done BIGINT NOT NULL,
    start_total BIGINT NOT NULL,
    goal SMALLINT NOT NULL,
    end_done BIGINT,
    end_total BIGINT,
    PRIMARY KEY (challenge_id, team_id)
);
CREATE TABLE challenge_days (
    challenge_id TEXT COLLATE "C" NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (challenge_id, day)
);
CREATE TABLE challenge_rewards (
    challenge_id TEXT COLLATE "C" NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (challenge_id, team_id)
);
CREATE INDEX challenge_rewards_by_team ON challenge_rewards (team_id, at);
