//! Certificates and badges, what verifiers are told of them, and what teams show.

diesel::table! {
    awards (id) {
        id -> Text,
        kind -> SmallInt,
        award -> Text,
        service_id -> Text,
        title -> Text,
        state -> SmallInt,
        book_hash -> Text,
        earned_at -> BigInt,
        renewed_at -> Nullable<BigInt>,
        valid_until -> Nullable<BigInt>,
        bad_since -> Nullable<BigInt>,
        warned -> Bool,
        ended_at -> Nullable<BigInt>,
        reason -> Text,
        score -> SmallInt,
        grade -> Text,
        coverage -> SmallInt,
        proof -> Text,
        proof_sha256 -> Text,
        status_index -> Nullable<BigInt>,
    }
}

diesel::table! {
    credential_status (list_index) {
        list_index -> BigInt,
        award_id -> Text,
        issued_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sharing (service_id) {
        service_id -> Text,
        certificates -> Bool,
        badge_key -> Nullable<Text>,
        changed_at -> BigInt,
    }
}
