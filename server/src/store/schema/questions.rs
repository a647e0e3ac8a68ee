//! Reviews and their evidence.

diesel::table! {
    reviews (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        service_id -> Nullable<Text>,
        team_id -> Nullable<Text>,
        state -> Text,
        opened_at -> BigInt,
        changed_at -> BigInt,
        finding -> Nullable<Text>,
        note -> Text,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<Text>,
    }
}

diesel::table! {
    review_evidence (kind, mark) {
        kind -> Text,
        mark -> Text,
        review_id -> Text,
        at -> BigInt,
        sentence -> Text,
        drill_id -> Nullable<Text>,
        seq -> Nullable<BigInt>,
    }
}
