//! Challenges, and what is kept of them.

diesel::table! {
    challenges (id) {
        id -> Text,
        slug -> Text,
        title -> Text,
        why -> Text,
        state -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        scope -> Text,
        goal -> Text,
        target -> SmallInt,
        milestones -> Text,
        badge -> Text,
        retrospective -> Text,
        created_by -> Text,
        created_at -> BigInt,
        changed_at -> BigInt,
        start_done -> Nullable<BigInt>,
        start_total -> Nullable<BigInt>,
        end_done -> Nullable<BigInt>,
        end_total -> Nullable<BigInt>,
        milestone -> SmallInt,
        half_time_at -> Nullable<BigInt>,
        ending_at -> Nullable<BigInt>,
        sent_by -> Nullable<Text>,
        sent_key -> Nullable<Text>,
        sent_sha256 -> Nullable<Text>,
    }
}

diesel::table! {
    challenge_teams (challenge_id, team_id) {
        challenge_id -> Text,
        team_id -> Text,
        start_done -> BigInt,
        start_total -> BigInt,
        goal -> SmallInt,
        end_done -> Nullable<BigInt>,
        end_total -> Nullable<BigInt>,
    }
}

diesel::table! {
    challenge_days (challenge_id, day) {
        challenge_id -> Text,
        day -> Integer,
        done -> BigInt,
        total -> BigInt,
    }
}

diesel::table! {
    challenge_rewards (challenge_id, team_id) {
        challenge_id -> Text,
        team_id -> Text,
        at -> BigInt,
    }
}

diesel::joinable!(challenge_rewards -> challenges (challenge_id));
diesel::allow_tables_to_appear_in_same_query!(challenge_rewards, challenges);
