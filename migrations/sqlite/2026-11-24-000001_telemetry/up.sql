-- How each source of telemetry does, and the last that each said of each service: kept while a source is away.

CREATE TABLE sources (
    name TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    last_try_at BIGINT,
    last_success_at BIGINT,
    away_since BIGINT,
    last_error TEXT NOT NULL,
    failures INTEGER NOT NULL,
    next_at BIGINT NOT NULL
);

-- `body` is the JSON of what was collected, empty while nothing was; `attention`: 2 an instance stands out, 1 something
-- is lacking, 0 all is well.
CREATE TABLE telemetry (
    source TEXT NOT NULL,
    service_id TEXT NOT NULL REFERENCES services (id),
    collected_at BIGINT,
    tried_at BIGINT NOT NULL,
    error TEXT NOT NULL,
    attention SMALLINT NOT NULL CHECK (attention BETWEEN 0 AND 2),
    body TEXT NOT NULL,
    PRIMARY KEY (source, service_id)
);
CREATE INDEX telemetry_service ON telemetry (service_id, source);
CREATE INDEX telemetry_attention ON telemetry (source, attention, service_id);
