-- Keys that sign, private halves sealed; drill tickets, never their tokens; and which drill belongs to which ticket.
CREATE TABLE signing_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    alg TEXT NOT NULL,
    public_key TEXT NOT NULL,
    private_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    active_at BIGINT NOT NULL,
    retired_at BIGINT,
    published_until BIGINT
);
CREATE TABLE drill_tickets (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    flow TEXT COLLATE "C",
    drill TEXT NOT NULL,
    issued_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX drill_tickets_by_end ON drill_tickets (expires_at);
CREATE INDEX drill_tickets_by_flow ON drill_tickets (flow, id);
CREATE TABLE ticket_results (
    drill_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES drills (id) ON DELETE CASCADE,
    ticket_id TEXT COLLATE "C" NOT NULL REFERENCES drill_tickets (id) ON DELETE CASCADE
);
CREATE INDEX ticket_results_by_ticket ON ticket_results (ticket_id, drill_id);
