//! One diesel schema for both backends; the migrations on both sides end in it.

mod boards;
mod core_flows;
mod guard;
mod held;
mod outbox;
mod people;
mod publishers;
mod questions;
mod quests;
mod rollups;
mod signals;
mod tickets;

pub use boards::*;
pub use core_flows::*;
pub use guard::{meta, rate_windows, sign_in_attempts};
pub use held::{awards, credential_status, sharing};
pub use outbox::{deliveries, notification_targets};
pub use people::{memberships, sessions, users};
pub use publishers::{openid_issuers, trusted_publishers, used_identity_tokens};
pub use questions::{review_evidence, reviews};
pub use quests::{challenge_days, challenge_rewards, challenge_teams, challenges};
pub use rollups::scope_daily;
pub use signals::{alerts, deployments, kept_messages, sources, telemetry};
pub use tickets::{drill_tickets, signing_keys, ticket_results};

diesel::table! {
    teams (id) {
        id -> Text,
        slug -> Text,
        entity_ref -> Text,
        name -> Text,
        group_type -> Text,
        parent_id -> Nullable<Text>,
        path -> Text,
        source -> Text,
        created_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    degraders (service_id) {
        service_id -> Text,
        settings -> Nullable<Text>,
        settings_from -> Text,
        settings_at -> Nullable<BigInt>,
        profile -> Nullable<Text>,
        profile_from -> Text,
        profile_at -> Nullable<BigInt>,
        observed -> Bool,
        instances -> Text,
        inputs -> Text,
        assessment -> Nullable<Text>,
        assessed_at -> Nullable<BigInt>,
        settings_by_ci -> Bool,
        profile_by_ci -> Bool,
        calls_milli -> Nullable<BigInt>,
    }
}

diesel::table! {
    services (id) {
        id -> Text,
        slug -> Text,
        entity_ref -> Text,
        name -> Text,
        name_lc -> Text,
        team_id -> Nullable<Text>,
        owner_ref -> Nullable<Text>,
        tier -> SmallInt,
        tier_from -> Text,
        lifecycle -> Text,
        service_type -> Nullable<Text>,
        system_ref -> Nullable<Text>,
        description -> Nullable<Text>,
        labels -> Text,
        has_database -> Bool,
        source -> Text,
        created_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    entities (entity_ref) {
        entity_ref -> Text,
        kind -> Text,
        source -> Text,
        content_sha256 -> Text,
        body -> Text,
        updated_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    service_deps (from_id, to_ref) {
        from_id -> Text,
        to_ref -> Text,
    }
}

diesel::table! {
    tokens (id) {
        id -> Text,
        name -> Text,
        sha256 -> Text,
        scopes -> Text,
        services -> Nullable<Text>,
        teams -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        publisher_id -> Nullable<Text>,
        proof -> Nullable<Text>,
    }
}

diesel::table! {
    documents (id) {
        id -> Text,
        format -> Text,
        hints -> Text,
        body -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    drills (id) {
        id -> Text,
        service_id -> Text,
        kind -> Nullable<SmallInt>,
        failure -> Nullable<SmallInt>,
        target -> Text,
        environment -> Text,
        outcome -> SmallInt,
        reason -> Text,
        verdict -> Nullable<SmallInt>,
        note -> Nullable<Text>,
        regression -> Bool,
        exploratory -> Bool,
        rollback -> SmallInt,
        rollback_reason -> Text,
        rollback_ms -> Nullable<BigInt>,
        started_at -> BigInt,
        ended_at -> BigInt,
        received_at -> BigInt,
        detected_ms -> Nullable<BigInt>,
        recovered_ms -> Nullable<BigInt>,
        title -> Nullable<Text>,
        hypothesis -> Nullable<Text>,
        evidence -> Text,
        evidence_class -> SmallInt,
        sender -> Text,
        tool -> Text,
        tool_version -> Nullable<Text>,
        run_id -> Nullable<Text>,
        external_id -> Nullable<Text>,
        document_id -> Nullable<Text>,
        detected_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    evidence (service_id) {
        service_id -> Text,
        states -> Text,
        posted -> Text,
    }
}

diesel::table! {
    idempotency_keys (owner, key) {
        owner -> Text,
        key -> Text,
        content_sha256 -> Text,
        drill_id -> Text,
        answer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    fact_history (id) {
        id -> Text,
        service_id -> Text,
        fact -> Text,
        value -> Text,
        as_of -> BigInt,
        evidence_class -> SmallInt,
        sender -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    rulebooks (hash) {
        hash -> Text,
        source -> Text,
        files -> Text,
        loaded_at -> BigInt,
    }
}

diesel::table! {
    scores (service_id) {
        service_id -> Text,
        book_hash -> Text,
        score -> SmallInt,
        grade -> Text,
        coverage -> SmallInt,
        earned -> BigInt,
        possible -> BigInt,
        capped_by -> Text,
        outcomes -> Text,
        practices -> Text,
        regressions -> Integer,
        graded_at -> BigInt,
        changed_at -> BigInt,
        record -> Text,
        drills_expected -> SmallInt,
        drills_fresh -> SmallInt,
        calls -> SmallInt,
        calls_verified -> SmallInt,
        steady_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    score_history (id) {
        id -> Text,
        service_id -> Text,
        at -> BigInt,
        score -> SmallInt,
        grade -> Text,
        coverage -> SmallInt,
        prev_score -> Nullable<SmallInt>,
        prev_grade -> Nullable<Text>,
        book_hash -> Text,
        cause -> SmallInt,
        moves -> Text,
        sentence -> Text,
        attributes -> Text,
    }
}

diesel::table! {
    score_daily (service_id, day) {
        service_id -> Text,
        day -> Integer,
        score -> SmallInt,
        grade -> Text,
        coverage -> SmallInt,
    }
}

diesel::table! {
    drill_daily (service_id, day, failure, outcome) {
        service_id -> Text,
        day -> Integer,
        failure -> SmallInt,
        outcome -> SmallInt,
        drills -> BigInt,
    }
}

diesel::table! {
    events (seq) {
        seq -> BigInt,
        id -> Text,
        at -> BigInt,
        kind -> Text,
        service_id -> Nullable<Text>,
        team_id -> Nullable<Text>,
        actor -> Text,
        sentence -> Text,
        data -> Text,
        hash -> Text,
        audit -> Nullable<Text>,
    }
}

diesel::table! {
    event_head (id) {
        id -> SmallInt,
        seq -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    grading_runs (id) {
        id -> Text,
        state -> SmallInt,
        started_by -> Text,
        requested_at -> BigInt,
        started_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        as_of -> Nullable<BigInt>,
        services -> BigInt,
        changed -> BigInt,
        errors -> Text,
    }
}

diesel::table! {
    run_batches (run_id, seq) {
        run_id -> Text,
        seq -> Integer,
        after_id -> Text,
        to_id -> Text,
        state -> SmallInt,
        owner -> Text,
        lease_until -> BigInt,
        attempt -> BigInt,
    }
}

diesel::table! {
    job_runs (job, due_at) {
        job -> Text,
        due_at -> BigInt,
        state -> SmallInt,
        owner -> Text,
        lease_until -> BigInt,
        attempt -> BigInt,
    }
}

diesel::joinable!(services -> teams (team_id));
diesel::joinable!(scores -> services (service_id));
diesel::joinable!(awards -> services (service_id));
diesel::joinable!(sharing -> services (service_id));
diesel::joinable!(drills -> services (service_id));
diesel::joinable!(telemetry -> services (service_id));
diesel::allow_tables_to_appear_in_same_query!(
    awards,
    sharing,
    degraders,
    boards_left,
    documents,
    drill_daily,
    drills,
    entities,
    event_head,
    events,
    evidence,
    fact_history,
    grading_runs,
    idempotency_keys,
    job_runs,
    memberships,
    meta,
    rulebooks,
    run_batches,
    scope_daily,
    score_daily,
    score_history,
    scores,
    season_roster,
    season_standings,
    seasons,
    service_deps,
    services,
    sessions,
    sources,
    teams,
    telemetry,
    tokens,
    users,
);
