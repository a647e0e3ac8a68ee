-- Who did what, through which credential and from where, beside each event; the text is part of the event's hash.
ALTER TABLE events ADD COLUMN audit TEXT;
CREATE INDEX events_audit_name ON events (actor, seq) WHERE audit IS NOT NULL;
-- A token is its own actor and found by its credential.
CREATE INDEX events_audit_actor ON events (((audit::jsonb) -> 'actor' ->> 'id'), seq)
    WHERE ((audit::jsonb) -> 'actor' ->> 'kind') <> 'token';
CREATE INDEX events_audit_credential ON events (((audit::jsonb) -> 'credential' ->> 'id'), seq) WHERE audit IS NOT NULL;
CREATE INDEX events_audit_address ON events (((audit::jsonb) ->> 'address'), seq) WHERE audit IS NOT NULL;
-- What of a window of time was taken by all processes together: one row a key.
CREATE TABLE rate_windows (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    starts_at BIGINT NOT NULL,
    taken BIGINT NOT NULL
);
CREATE INDEX rate_windows_by_start ON rate_windows (starts_at);
-- Attempts to prove who one is, by the hash of an account or an address.
CREATE TABLE sign_in_attempts (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failed INTEGER NOT NULL,
    last_at BIGINT NOT NULL,
    paused_until BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_last ON sign_in_attempts (last_at);
