//! Tables of what is told of services besides drills: alerts, deployments, messages that nobody understood.

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
