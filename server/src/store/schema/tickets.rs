//! Signing keys and drill tickets.

diesel::table! {
    signing_keys (id) {
        id -> Text,
        alg -> Text,
        public_key -> Text,
        private_key -> Text,
        created_at -> BigInt,
        active_at -> BigInt,
        retired_at -> Nullable<BigInt>,
        published_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    drill_tickets (id) {
        id -> Text,
        flow -> Nullable<Text>,
        drill -> Text,
        issued_by -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    ticket_results (drill_id) {
        drill_id -> Text,
        ticket_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(drill_tickets, ticket_results);
