//! The calls of rollups: where scopes stand, and what moved them.

use super::{Route, get, json};
use crate::app::views;
use crate::http::api::rollups;
use crate::http::openapi::{json_of, page_of};
use crate::http::query::{FORMAT, Kind, param};

/// Every call of rollups.
pub(super) const ROUTES: &[Route] = &[
    get("/api/v1/rollups", |r| r.to(rollups::list))
        .doc("boards", "Counts by grade, mean and median scores by company, division, team, tier or practice, now or on a past day")
        .query(&[
            param(
                "by",
                Kind::Word(&["company", "division", "team", "tier", "practice"]),
                "What is added up; team unless said otherwise",
            ),
            param("at", Kind::Text, "A day such as 2026-03-01, as it was kept then; now unless said otherwise"),
            param("scope", Kind::Text, "With by=team: slug of a team, which is told with all below it"),
            FORMAT,
        ])
        .gives(&[json(200, "One line each.", page_of::<views::Rollup>)]),
    get("/api/v1/rollups/moved", |r| r.to(rollups::moved))
        .doc("boards", "What moved the score over a period, by rule: services that gained or lost, and points of the rule")
        .query(&[
            param("scope", Kind::Text, "Slug of a team, with all below it; everything unless said otherwise"),
            param("at", Kind::Text, "The day on which the period ends, such as 2026-03-01; now unless said otherwise"),
            param("weeks", Kind::Word(&["4", "13", "26", "52"]), "Weeks of the period; 13 unless said otherwise"),
            FORMAT,
        ])
        .gives(&[json(200, "Rules, the most points first.", json_of::<views::MovedView>)]),
];
