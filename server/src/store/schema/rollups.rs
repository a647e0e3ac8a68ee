//! Standings of scopes, kept day by day.

diesel::table! {
    scope_daily (scope_kind, scope_id, day) {
        scope_kind -> SmallInt,
        scope_id -> Text,
        day -> Integer,
        services -> BigInt,
        graded -> BigInt,
        score_sum -> BigInt,
        coverage_sum -> BigInt,
        grades -> Text,
        practices -> Text,
        median -> Nullable<SmallInt>,
        regressions -> Nullable<BigInt>,
        traffic -> Nullable<Text>,
        moved -> Nullable<Text>,
        kept_at -> Nullable<BigInt>,
        certified -> Nullable<BigInt>,
        expiring -> Nullable<BigInt>,
        rules -> Nullable<Text>,
    }
}
