//! Leaderboards.

use actix_web::{HttpRequest, HttpResponse};

use super::services::collect;
use crate::app::Tx;
use crate::app::boards::{self as uses, AskBoard};
use crate::app::views::{BoardRow, Page};
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
