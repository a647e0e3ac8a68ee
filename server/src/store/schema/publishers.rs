//! Trusted publishers, identity tokens that were used, and the keys of issuers.

diesel::table! {
    trusted_publishers (id) {
        id -> Text,
        provider -> Text,
        issuer -> Text,
        repository -> Text,
        repository_lc -> Text,
        owner_id -> Nullable<Text>,
        repository_id -> Nullable<Text>,
        workflow -> Text,
        reusable -> Nullable<Text>,
        environment -> Nullable<Text>,
        git_ref -> Nullable<Text>,
        protected_only -> Bool,
        pull_requests -> Bool,
        scopes -> Text,
        services -> Nullable<Text>,
        teams -> Nullable<Text>,
        created_by -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    used_identity_tokens (issuer, jti) {
        issuer -> Text,
        jti -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    openid_issuers (issuer) {
        issuer -> Text,
        document -> Nullable<Text>,
        keys -> Nullable<Text>,
        fetched_at -> Nullable<BigInt>,
        tried_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        error -> Nullable<Text>,
    }
}
