-- Under which key a challenge was sent, so that the same request again makes no second one.
ALTER TABLE challenges ADD COLUMN sent_by TEXT;
ALTER TABLE challenges ADD COLUMN sent_key TEXT;
ALTER TABLE challenges ADD COLUMN sent_sha256 TEXT;
CREATE UNIQUE INDEX challenges_sent ON challenges (sent_by, sent_key);
