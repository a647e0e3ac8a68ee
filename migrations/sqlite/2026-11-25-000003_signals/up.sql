-- Since when a drill is known to have been detected, where an alert told it later than the drill itself.
ALTER TABLE drills ADD COLUMN detected_since BIGINT;

-- Alerts of services: proof that somebody was told.
CREATE TABLE alerts (
    id TEXT NOT NULL PRIMARY KEY,
    service_id TEXT NOT NULL REFERENCES services (id),
    starts_at BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    ends_at BIGINT,
    sender TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_once ON alerts (service_id, starts_at, fingerprint, environment);
CREATE INDEX alerts_age ON alerts (received_at);

-- Versions that came into service.
CREATE TABLE deployments (
    id TEXT NOT NULL PRIMARY KEY,
    service_id TEXT NOT NULL REFERENCES services (id),
    environment TEXT NOT NULL,
    once TEXT NOT NULL,
    version TEXT NOT NULL,
    kind SMALLINT NOT NULL,
    deployed_at BIGINT NOT NULL,
    url TEXT,
    external_id TEXT,
    sender TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX deployments_once ON deployments (service_id, once);
CREATE INDEX deployments_time ON deployments (service_id, deployed_at, id);
CREATE INDEX deployments_age ON deployments (received_at);

-- Messages that are not understood yet, redacted.
CREATE TABLE kept_messages (
    id TEXT NOT NULL PRIMARY KEY,
    once TEXT NOT NULL,
    format TEXT NOT NULL,
    hints TEXT NOT NULL,
    sender TEXT NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX kept_messages_once ON kept_messages (once);
