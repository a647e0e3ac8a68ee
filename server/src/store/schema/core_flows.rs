//! Core flows, their edges, calls that were seen.

diesel::table! {
    flows (slug) {
        slug -> Text,
        title -> Text,
        owner_ref -> Nullable<Text>,
        source -> Text,
        body -> Text,
        content_sha256 -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    flow_edges (flow, n) {
        flow -> Text,
        n -> Integer,
        from_ref -> Text,
        to_ref -> Text,
        core -> Bool,
        fallback -> Bool,
    }
}

diesel::table! {
    seen_edges (from_ref, to_ref) {
        from_ref -> Text,
        to_ref -> Text,
        calls_per_second -> Nullable<Double>,
        first_at -> BigInt,
        last_at -> BigInt,
        sender -> Text,
    }
}
