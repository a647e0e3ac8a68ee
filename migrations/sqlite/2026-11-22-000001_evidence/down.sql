DROP TABLE event_head;
ALTER TABLE events DROP COLUMN hash;

CREATE TABLE facts (
    service_id TEXT NOT NULL REFERENCES services (id),
    fact TEXT NOT NULL,
    value TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    evidence_class SMALLINT NOT NULL,
    sender TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (service_id, fact)
);

INSERT INTO facts
SELECT
    e.service_id,
    json_extract(f.value, '$[0]'),
    f.value -> '$[1]',
    json_extract(f.value, '$[2]'),
    json_extract(f.value, '$[3]'),
    json_extract(f.value, '$[4]'),
    json_extract(f.value, '$[5]')
FROM evidence AS e, json_each(e.posted) AS f;

CREATE TABLE drill_states (
    service_id TEXT NOT NULL REFERENCES services (id),
    failure SMALLINT NOT NULL,
    target TEXT NOT NULL,
    environment TEXT NOT NULL,
    last_drill_id TEXT NOT NULL,
    last_verdict SMALLINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_class SMALLINT NOT NULL,
    detected BOOLEAN NOT NULL,
    last_sender TEXT NOT NULL,
    passed_drill_id TEXT,
    passed_at BIGINT,
    passed_class SMALLINT,
    passed_sender TEXT,
    regressed_at BIGINT,
    recent_ms TEXT NOT NULL,
    PRIMARY KEY (service_id, failure, target, environment)
);

INSERT INTO drill_states
SELECT
    e.service_id,
    json_extract(d.value, '$[0]'),
    json_extract(d.value, '$[1]'),
    json_extract(d.value, '$[2]'),
    json_extract(d.value, '$[3]'),
    json_extract(d.value, '$[4]'),
    json_extract(d.value, '$[5]'),
    json_extract(d.value, '$[6]'),
    json_extract(d.value, '$[7]'),
    json_extract(d.value, '$[8]'),
    json_extract(d.value, '$[9]'),
    json_extract(d.value, '$[10]'),
    json_extract(d.value, '$[11]'),
    json_extract(d.value, '$[12]'),
    json_extract(d.value, '$[13]'),
    trim(d.value -> '$[14]', '[]')
FROM evidence AS e, json_each(e.states) AS d;

DROP TABLE evidence;
