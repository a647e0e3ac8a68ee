//! People, their teams and their sessions.

diesel::table! {
    users (id) {
        id -> Text,
        login -> Text,
        name -> Text,
        email -> Nullable<Text>,
        role -> SmallInt,
        issuer -> Text,
        subject -> Text,
        password -> Nullable<Text>,
        created_at -> BigInt,
        signed_in_at -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    memberships (user_id, team_id) {
        user_id -> Text,
        team_id -> Text,
        lead -> Bool,
        from_groups -> Bool,
    }
}

diesel::table! {
    sessions (sha256) {
        sha256 -> Text,
        id -> Text,
        user_id -> Text,
        created_at -> BigInt,
        used_at -> BigInt,
        ends_at -> BigInt,
        address -> Nullable<Text>,
        agent -> Nullable<Text>,
    }
}
