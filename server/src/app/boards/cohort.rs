//! Who takes part in a season: each service with its team, its weight and its score of the season's first day.
//!
//! All boards count these, whatever is moved, split, weighed anew or removed later: that counts from the
//! next season on. So nobody gains or loses by a change of the catalog.

use std::collections::HashMap;

use scoring_rules::boards::Stood;

use super::season::Season;
use crate::app::fleet::Ranked;
use crate::error::Result;
use crate::store::seasons::{Gone, Missing, RosterRow};
use crate::store::{self, Conn};

/// Services read in one query.
const PAGE: i64 = 5_000;

/// A service of a season.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Id of the service.
    pub id: Box<str>,
    /// Number of its team in [`Cohort::teams`]; none while it had no owner.
    pub team: Option<u32>,
    /// Number of its system.
    pub system: Option<u32>,
    /// Its tier then.
    pub tier: u8,
    /// Where it stood.
    pub stood: Stood,
    /// How it stood last, if it was removed since.
    pub gone: Option<Box<Ranked>>,
}

/// All services of a season, in id order.
#[derive(Debug, Default)]
pub struct Cohort {
    /// The services.
    pub rows: Vec<Enrolled>,
    /// Ids of teams by number.
    pub teams: Vec<String>,
    numbers: HashMap<String, u32>,
    systems: HashMap<String, u32>,
}

impl Cohort {
    /// Reads the roster of a season, and who is not on it yet as they will be.
    pub fn read(conn: &mut Conn, season: Season) -> Result<Self> {
        let mut cohort = Self::default();
        let name = season.to_string();
        let mut after = String::new();
        loop {
            let rows = store::seasons::roster(conn, &name, &after, PAGE)?;
            for row in &rows {
                cohort.add(row);
            }
            match rows.last() {
                Some(last) if rows.len() as i64 == PAGE => after.clone_from(&last.service_id),
                _ => break,
            }
        }
        each_missing(conn, season, |_, rows| {
            for row in &rows {
                cohort.add(row);
            }
            Ok(())
        })?;
        cohort.rows.sort_by(|a, b| a.id.cmp(&b.id));
        for gone in store::seasons::gone(conn, &name)? {
            if let Ok(at) = cohort.rows.binary_search_by(|row| (*row.id).cmp(gone.service_id.as_str()))
                && let Some(row) = cohort.rows.get_mut(at)
            {
                row.gone = (gone.score >= 0).then(|| Box::new(stood_last(gone)));
            }
        }
        Ok(cohort)
    }

    fn add(&mut self, row: &RosterRow) {
        let team = row.team_id.as_ref().map(|id| {
            let next = u32::try_from(self.teams.len()).unwrap_or(u32::MAX);
            *self.numbers.entry(id.clone()).or_insert_with(|| {
                self.teams.push(id.clone());
                next
            })
        });
        let next = u32::try_from(self.systems.len()).unwrap_or(u32::MAX);
        let system = row.system_ref.as_ref().map(|name| *self.systems.entry(name.clone()).or_insert(next));
        self.rows.push(Enrolled {
            id: row.service_id.as_str().into(),
            team,
            system,
            tier: u8::try_from(row.tier).unwrap_or(4),
            stood: Stood { base: u8::try_from(row.base).unwrap_or(0), arrived: row.arrived },
            gone: None,
        });
    }
}

/// Calls for all graded services that are not on the roster of a season, in parts, with the rows they will have there.
pub fn each_missing(
    conn: &mut Conn,
    season: Season,
    mut f: impl FnMut(&mut Conn, Vec<RosterRow>) -> Result<()>,
) -> Result<()> {
    let (name, start) = (season.to_string(), season.start().0);
    let mut after = String::new();
    loop {
        let rows = store::seasons::missing(conn, &name, start, &after, PAGE)?;
        let more = rows.len() as i64 == PAGE;
        if let Some(last) = rows.last() {
            after.clone_from(&last.service_id);
        }
        f(conn, rows.into_iter().map(|row| enrolled(&name, row)).collect())?;
        if !more {
            return Ok(());
        }
    }
}

/// A removed service as it stood last; it has no team, letter or traffic any more.
fn stood_last(gone: Gone) -> Ranked {
    Ranked {
        id: gone.service_id.into(),
        slug: "".into(),
        score: gone.score,
        tier: 4,
        grade: 0,
        team: None,
        system: None,
        drills: (gone.drills_expected, gone.drills_fresh),
        calls: (gone.calls, gone.calls_verified),
        steady_since: gone.steady_since,
        broken: gone.regressions > 0,
        calls_milli: -1,
    }
}

fn enrolled(season: &str, row: Missing) -> RosterRow {
    let stood = row.stood.filter(|score| *score >= 0);
    RosterRow {
        season: season.to_owned(),
        service_id: row.service_id,
        team_id: row.team_id,
        tier: row.tier,
        system_ref: row.system_ref,
        base: stood.or(row.came).unwrap_or(row.score),
        arrived: stood.is_none(),
    }
}
