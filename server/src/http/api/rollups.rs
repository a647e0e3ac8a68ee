//! Standings added up by scope, and what moved them.

use actix_web::{HttpRequest, HttpResponse};

use super::whole;
use crate::app::overview::{AskOverview, period};
use crate::app::rollups::day::read_day;
use crate::app::rollups::{self as uses, By};
use crate::app::views::{Points, Rollup, RuleMoved};
use crate::error::Result;
use crate::http::csv::{cell, table};
use crate::http::query::Query;
use crate::http::{Shared, conditional};

/// `GET /api/v1/rollups`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let by = By::of(&query.text("by").unwrap_or_default());
    let at = query.text("at").map(|text| read_day("?at", &text)).transpose()?;
    let scope = query.text("scope");
    let lines = app.read(move |tx| uses::rollups(tx, by, at, scope.as_deref())).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &whole(lines));
    }
    table(&req, "rollup", &rollup_columns(&lines), lines.iter().map(rollup_cells).collect())
}

/// The columns of a rollup: what each line says, and a column for each letter of the rulebook.
fn rollup_columns(lines: &[Rollup]) -> Vec<&str> {
    let mut columns = vec![
        "key",
        "name",
        "services",
        "graded",
        "score",
        "grade",
        "coverage",
        "regressions",
        "median",
        "trend",
        "parent",
        "day",
        "certified",
        "certified_pct",
        "expiring",
    ];
    let letters = lines.first().map_or(&[][..], |line| &line.grades);
    columns.extend(letters.iter().map(|count| count.grade.as_deref().unwrap_or("not graded")));
    columns
}

fn rollup_cells(line: &Rollup) -> Vec<String> {
    let mut cells = vec![
        line.key.clone(),
        line.name.clone(),
        line.services.to_string(),
        line.graded.to_string(),
        cell(line.score),
        cell(line.grade.as_ref()),
        cell(line.coverage),
        cell(line.regressions),
        cell(line.median),
        cell(line.trend),
        cell(line.parent.as_ref()),
        line.day.clone(),
        cell(line.certified),
        cell(line.certified_pct),
        cell(line.expiring),
    ];
    cells.extend(line.grades.iter().map(|count| count.services.to_string()));
    cells
}

/// `GET /api/v1/rollups/moved`
pub async fn moved(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let ask = AskOverview {
        scope: query.text("scope"),
        at: query.text("at").map(|text| read_day("?at", &text)).transpose()?,
        weeks: period(query.text("weeks").as_deref())?,
    };
    let view = app.read(move |tx| uses::moved::moved(tx, &ask)).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &view);
    }
    let columns = &["rule", "title", "practice", "gained", "lost", "points_gained", "points_lost"];
    table(&req, "moved", columns, view.items.iter().map(moved_cells).collect())
}

fn moved_cells(one: &RuleMoved) -> Vec<String> {
    vec![
        one.rule.clone(),
        one.title.clone(),
        cell(one.practice.as_ref()),
        one.gained.to_string(),
        one.lost.to_string(),
        points(one.points_gained),
        points(one.points_lost),
    ]
}

/// Points as a plain decimal.
fn points(points: Points) -> String {
    let (whole, rest) = (points.0 / 1_000, points.0 % 1_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}").trim_end_matches('0').to_owned() }
}
