-- All that grading reads of a service in one row: where its drills stand, and its posted facts, as JSON lists.

CREATE TABLE evidence (
    service_id TEXT NOT NULL PRIMARY KEY REFERENCES services (id),
    states TEXT NOT NULL,
    posted TEXT NOT NULL
);

INSERT INTO evidence (service_id, states, posted)
SELECT
    s.id,
    (
        SELECT json_group_array(json_array(
            d.failure, d.target, d.environment, d.last_drill_id, d.last_verdict, d.last_at, d.last_class,
            json(CASE WHEN d.detected THEN 'true' ELSE 'false' END), d.last_sender, d.passed_drill_id,
            d.passed_at, d.passed_class, d.passed_sender, d.regressed_at, json('[' || d.recent_ms || ']')
        ))
        FROM (
            SELECT * FROM drill_states WHERE service_id = s.id ORDER BY failure, target, environment
        ) AS d
    ),
    (
        SELECT json_group_array(json_array(
            f.fact, json(f.value), f.as_of, f.evidence_class, f.sender, f.received_at
        ))
        FROM (SELECT * FROM facts WHERE service_id = s.id ORDER BY fact) AS f
    )
FROM services AS s
WHERE EXISTS (SELECT 1 FROM drill_states AS d WHERE d.service_id = s.id)
    OR EXISTS (SELECT 1 FROM facts AS f WHERE f.service_id = s.id);

DROP TABLE drill_states;
DROP TABLE facts;

-- Each event carries the hash of itself and of the one before it; the head is locked by whoever appends, so that
-- the order of `seq` is the order of commits. Events of before are chained when the server starts.

ALTER TABLE events ADD COLUMN hash TEXT NOT NULL DEFAULT '';

CREATE TABLE event_head (
    id SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO event_head (id, seq, hash) VALUES (1, 0, '');
