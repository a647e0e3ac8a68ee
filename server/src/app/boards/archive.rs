//! Boards of past seasons, read from their final standings.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use scoring_rules::boards::League;

use super::season::Season;
use super::table::{Entry, Table};
use crate::app::Tx;
use crate::error::Result;
use crate::store;
use crate::store::seasons::FinalRow;

/// Standings read in one query.
const PAGE: i64 = 5_000;
/// Boards of services are large: so many are held in memory at once.
const SERVICES_HELD: usize = 2;
/// Boards of teams.
const TEAMS_HELD: usize = 12;

/// The final standings of one season, of its teams or of its services.
#[derive(Debug, Default)]
pub struct Archive {
    /// The rows by id.
    pub rows: Vec<FinalRow>,
    /// The leagues as they were.
    pub leagues: Vec<League>,
    /// Everybody's worth.
    pub table: Table,
}

/// Those that were read; what is frozen never changes.
pub type Archives = BTreeMap<(bool, Season), Arc<Archive>>;

impl Archive {
    /// The slug of a number.
    pub fn slug(&self, at: u32) -> &str {
        self.rows.get(at as usize).map_or("", |row| row.slug.as_str())
    }

    fn read(tx: &mut Tx<'_>, season: Season, by_team: bool, leagues: &str) -> Result<Self> {
        let subject = if by_team { store::seasons::TEAM } else { store::seasons::SERVICE };
        let name = season.to_string();
        let mut rows: Vec<FinalRow> = Vec::new();
        loop {
            let after = rows.last().map_or_else(String::new, |row| row.id.clone());
            let mut page = store::seasons::finals(tx.conn, &name, subject, &after, PAGE)?;
            let more = page.len() as i64 == PAGE;
            rows.append(&mut page);
            if !more {
                break;
            }
        }
        let entries = (0..).zip(&rows).map(|(at, row)| entry(at, row)).collect();
        let table = if by_team {
            Table { teams: entries, ..Table::default() }
        } else {
            Table { services: entries, ..Table::default() }
        };
        let titles: Vec<(String, String)> = serde_json::from_str(leagues).unwrap_or_default();
        let leagues = titles.into_iter().map(|(id, title)| League { id, title }).collect();
        Ok(Self { rows, leagues, table })
    }
}

fn entry(at: u32, row: &FinalRow) -> Entry {
    let entry = Entry {
        at,
        tier: i8::try_from(row.tier).unwrap_or(4),
        league: u8::try_from(row.league).unwrap_or(0),
        services: u32::try_from(row.services).unwrap_or(0),
        score: row.score,
        gained: row.gained,
        values: [0; 5],
    };
    entry.with([
        row.improved,
        Some(i32::from(row.worth.unwrap_or(row.score))),
        row.streak,
        row.drills,
        row.fallbacks,
    ])
}

/// The archive of a season; empty where none was kept.
pub fn of(tx: &mut Tx<'_>, season: Season, by_team: bool) -> Result<Arc<Archive>> {
    let fleet = Arc::clone(&tx.fleet);
    let held = || fleet.archives.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(archive) = held().get(&(by_team, season)) {
        return Ok(Arc::clone(archive));
    }
    let row = store::seasons::one(tx.conn, &season.to_string())?;
    let Some(row) = row.filter(|row| row.frozen_at.is_some()) else { return Ok(Arc::default()) };
    let archive = Arc::new(Archive::read(tx, season, by_team, &row.leagues)?);
    let mut held = held();
    let most = if by_team { TEAMS_HELD } else { SERVICES_HELD };
    while held.keys().filter(|(of, _)| *of == by_team).count() >= most {
        // The oldest season goes: it is asked for least.
        let Some(oldest) = held.keys().find(|(of, _)| *of == by_team).copied() else { break };
        held.remove(&oldest);
    }
    held.insert((by_team, season), Arc::clone(&archive));
    Ok(archive)
}

/// Leagues as they are stored with a season.
pub fn titles(leagues: &[League]) -> String {
    let pairs: Vec<(&str, &str)> = leagues.iter().map(|l| (l.id.as_str(), l.title.as_str())).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}
