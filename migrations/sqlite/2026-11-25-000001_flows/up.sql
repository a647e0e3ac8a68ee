-- Core flows as they are declared, their calls, and calls that were seen by somebody's traces.
CREATE TABLE flows (
    slug TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    owner_ref TEXT,
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE flow_edges (
    flow TEXT NOT NULL REFERENCES flows (slug),
    n INTEGER NOT NULL,
    from_ref TEXT NOT NULL,
    to_ref TEXT NOT NULL,
    core BOOLEAN NOT NULL,
    fallback BOOLEAN NOT NULL,
    PRIMARY KEY (flow, n)
);

CREATE INDEX flow_edges_from ON flow_edges (from_ref);

CREATE INDEX flow_edges_to ON flow_edges (to_ref);

CREATE TABLE seen_edges (
    from_ref TEXT NOT NULL,
    to_ref TEXT NOT NULL,
    calls_per_second DOUBLE PRECISION,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    sender TEXT NOT NULL,
    PRIMARY KEY (from_ref, to_ref)
);
