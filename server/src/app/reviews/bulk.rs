//! Passed drills that come in bulk at the end of a season.

use std::collections::HashMap;

use super::finding::Finding;
use super::kind::ReviewKind;
use crate::app::Tx;
use crate::app::boards::Season;
use crate::error::Result;
use crate::store;
use crate::types::{DAY_MS, Outcome};

/// The last days of a season.
const LAST_DAYS: i64 = 3;
/// Days before them that tell the usual pace.
const USUAL_DAYS: i64 = 28;
/// Passed drills in the last days, at least.
const LEAST: i64 = 10;
/// Times the usual pace.
const TIMES: i64 = 4;
/// A team whose first service is younger than so many days before the end has no pace yet.
const YOUNG_DAYS: i64 = 21;
/// A season is looked at when it is over, and so many days after it no more.
const LATE_DAYS: i64 = 14;
/// Where it is kept which season was looked at.
const LOOKED: &str = "reviews.season";

/// The season that ended lately and was not looked at.
fn due(tx: &mut Tx<'_>) -> Result<Option<Season>> {
    let season = Season::at(tx.now).before();
    if tx.now.0 - season.end().0 > LATE_DAYS * DAY_MS {
        return Ok(None);
    }
    let looked = store::books::get(tx.conn, LOOKED)?;
    Ok((looked.as_deref() != Some(&season.to_string())).then_some(season))
}

/// Notes that the season that is over was looked at.
pub(super) fn looked(tx: &mut Tx<'_>) -> Result<()> {
    if let Some(season) = due(tx)? {
        store::books::set(tx.conn, LOOKED, &season.to_string())?;
    }
    Ok(())
}

/// What a team did in the last days and before them.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    last: i64,
    usual: i64,
    began: i64,
}

/// Teams that did far more in the last days of the season than before.
pub(super) fn find(tx: &mut Tx<'_>) -> Result<Vec<Finding>> {
    let Some(season) = due(tx)? else { return Ok(Vec::new()) };
    let end = season.end();
    let last =
        (crate::app::retention::first_id(end.plus_days(-LAST_DAYS)), crate::app::retention::first_id(end));
    let passed = Outcome::Passed.code();
    let arrived: HashMap<String, i64> =
        store::reviews::arrived(tx.conn, (&last.0, &last.1), passed)?.into_iter().collect();
    let ids: Vec<String> = arrived.keys().cloned().collect();
    let services = store::services::by_ids(tx.conn, &ids)?;
    let before = (end.plus_days(-LAST_DAYS - USUAL_DAYS).0, end.plus_days(-LAST_DAYS).0);
    let mut usual: HashMap<String, i64> = HashMap::new();
    for (service, _, n) in store::reviews::passes(tx.conn, &ids, passed, before)? {
        *usual.entry(service).or_default() += n;
    }
    let mut teams: HashMap<&str, Pace> = HashMap::new();
    for service in &services {
        let Some(team) = service.team_id.as_deref() else { continue };
        let pace = teams.entry(team).or_insert(Pace { began: i64::MAX, ..Pace::default() });
        pace.last += arrived.get(&service.id).copied().unwrap_or(0);
        pace.usual += usual.get(&service.id).copied().unwrap_or(0);
        pace.began = pace.began.min(service.created_at);
    }
    let ids: Vec<String> = teams.keys().map(|id| (*id).to_owned()).collect();
    let mut found = Vec::new();
    for (id, _, name) in store::fleet::team_names(tx.conn, &ids)? {
        let Some(pace) = teams.get(id.as_str()) else { continue };
        if !is_bulk(pace.last, pace.usual) || pace.began > end.plus_days(-YOUNG_DAYS).0 {
            continue;
        }
        let said = format!(
            "{name}: {} passed drills arrived in the last {LAST_DAYS} days of the season {season}; in the {USUAL_DAYS} days \
             before them the same services had {}.",
            pace.last, pace.usual
        );
        let mark = format!("{id}:{season}");
        found.push(Finding::of_team(ReviewKind::BulkAtSeasonEnd, &id, mark, (end, said)));
    }
    Ok(found)
}

/// Whether the last days saw many drills, and more than [`TIMES`] the usual pace: last / 3 > 4 x usual / 28.
const fn is_bulk(last: i64, usual: i64) -> bool {
    last >= LEAST && last * USUAL_DAYS > TIMES * usual * LAST_DAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_pace_is_no_bulk() {
        assert!(!is_bulk(30, 280), "ten a day, as ever");
        assert!(!is_bulk(9, 0), "too few to matter");
        assert!(is_bulk(10, 0));
        // Four times one a day over three days are twelve.
        assert!(!is_bulk(12, 28) && is_bulk(13, 28));
    }
}
