//! What is kept beside a picture of all services: who takes part in the season, and everybody's worth on the boards.

use std::sync::{Arc, PoisonError};

use scoring_rules::boards::Leagues;

use super::board::Board;
use super::cohort::Cohort;
use super::season::Season;
use super::table::{Filter, Table};
use crate::app::fleet::Picture;
use crate::error::Result;
use crate::store::Conn;
use crate::types::Timestamp;

/// What was made for one picture.
#[derive(Debug, Default)]
pub struct Kept {
    cohort: Option<(Season, Arc<Cohort>)>,
    table: Option<(Season, i32, Leagues, Arc<Table>)>,
    /// The leagues that were asked for last.
    leagues: Leagues,
}

impl Kept {
    /// Takes over who takes part in the season: that stays as it was. Services that are new since then start at nothing,
    /// and are read with the next picture after a grading run.
    pub fn take_over(&mut self, earlier: &Self, from: &Picture, to: &Picture) {
        self.leagues.clone_from(&earlier.leagues);
        // A run under way writes as of its beginning, so a season's first day may still move once; its end settles that.
        if !to.is_small() && to.same_run(from) {
            self.cohort.clone_from(&earlier.cohort);
        }
    }
}

/// The boards of a season that is not over.
pub fn table(
    conn: &mut Conn,
    picture: &Picture,
    season: Season,
    leagues: &Leagues,
    now: Timestamp,
) -> Result<Arc<Table>> {
    // Held while it is made: of many readers who ask at once, one makes it.
    let mut kept = picture.boards.lock().unwrap_or_else(PoisonError::into_inner);
    // Streaks grow by the day, also while nothing happens.
    if let Some((of, day, by, table)) = &kept.table
        && (*of, *day, by) == (season, now.day(), leagues)
    {
        return Ok(Arc::clone(table));
    }
    let cohort = match &kept.cohort {
        Some((of, cohort)) if *of == season => Arc::clone(cohort),
        _ => Arc::new(Cohort::read(conn, season)?),
    };
    let table = Arc::new(Table::make(picture, &cohort, leagues, now));
    kept.cohort = Some((season, cohort));
    kept.leagues.clone_from(leagues);
    kept.table = Some((season, now.day(), leagues.clone(), Arc::clone(&table)));
    Ok(table)
}

/// Makes for a new picture the boards that most readers ask for, so that none of them waits for it.
pub fn warm(conn: &mut Conn, picture: &Picture, now: Timestamp) -> Result<()> {
    let leagues = picture.boards.lock().unwrap_or_else(PoisonError::into_inner).leagues.clone();
    let table = table(conn, picture, Season::at(now), &leagues, now)?;
    for board in [Board::Improved, Board::Score] {
        table.order(board, true, Filter::All, |at| picture.team_slug(at));
        table.order(board, false, Filter::All, |at| picture.service_slug(at));
    }
    Ok(())
}
