//! Tables of what is told of services besides drills: alerts, deployments, telemetry, messages that nobody understood.

diesel::table! {
    alerts (id) {
        id -> Text,
        service_id -> Text,
        starts_at -> BigInt,
        fingerprint -> Text,
        environment -> Text,
        name -> Text,
        summary -> Text,
        ends_at -> Nullable<BigInt>,
        sender -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    deployments (id) {
        id -> Text,
        service_id -> Text,
        environment -> Text,
        once -> Text,
        version -> Text,
        kind -> SmallInt,
        deployed_at -> BigInt,
        url -> Nullable<Text>,
        external_id -> Nullable<Text>,
        sender -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    kept_messages (id) {
        id -> Text,
        once -> Text,
        format -> Text,
        hints -> Text,
        sender -> Text,
        reason -> Text,
        body -> Text,
        bytes -> BigInt,
        received_at -> BigInt,
    }
}

diesel::table! {
    sources (name) {
        name -> Text,
        version -> Text,
        last_try_at -> Nullable<BigInt>,
        last_success_at -> Nullable<BigInt>,
        away_since -> Nullable<BigInt>,
        last_error -> Text,
        failures -> Integer,
        next_at -> BigInt,
    }
}

diesel::table! {
    telemetry (source, service_id) {
        source -> Text,
        service_id -> Text,
        collected_at -> Nullable<BigInt>,
        tried_at -> BigInt,
        error -> Text,
        attention -> SmallInt,
        body -> Text,
    }
}
