//! Whom to tell, and what waits to be told.

diesel::table! {
    notification_targets (id) {
        id -> Text,
        kind -> SmallInt,
        name -> Text,
        team_id -> Nullable<Text>,
        wants -> Text,
        shown -> Text,
        sealed -> Text,
        unsubscribe -> Nullable<Text>,
        paused -> Bool,
        why -> Text,
        since -> BigInt,
        created_by -> Text,
        created_at -> BigInt,
        from_seq -> BigInt,
        digest_at -> Nullable<BigInt>,
        digest_seq -> BigInt,
        due_at -> Nullable<BigInt>,
        failures -> Integer,
        pending -> BigInt,
        skipped -> BigInt,
        delivered -> BigInt,
        failed -> BigInt,
        tried_at -> Nullable<BigInt>,
        succeeded_at -> Nullable<BigInt>,
        error -> Text,
        owner -> Text,
        lease_until -> BigInt,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        target_id -> Text,
        message_id -> Text,
        kind -> Text,
        body -> Text,
        state -> SmallInt,
        attempts -> Integer,
        next_at -> Nullable<BigInt>,
        status -> Nullable<Integer>,
        error -> Text,
        created_at -> BigInt,
        done_at -> Nullable<BigInt>,
    }
}
