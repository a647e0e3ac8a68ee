//! Leaderboards, and standings added up by scope.

use actix_web::{HttpRequest, HttpResponse};

use super::services::collect;
use super::whole;
use crate::app::Tx;
use crate::app::boards::{self as uses, AskBoard};
use crate::app::rollups::day::read_day;
use crate::app::rollups::{By, rollups};
use crate::app::views::{BoardRow, Page, Rollup};
use crate::error::Result;
use crate::http::csv::{cell, table};
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// Rows of a board unless fewer are asked for.
const MOST_ROWS: i64 = 500;

/// `GET /api/v1/leaderboards/{board}`
pub async fn board(app: Shared, req: HttpRequest, Name(board): Name, query: Query) -> Result<HttpResponse> {
    let ask = AskBoard {
        board,
        by: query.text("by").unwrap_or_else(|| "team".to_owned()),
        league: query.text("league").unwrap_or_else(|| "all".to_owned()),
        season: query.text("season"),
        cursor: query.text("cursor"),
        limit: query.whole("limit").unwrap_or(MOST_ROWS),
        own: None,
    };
    if !query.wants_csv() {
        let view = app.read(move |tx| uses::board(tx, &ask)).await?;
        return conditional::json(&req, &view);
    }
    let all = !query.names_a_page();
    let page = move |tx: &mut Tx<'_>, cursor: Option<String>| {
        let cursor = cursor.or_else(|| ask.cursor.clone());
        let view = uses::board(tx, &AskBoard { cursor, ..ask.clone() })?;
        Ok(Page { items: view.items, next: view.next })
    };
    let rows = app.read(move |tx| collect(tx, all, page)).await?;
    let columns =
        &["rank", "slug", "name", "group", "score", "grade", "gained", "value", "league", "services"];
    table(&req, "leaderboard", columns, rows.iter().map(board_cells).collect())
}

fn board_cells(row: &BoardRow) -> Vec<String> {
    vec![
        cell(row.rank),
        row.slug.clone(),
        row.name.clone(),
        cell(row.group.as_ref()),
        row.score.to_string(),
        row.grade.clone(),
        row.gained.to_string(),
        row.value.to_string(),
        cell(row.league.as_ref()),
        row.services.to_string(),
    ]
}

/// `GET /api/v1/rollups`
pub async fn rollup(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let by = By::of(&query.text("by").unwrap_or_default());
    let at = query.text("at").map(|text| read_day("?at", &text)).transpose()?;
    let lines = app.read(move |tx| rollups(tx, by, at)).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &whole(lines));
    }
    let columns = &[
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
    ];
    table(&req, "rollup", columns, lines.iter().map(rollup_cells).collect())
}

fn rollup_cells(line: &Rollup) -> Vec<String> {
    vec![
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
    ]
}
