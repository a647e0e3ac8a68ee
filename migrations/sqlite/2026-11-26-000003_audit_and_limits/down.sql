DROP TABLE sign_in_attempts;
DROP TABLE rate_windows;
DROP INDEX events_audit_address;
DROP INDEX events_audit_credential;
DROP INDEX events_audit_actor;
DROP INDEX events_audit_name;
ALTER TABLE events DROP COLUMN audit;
