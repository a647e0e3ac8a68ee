-- Reviews: questions for who looks after the programme, each with the evidence that raised it. `mark` names what was
-- noticed, so that nothing is brought up twice.
CREATE TABLE reviews (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    service_id TEXT COLLATE "C",
    team_id TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    finding TEXT COLLATE "C",
    note TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT
);
CREATE UNIQUE INDEX reviews_open ON reviews (kind, subject) WHERE state = 'open';
CREATE INDEX reviews_state ON reviews (state, id);
CREATE TABLE review_evidence (
    kind TEXT COLLATE "C" NOT NULL,
    mark TEXT COLLATE "C" NOT NULL,
    review_id TEXT COLLATE "C" NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    sentence TEXT NOT NULL,
    drill_id TEXT COLLATE "C",
    seq BIGINT,
    PRIMARY KEY (kind, mark)
);
CREATE INDEX review_evidence_review ON review_evidence (review_id, at, mark);
