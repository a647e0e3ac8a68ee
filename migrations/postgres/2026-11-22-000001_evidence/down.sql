DROP TABLE event_head;
ALTER TABLE events DROP COLUMN hash;
CREATE SEQUENCE events_seq_seq OWNED BY events.seq;
SELECT setval('events_seq_seq', COALESCE((SELECT max(seq) FROM events), 0) + 1, false);
ALTER TABLE events ALTER COLUMN seq SET DEFAULT nextval('events_seq_seq');

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

INSERT INTO facts
SELECT
    e.service_id, f ->> 0, (f -> 1)::text, (f ->> 2)::bigint, (f ->> 3)::smallint, f ->> 4, (f ->> 5)::bigint
FROM evidence AS e, json_array_elements(e.posted::json) AS f;

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

INSERT INTO drill_states
SELECT
    e.service_id, (d ->> 0)::smallint, d ->> 1, d ->> 2, d ->> 3, (d ->> 4)::smallint, (d ->> 5)::bigint,
    (d ->> 6)::smallint, (d ->> 7)::boolean, d ->> 8, d ->> 9, (d ->> 10)::bigint, (d ->> 11)::smallint,
    d ->> 12, (d ->> 13)::bigint, replace(btrim((d -> 14)::text, '[] '), ' ', '')
FROM evidence AS e, json_array_elements(e.states::json) AS d;

DROP TABLE evidence;
