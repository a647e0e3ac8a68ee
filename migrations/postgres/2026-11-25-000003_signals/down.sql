DROP TABLE kept_messages;
DROP TABLE deployments;
DROP TABLE alerts;
ALTER TABLE drills DROP COLUMN detected_since;
