//! Standings of scopes: all services, each team with everything below it, each tier; kept once a day.

mod kept;

use std::collections::BTreeMap;

use scoring_rules::Rulebook;

use self::kept::DayMoved;
pub use self::kept::{Moved, RuleSums, RulesMoved, rows_of};
use super::views::{GradeCount, PracticeMean, Standing};
use super::{Tx, boards};
use crate::error::Result;
use crate::store;
use crate::store::boards::DailyRow;
use crate::types::Timestamp;

/// Scope kind: everything.
pub const ALL: i16 = 0;
/// Scope kind: a team with all below it.
pub const TEAM: i16 = 1;
/// Scope kind: a tier.
pub const TIER: i16 = 2;

/// Sums over the services of one scope.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Services.
    pub services: i64,
    /// Of them graded.
    pub graded: i64,
    /// Sum of their scores.
    pub score_sum: i64,
    /// Sum of the coverage of graded services.
    pub coverage_sum: i64,
    /// Services by letter; the empty letter is "not graded".
    pub grades: BTreeMap<String, i64>,
    /// Per practice: sum of scores and number of services.
    pub practices: BTreeMap<String, (i64, i64)>,
    /// Open regressions.
    pub regressions: i64,
    /// What was not kept from the first day on.
    pub extra: Extra,
}

/// Sums that are only known now, and of days since they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// The middle score; of an even number the mean of the two in the middle, rounded down.
    pub median: Option<i16>,
    /// Open regressions.
    pub regressions: Option<i64>,
    /// By letter: services whose traffic is known, and their calls a second in thousandths.
    pub traffic: Option<BTreeMap<String, (i64, i64)>>,
    /// By cause: points that scores moved by that day, up and down, and how many moved.
    pub moved: Option<Moved>,
    /// Services with a certificate in force.
    pub certified: Option<i64>,
    /// Certificates that are held and end within [`EXPIRING_DAYS`] unless they are renewed.
    pub expiring: Option<i64>,
    /// By rule: what its outcomes moved that day.
    pub rules: Option<RulesMoved>,
}

/// Days within which a certificate that ends counts as expiring.
pub const EXPIRING_DAYS: i64 = 30;

impl Tally {
    /// A kept day.
    pub fn of_day(row: &DailyRow) -> Self {
        Self {
            services: row.services,
            graded: row.graded,
            score_sum: row.score_sum,
            coverage_sum: row.coverage_sum,
            grades: serde_json::from_str(&row.grades).unwrap_or_default(),
            practices: serde_json::from_str(&row.practices).unwrap_or_default(),
            regressions: row.regressions.unwrap_or(0),
            extra: Extra {
                median: row.median,
                regressions: row.regressions,
                traffic: row.traffic.as_ref().and_then(|text| serde_json::from_str(text).ok()),
                moved: row.moved.as_ref().and_then(|text| serde_json::from_str(text).ok()),
                certified: row.certified,
                expiring: row.expiring,
                rules: row.rules.as_ref().and_then(|text| serde_json::from_str(text).ok()),
            },
        }
    }

    /// Share of services with a certificate in force, in percent, rounded down; none of nothing, and where it was not kept.
    pub fn certified_pct(&self) -> Option<i64> {
        (100 * self.extra.certified?).checked_div(self.services)
    }

    /// Mean score, rounded down; none while nothing is graded.
    pub fn mean(&self) -> Option<i16> {
        mean(self.score_sum, self.graded)
    }

    fn row(&self, kind: i16, id: &str, day: i32, moved: &DayMoved, kept_at: Timestamp) -> DailyRow {
        DailyRow {
            scope_kind: kind,
            scope_id: id.to_owned(),
            day,
            services: self.services,
            graded: self.graded,
            score_sum: self.score_sum,
            coverage_sum: self.coverage_sum,
            grades: serde_json::to_string(&self.grades).unwrap_or_default(),
            practices: serde_json::to_string(&self.practices).unwrap_or_default(),
            median: self.extra.median,
            regressions: self.extra.regressions,
            traffic: self.extra.traffic.as_ref().and_then(|sums| serde_json::to_string(sums).ok()),
            moved: serde_json::to_string(&moved.causes).ok(),
            kept_at: Some(kept_at.0),
            certified: self.extra.certified,
            expiring: self.extra.expiring,
            rules: serde_json::to_string(&moved.rules).ok(),
        }
    }
}

/// A mean, rounded down; none of nothing.
pub fn mean(sum: i64, count: i64) -> Option<i16> {
    if count == 0 { None } else { i16::try_from(sum.div_euclid(count)).ok() }
}

/// The days a trend is drawn over: the last day of each of the last `weeks` weeks, today last.
pub fn week_days(now: Timestamp, weeks: i32) -> Vec<i32> {
    let today = now.day();
    (0..weeks).rev().map(|back| today - 7 * back).collect()
}

/// Mean scores on those days; today comes from the live tally.
pub fn weeks_of(days: &[i32], kept: &[DailyRow], live: &Tally) -> Vec<Option<i16>> {
    let last = days.last().copied();
    days.iter()
        .map(|day| {
            if Some(*day) == last {
                return live.mean();
            }
            kept.iter().find(|r| r.day == *day).and_then(|r| mean(r.score_sum, r.graded))
        })
        .collect()
}

/// Services by grade, in the rulebook's order, "not graded" last.
pub fn grade_counts(book: &Rulebook, grades: &BTreeMap<String, i64>) -> Vec<GradeCount> {
    let mut counts: Vec<GradeCount> = book
        .bands()
        .iter()
        .map(|b| GradeCount {
            grade: Some(b.letter.clone()),
            services: grades.get(&b.letter).copied().unwrap_or(0),
        })
        .collect();
    counts.push(GradeCount { grade: None, services: grades.get("").copied().unwrap_or(0) });
    counts
}

/// The letter of a mean score.
pub fn letter_of(book: &Rulebook, score: Option<i16>) -> Option<String> {
    let score = u8::try_from(score?).ok()?;
    book.bands().get(book.band_for(score)).map(|b| b.letter.clone())
}

/// Practice means in the rulebook's order.
pub fn practice_means(book: &Rulebook, tally: &Tally) -> Vec<PracticeMean> {
    book.practices()
        .iter()
        .map(|p| {
            let (sum, n) = tally.practices.get(&p.id).copied().unwrap_or((0, 0));
            PracticeMean { id: p.id.clone(), title: p.title.clone(), score: mean(sum, n) }
        })
        .collect()
}

/// Where a scope stands now.
pub fn standing(tx: &mut Tx<'_>, kind: i16, id: &str, live: &Tally) -> Result<Standing> {
    let days = week_days(tx.now, 12);
    let kept = store::boards::daily(tx.conn, kind, id, &days)?;
    let weeks = weeks_of(&days, &kept, live);
    let month = store::boards::daily(tx.conn, kind, id, &[tx.now.day() - 30])?;
    let before = month.first().and_then(|r| mean(r.score_sum, r.graded));
    let book = std::sync::Arc::clone(&tx.book);
    Ok(Standing {
        services: live.services,
        graded: live.graded,
        score: live.mean(),
        grade: letter_of(&book.rulebook, live.mean()),
        coverage: mean(live.coverage_sum, live.graded).unwrap_or(0),
        grades: grade_counts(&book.rulebook, &live.grades),
        gained_30d: live.mean().zip(before).map(|(now, then)| now - then),
        regressions: live.regressions,
        streak_weeks: boards::streak_weeks(tx, (kind == TEAM).then_some(id))?,
        weeks,
    })
}
