//! The names of our tables, each after those it refers to.

/// Every table of the schema, in an order that foreign keys accept when rows are written.
pub(super) const TABLES: &[&str] = &[
    "meta",
    "teams",
    "users",
    "memberships",
    "sessions",
    "services",
    "entities",
    "service_deps",
    "flows",
    "flow_edges",
    "seen_edges",
    "tokens",
    "documents",
    "drills",
    "alerts",
    "deployments",
    "kept_messages",
    "idempotency_keys",
    "evidence",
    "degraders",
    "fact_history",
    "rulebooks",
    "scores",
    "score_history",
    "score_daily",
    "drill_daily",
    "scope_daily",
    "events",
    "event_head",
    "grading_runs",
    "run_batches",
    "job_runs",
    "sources",
    "telemetry",
    "signing_keys",
    "drill_tickets",
    "ticket_results",
    "trusted_publishers",
    "used_identity_tokens",
    "openid_issuers",
    "rate_windows",
    "sign_in_attempts",
    "awards",
    "credential_status",
    "sharing",
    "notification_targets",
    "deliveries",
    "challenges",
    "challenge_teams",
    "challenge_days",
    "challenge_rewards",
    "seasons",
    "season_roster",
    "season_standings",
    "boards_left",
    "reviews",
    "review_evidence",
];

/// Tables with rows that the migrations make: an installation in which nothing was stored yet has those.
pub(super) const SEEDED: &[&str] = &["event_head"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_schema_is_named_once() {
        let schema = concat!(
            include_str!("schema.rs"),
            include_str!("schema/held.rs"),
            include_str!("schema/boards.rs"),
            include_str!("schema/core_flows.rs"),
            include_str!("schema/guard.rs"),
            include_str!("schema/outbox.rs"),
            include_str!("schema/people.rs"),
            include_str!("schema/publishers.rs"),
            include_str!("schema/quests.rs"),
            include_str!("schema/questions.rs"),
            include_str!("schema/rollups.rs"),
            include_str!("schema/signals.rs"),
            include_str!("schema/tickets.rs")
        );
        let mut made: Vec<&str> = schema
            .split("diesel::table! {")
            .skip(1)
            .filter_map(|t| t.lines().find(|l| l.ends_with(") {"))?.trim().split(' ').next())
            .collect();
        let mut named = TABLES.to_vec();
        made.sort_unstable();
        named.sort_unstable();
        assert_eq!(made, named);
    }
}
