//! Seasons, who took part, final standings, teams that left the boards.

diesel::table! {
    seasons (season) {
        season -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        opened_at -> BigInt,
        frozen_at -> Nullable<BigInt>,
        leagues -> Text,
    }
}

diesel::table! {
    season_roster (season, service_id) {
        season -> Text,
        service_id -> Text,
        team_id -> Nullable<Text>,
        tier -> SmallInt,
        system_ref -> Nullable<Text>,
        base -> SmallInt,
        arrived -> Bool,
    }
}

diesel::table! {
    season_standings (season, subject, id) {
        season -> Text,
        subject -> SmallInt,
        id -> Text,
        slug -> Text,
        name -> Text,
        group_name -> Nullable<Text>,
        tier -> SmallInt,
        league -> SmallInt,
        services -> Integer,
        score -> SmallInt,
        grade -> Text,
        gained -> SmallInt,
        improved -> Nullable<Integer>,
        streak -> Nullable<Integer>,
        drills -> Nullable<Integer>,
        fallbacks -> Nullable<Integer>,
        grades -> Text,
        worth -> Nullable<SmallInt>,
    }
}

diesel::table! {
    boards_left (team_id) {
        team_id -> Text,
        left_at -> BigInt,
    }
}
