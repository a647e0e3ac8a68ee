//! The day whose standings are told: today, as the picture of all services has it, or a past one, as it was kept.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::app::Tx;
use crate::app::fleet::Picture;
use crate::app::standing::{self, Tally};
use crate::error::{Error, Result};
use crate::store;
use crate::types::{DAY_MS, Timestamp};

/// Days of history before anything is said of a trend.
const HISTORY_DAYS: i32 = 28;

/// A day with its standings.
pub struct Day {
    /// Days since the epoch, in UTC.
    pub day: i32,
    /// It is today.
    pub live: bool,
    /// The services now; of a past day only the tree of teams is taken from it.
    pub picture: Arc<Picture>,
    /// By scope, certificates that end soon; of a past day they were kept.
    expiring: HashMap<(i16, String), i64>,
}

/// `2026-03-01`.
pub fn day_text(day: i32) -> String {
    Timestamp(i64::from(day) * DAY_MS).day_text()
}

/// Reads a day such as `2026-03-01`, or the day (in UTC) of an RFC 3339 instant.
///
/// # Errors
///
/// [`Error::Invalid`] at `pointer` for anything else.
pub fn read_day(pointer: &str, text: &str) -> Result<i32> {
    let day = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok();
    let of_day =
        day.and_then(|day| i32::try_from(day.signed_duration_since(NaiveDate::default()).num_days()).ok());
    of_day
        .or_else(|| Timestamp::parse(&text.replace(' ', "+")).ok().map(Timestamp::day))
        .ok_or_else(|| Error::invalid(pointer, "expected a day such as 2026-03-01, or an RFC 3339 instant"))
}

/// The day on which a period of so many weeks began: the last kept one before it, or the first of all; none while there
/// are less than four weeks of history.
pub fn period_start(tx: &mut Tx<'_>, day: i32, weeks: i32) -> Result<Option<i32>> {
    let Some(first) = store::rollups::first_day(tx.conn)?.filter(|first| *first <= day - HISTORY_DAYS) else {
        return Ok(None);
    };
    Ok(store::rollups::kept_day(tx.conn, day - 7 * weeks)?.or(Some(first)))
}

impl Day {
    /// The standings of a day: of a past one those that were kept on it, or else on the last day before it.
    pub fn of(tx: &mut Tx<'_>, at: Option<i32>) -> Result<Self> {
        let picture = tx.picture()?;
        let today = tx.now.day();
        let at = at.unwrap_or(today);
        if at > today {
            let detail = format!("{} is yet to come: today is {}", day_text(at), day_text(today));
            return Err(Error::invalid("?at", detail));
        }
        if at == today {
            let expiring = picture.expiring(tx.now);
            return Ok(Self { day: today, live: true, picture, expiring });
        }
        if let Some(day) = store::rollups::kept_day(tx.conn, at)? {
            return Ok(Self { day, live: false, picture, expiring: HashMap::new() });
        }
        let first = store::rollups::first_day(tx.conn)?;
        let since = first.map_or_else(
            || "standings are kept from the first grading run on".to_owned(),
            |first| format!("the first day that was kept is {}", day_text(first)),
        );
        Err(Error::invalid("?at", format!("nothing was kept up to {}: {since}", day_text(at))))
    }

    /// The standings of some scopes of a kind, by id; absent where nothing was kept.
    pub fn tallies(&self, tx: &mut Tx<'_>, kind: i16, ids: &[String]) -> Result<HashMap<String, Tally>> {
        if !self.live {
            let rows = store::boards::daily_of(tx.conn, kind, ids, &[self.day])?;
            return Ok(rows.iter().map(|row| (row.scope_id.clone(), Tally::of_day(row))).collect());
        }
        let of = |id: &String| match kind {
            standing::TEAM => self.picture.teams.get(id),
            standing::TIER => id.parse().ok().and_then(|tier: i16| self.picture.tiers.get(&tier)),
            _ => Some(&self.picture.all),
        };
        let now = |id: &String| {
            let mut tally = of(id)?.clone();
            tally.extra.expiring = Some(self.expiring.get(&(kind, id.clone())).copied().unwrap_or(0));
            Some((id.clone(), tally))
        };
        Ok(ids.iter().filter_map(now).collect())
    }

    /// The standing of one scope; of nothing where nothing was kept.
    pub fn tally(&self, tx: &mut Tx<'_>, kind: i16, id: &str) -> Result<Tally> {
        let id = id.to_owned();
        Ok(self.tallies(tx, kind, std::slice::from_ref(&id))?.remove(&id).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_from_a_day_or_an_instant() {
        let day = read_day("?at", "2026-11-22").unwrap();
        assert_eq!(day_text(day), "2026-11-22");
        assert_eq!(read_day("?at", "2026-11-22T23:59:59+00:00").unwrap(), day);
        assert_eq!(read_day("?at", "2026-11-23T00:30:00+01:00").unwrap(), day);
        assert!(read_day("?at", "yesterday").is_err() && read_day("?at", "2026-02-30").is_err());
    }
}
