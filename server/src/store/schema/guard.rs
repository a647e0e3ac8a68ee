//! Single values, what was taken of limits, and attempts to sign in.

diesel::table! {
    meta (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    rate_windows (key) {
        key -> Text,
        starts_at -> BigInt,
        taken -> BigInt,
    }
}

diesel::table! {
    sign_in_attempts (key) {
        key -> Text,
        failed -> Integer,
        last_at -> BigInt,
        paused_until -> BigInt,
    }
}
