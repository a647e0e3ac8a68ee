//! What a team's past seasons came to.

use super::table::{Filter, rank};
use super::{Board, Season, Shown, Source, archive};
use crate::app::Tx;
use crate::app::views::SeasonRecord;
use crate::error::Result;
use crate::store;

/// Seasons that are shown.
const SEASONS: i64 = 8;

/// The past seasons of a team, newest first: what it gained, and its places within its league of then.
pub fn of_team(tx: &mut Tx<'_>, team_id: &str) -> Result<Vec<SeasonRecord>> {
    let mut records = Vec::new();
    for past in store::seasons::frozen(tx.conn, SEASONS)? {
        let season = Season::parse(&past.season)?;
        let archive = archive::of(tx, season, true)?;
        let Ok(at) = archive.rows.binary_search_by(|row| row.id.as_str().cmp(team_id)) else { continue };
        let Some(row) = archive.rows.get(at) else { continue };
        let league = u8::try_from(row.league).unwrap_or(0);
        let mut ranks = Vec::new();
        for board in [Board::Improved, Board::Score] {
            let source = Source::Frozen(std::sync::Arc::clone(&archive));
            let order = archive.table.order(board, true, Filter::League(league), |at| archive.slug(at));
            let shown = Shown { source, by_team: true, board, order }.veiled(tx)?;
            let place = shown.order.iter().position(|place| place.entry as usize == at);
            ranks.push(place.and_then(|place| rank(&shown.order, place)));
        }
        let title = archive.leagues.get(usize::from(league)).map(|l| (l.id.clone(), l.title.clone()));
        let (league, league_title) = title.unwrap_or_default();
        records.push(SeasonRecord {
            season: past.season,
            league,
            league_title,
            score: row.score,
            grade: row.grade.clone(),
            gained: row.gained,
            improved: row.improved,
            rank_improved: ranks.first().copied().flatten(),
            rank_score: ranks.get(1).copied().flatten(),
        });
    }
    Ok(records)
}
