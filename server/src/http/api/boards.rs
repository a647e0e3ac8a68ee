//! Leaderboards, and standings added up by team, tier or practice.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::services::collect;
use super::whole;
use crate::app::boards::{self as uses, AskBoard};
use crate::app::standing::{self, Tally};
use crate::app::views::{BoardRow, GradeCount, Page};
use crate::app::{Book, Tx};
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

/// One line of a rollup.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rollup {
    /// Slug of the team, number of the tier, id of the practice.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Services; of a practice, those it applies to.
    pub services: i64,
    /// Of them graded.
    pub graded: i64,
    /// Mean score, rounded down; null while nothing is graded.
    pub score: Option<i16>,
    /// Letter of the mean.
    pub grade: Option<String>,
    /// Mean coverage in percent; null for a practice.
    pub coverage: Option<i64>,
    /// Services by grade; empty for a practice.
    pub grades: Vec<GradeCount>,
    /// Open regressions; null for a practice.
    pub regressions: Option<i64>,
}

/// `GET /api/v1/rollups`
pub async fn rollup(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let by = query.text("by").unwrap_or_else(|| "team".to_owned());
    let lines = app.read(move |tx| add_up(tx, &by)).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &whole(lines));
    }
    let columns = &["key", "name", "services", "graded", "score", "grade", "coverage", "regressions"];
    table(&req, "rollup", columns, lines.iter().map(rollup_cells).collect())
}

fn add_up(tx: &mut Tx<'_>, by: &str) -> Result<Vec<Rollup>> {
    let tallies = tx.picture()?;
    let veil = tx.veil()?;
    let book = Arc::clone(&tx.book);
    Ok(match by {
        "tier" => tallies
            .tiers
            .iter()
            .map(|(tier, tally)| line(&book, tier.to_string(), format!("Tier {tier}"), tally))
            .collect(),
        "practice" => by_practice(&book, &tallies.all),
        _ => {
            let none = Tally::default();
            let living = tallies
                .tree
                .rows()
                .iter()
                .filter(|team| team.removed_at.is_none() && !veil.hides_team(&team.id));
            living
                .map(|team| {
                    let tally = tallies.teams.get(&team.id).unwrap_or(&none);
                    line(&book, team.slug.clone(), team.name.clone(), tally)
                })
                .collect()
        }
    })
}

fn line(book: &Book, key: String, name: String, tally: &Tally) -> Rollup {
    Rollup {
        key,
        name,
        services: tally.services,
        graded: tally.graded,
        score: tally.mean(),
        grade: standing::letter_of(&book.rulebook, tally.mean()),
        coverage: tally.coverage_sum.checked_div(tally.graded),
        grades: standing::grade_counts(&book.rulebook, &tally.grades),
        regressions: Some(tally.regressions),
    }
}

fn by_practice(book: &Book, all: &Tally) -> Vec<Rollup> {
    standing::practice_means(&book.rulebook, all)
        .into_iter()
        .map(|mean| {
            let services = all.practices.get(&mean.id).map_or(0, |(_, count)| *count);
            Rollup {
                key: mean.id,
                name: mean.title,
                services,
                graded: services,
                score: mean.score,
                grade: standing::letter_of(&book.rulebook, mean.score),
                coverage: None,
                grades: Vec::new(),
                regressions: None,
            }
        })
        .collect()
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
    ]
}
