-- A year of an organisation, written straight into a migrated, empty PostgreSQL database.
-- Variables: services, teams, days, bodies (percent of results that keep document, key and event), now_ms.
-- The order of ids is the order of time, as the server makes them.
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET maintenance_work_mem = '1GB';
SET work_mem = '256MB';

-- A UUIDv7 of an instant (milliseconds) and a number below 2^48.
CREATE FUNCTION bench_id(ms bigint, n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT lpad(to_hex(ms >> 16), 8, '0') || '-' || lpad(to_hex(ms & 65535), 4, '0') || '-7000-8000-'
         || lpad(to_hex(n), 12, '0')
$$;
-- Failure classes in the order in which a service rehearses them, one a day.
CREATE FUNCTION bench_failure(k bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT (ARRAY[1, 2, 11, 12, 13, 14, 15, 18, 19, 16])[1 + (k % 10)::int]::smallint $$;
CREATE FUNCTION bench_outcome(i bigint, d bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT (CASE WHEN (i * 31 + d * 17) % 50 = 0 THEN 3 WHEN (i * 7 + d * 13) % 23 = 0 THEN 2 ELSE 1 END)::smallint $$;
-- The instant at which service i ran its drill on day d (days back from now).
CREATE FUNCTION bench_at(now_ms bigint, i bigint, d bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT now_ms - (d + 1) * 86400000 + (i * 7919 % 80000) * 1000 $$;

-- Secondary indexes and foreign keys of the big tables come last: that is many times faster.
CREATE TABLE bench_later (sql text);
INSERT INTO bench_later SELECT indexdef FROM pg_indexes
  WHERE schemaname = 'public' AND tablename IN ('drills', 'documents', 'idempotency_keys', 'events', 'score_history', 'fact_history')
    AND indexname NOT LIKE '%pkey';
INSERT INTO bench_later
  SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE conrelid::regclass::text IN
    ('drills', 'documents', 'idempotency_keys', 'events', 'score_history', 'fact_history') AND contype IN ('f', 'p')
  ORDER BY contype DESC;
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE conrelid::regclass::text IN
    ('drills', 'documents', 'idempotency_keys', 'events', 'score_history', 'fact_history') AND contype IN ('f', 'p')
    ORDER BY contype LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', r.t, r.conname);
  END LOOP;
  FOR r IN SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%pkey'
    AND tablename IN ('drills', 'documents', 'idempotency_keys', 'events', 'score_history', 'fact_history') LOOP
    EXECUTE format('DROP INDEX %I', r.indexname);
  END LOOP;
END $$;

\echo teams, services, dependencies
INSERT INTO teams
  SELECT bench_id(:now_ms - 40000000000 + t, t), 'team-' || t, 'group:default/team-' || t, 'Team ' || t,
         CASE WHEN t < :teams / 100 THEN 'division' ELSE 'team' END,
         CASE WHEN t >= :teams / 100 THEN bench_id(:now_ms - 40000000000 + t % (:teams / 100), t % (:teams / 100)) END,
         CASE WHEN t < :teams / 100 THEN '/team-' || t || '/'
              ELSE '/team-' || t % (:teams / 100) || '/team-' || t || '/' END,
         'bench', :now_ms - 40000000000, NULL
  FROM generate_series(0, :teams - 1) AS t;
INSERT INTO services
  SELECT bench_id(:now_ms - 38000000000 + i, i), 'service-' || i, 'component:default/service-' || i,
         'Service ' || i, 'service ' || i,
         bench_id(:now_ms - 40000000000 + :teams / 100 + i % (:teams - :teams / 100),
                  :teams / 100 + i % (:teams - :teams / 100)),
         'group:default/team-' || (:teams / 100 + i % (:teams - :teams / 100)),
         1 + (i / 7) % 4, 'label tier', 'production', 'service', NULL, 'A made-up service.', '[]', i % 3 = 0,
         'bench', :now_ms - 38000000000, NULL
  FROM generate_series(0::bigint, :services - 1) AS i;
INSERT INTO service_deps
  SELECT bench_id(:now_ms - 38000000000 + i, i), 'component:default/service-' || (i * 37 + k * 11) % :services
  FROM generate_series(0::bigint, :services - 1) AS i, generate_series(1, 3) AS k ON CONFLICT DO NOTHING;


CREATE TABLE bench AS SELECT :now_ms::bigint AS now_ms, :days AS days, :bodies AS bodies, :events AS events;
-- Services in the order of the day, so that every big table lies in the order of time.
CREATE TABLE bench_service AS
  SELECT i, s.id, s.team_id, (i * 7919 % 80000) * 1000 AS off, 'service-' || i AS slug, 'ci-' || i % 5000 AS sender
  FROM generate_series(0::bigint, :services - 1) AS i JOIN services AS s ON s.slug = 'service-' || i
  ORDER BY off, i;
ANALYZE bench_service;

\echo results, documents, keys, events: day by day
CREATE PROCEDURE bench_fill() LANGUAGE plpgsql AS $$
DECLARE b bench; d bigint; t0 bigint;
BEGIN
  SELECT * INTO b FROM bench;
  FOR d IN REVERSE b.days - 1 .. 0 LOOP
    t0 := b.now_ms - (d + 1) * 86400000::bigint;
    INSERT INTO drills
      SELECT bench_id(t0 + off + 2000, i), id, CASE WHEN (i + d) % 10 < 2 THEN 1 ELSE 2 END, bench_failure(i + d), '',
             'staging', bench_outcome(i, d), 'The hypothesis held before and after.',
             CASE WHEN bench_outcome(i, d) < 3 THEN bench_outcome(i, d) END, NULL, false, false, 1,
             'The rollback ran and worked.', 41000 + i % 9000, t0 + off - 60000, t0 + off, t0 + off + 2000,
             CASE WHEN i % 2 = 0 THEN 8000 END, NULL, 'Daily drill', NULL, '[]', 3, sender, 'chaostoolkit', '1.19.0',
             'run-' || i || '-' || d, NULL,
             CASE WHEN (i + d) % 100 < b.bodies THEN bench_id(t0 + off + 2000, i + 1000000000000) END
      FROM bench_service;
    INSERT INTO documents
      SELECT bench_id(t0 + off + 2000, i + 1000000000000), 'chaostoolkit', '{"service":"' || slug || '"}',
             '{"experiment":{"title":"Daily drill","configuration":{},"method":["inject"],"rollbacks":["undo"]},'
             || '"status":"completed","run":"' || md5(slug || d) || md5(slug || '-' || d) || md5('x' || slug || d)
             || '","steady_states":{"before":{"steady_state_met":true},"after":{"steady_state_met":true}}}',
             t0 + off + 2000
      FROM bench_service WHERE (i + d) % 100 < b.bodies;
    INSERT INTO idempotency_keys
      SELECT '*', 'run:chaostoolkit:run-' || i || '-' || d || ':' || id || ':dns::staging',
             md5(slug || d) || md5(slug || '-' || d), bench_id(t0 + off + 2000, i),
             '{"id":"' || bench_id(t0 + off + 2000, i) || '","service":"' || slug || '","outcome":"passed",'
             || '"counted":true,"grade":{"before":"C","after":"C"},"score":{"before":70,"after":70},'
             || '"regression":false,"awarded":[],"scorecard_url":"https://waterbear.example/services/' || slug || '"}',
             t0 + off + 2000
      FROM bench_service WHERE (i + d) % 100 < b.bodies;
    INSERT INTO events (seq, at, id, kind, service_id, team_id, actor, sentence, data)
      SELECT (b.days - 1 - d) * 1000000 + row_number() OVER (ORDER BY off, i), t0 + off + 2000,
             bench_id(t0 + off + 2000, i + 2000000000000),
             CASE WHEN (i + d) % 40 = 0 THEN 'score_changed' WHEN (i + d) % 40 = 1 THEN 'grade_changed'
                  WHEN (i * 7 + d * 13) % 230 = 0 THEN 'drill_regressed' ELSE 'drill_recorded' END,
             id, team_id, sender, slug || ': dns drill in staging passed.',
             '{"counted":true,"drill":"' || bench_id(t0 + off + 2000, i)
             || '","environment":"staging","failure":"dns","kind":"infrastructure","outcome":"passed","target":""}'
      FROM bench_service WHERE (i * 3 + d) % 100 < b.events;
    COMMIT;
  END LOOP;
END $$;
CALL bench_fill();

\echo history of scores, of scopes, of facts
INSERT INTO score_history
  SELECT bench_id(at + 3000, i + 3000000000000), bench_id(:now_ms - 38000000000 + i, i), at + 3000,
         40 + (i + d) % 50, (ARRAY['F', 'D', 'C', 'B'])[1 + (((i + d) % 50) / 13)::int], 60 + (i % 30),
         39 + (i + d) % 50, 'D', md5('book') || md5('book'), 1 + d % 2,
         '[{"rule":"drill-dns","before":"fail","after":"pass"}]', 'Dns drills passed: one point gained.',
         '{"tier":3,"lifecycle":"production","type":"service","labels":"[]","team_id":null,"has_database":false}'
  FROM (SELECT i, d, bench_at(:now_ms, i, d) AS at
        FROM generate_series(:days - 1, 1, -9) AS d, generate_series(0::bigint, :services - 1) AS i) AS x;
INSERT INTO scope_daily
  SELECT k, id, (:now_ms / 86400000)::int - d, n, n, n * (55 + d % 20), n * 70,
         '{"A":3,"B":10,"C":12,"D":9,"F":4}',
         '{"degrader":[120,20],"drills":[900,20],"fallbacks":[200,20],"learning":[300,20],"rollback":[800,20]}'
  FROM (SELECT 0 AS k, '' AS id, :services::bigint AS n
        UNION ALL SELECT 2, t::text, :services / 4 FROM generate_series(1, 4) AS t
        UNION ALL SELECT 1, id, :services / :teams FROM teams) AS s, generate_series(:days - 1, 1, -1) AS d;
INSERT INTO fact_history
  SELECT bench_id(at + 4000, i * 8 + k + 4000000000000), bench_id(:now_ms - 38000000000 + i, i),
         (ARRAY['incidents.open_actions', 'fallbacks.declared', 'fallbacks.verified', 'degrader.settings_known'])[k],
         CASE k WHEN 4 THEN 'true' ELSE ((i + d) % 9)::text END, at, 1, 'metrics', at + 4000
  FROM (SELECT i, d, k, bench_at(:now_ms, i, d) AS at
        FROM generate_series(:days - 1, 1, -60) AS d, generate_series(1, 4) AS k,
             generate_series(0::bigint, :services - 1) AS i) AS x;

\echo where the drills of each service stand
INSERT INTO evidence (service_id, states, posted)
  SELECT id, json_agg(json_build_array(
           f, '', 'staging', bench_id(bench_at(:now_ms, i, d) + 2000, i), o, bench_at(:now_ms, i, d), 3, i % 2 = 0,
           sender, bench_id(bench_at(:now_ms, i, p) + 2000, i), bench_at(:now_ms, i, p), 3, sender,
           CASE WHEN o = 2 THEN bench_at(:now_ms, i, d) END, json_build_array(41000, 42000, 41500, 43000, 41200))
           ORDER BY f)::text, '[]'
  FROM (SELECT i, d, id, sender, bench_failure(i + d) AS f, LEAST(bench_outcome(i, d), 2) AS o,
               CASE WHEN bench_outcome(i, d) = 1 THEN d ELSE d + 10 END AS p
        FROM generate_series(0, 9) AS d CROSS JOIN bench_service) AS x GROUP BY id;
-- The chain of these events is not made: what comes later goes on from here.
UPDATE event_head SET seq = (SELECT COALESCE(MAX(seq), 0) FROM events);

\echo indexes
DO $$ DECLARE r record; BEGIN FOR r IN SELECT sql FROM bench_later LOOP EXECUTE r.sql; END LOOP; END $$;
DROP TABLE bench_later, bench, bench_service;
DROP PROCEDURE bench_fill;
\echo statistics
VACUUM ANALYZE;
