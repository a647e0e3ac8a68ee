//! The standings of a day, as they are kept: of every scope its sums, and what moved scores and rules that day.

use std::collections::{BTreeMap, HashMap};

use scoring_rules::{Outcome, Rulebook};
use serde::{Deserialize, Serialize};

use super::{ALL, TEAM, TIER, Tally};
use crate::app::Tx;
use crate::app::fleet::Picture;
use crate::app::grading::Cause;
use crate::app::views::RuleMove;
use crate::error::Result;
use crate::store;
use crate::store::boards::DailyRow;
use crate::types::DAY_MS;

/// By cause: points, and changes.
pub type Moved = BTreeMap<String, (i64, i64)>;
/// By id of a rule: what its outcomes moved.
pub type RulesMoved = BTreeMap<String, RuleSums>;

/// What the outcomes of one rule moved. Points are those of the rule, in thousandths: all of them where it passed, half
/// where it passed in part (of which share is not kept with an outcome), none where it failed or is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSums {
    /// How often a service got a better outcome.
    #[serde(rename = "g")]
    pub gained: i64,
    /// How often a service got a worse one.
    #[serde(rename = "l")]
    pub lost: i64,
    /// Points gained.
    #[serde(rename = "p")]
    pub gained_milli: i64,
    /// Points lost.
    #[serde(rename = "m")]
    pub lost_milli: i64,
}

impl RuleSums {
    /// Adds what moved elsewhere, or on another day.
    pub fn add(&mut self, other: Self) {
        self.gained += other.gained;
        self.lost += other.lost;
        self.gained_milli += other.gained_milli;
        self.lost_milli += other.lost_milli;
    }

    /// What one move of an outcome comes to, so many times; none where it moves no points: waived, not applicable, and
    /// sources that are broken are neither better nor worse.
    fn of(book: &Rulebook, one: &RuleMove, times: i64) -> Option<Self> {
        let points = i64::from(book.rule(&one.rule)?.points);
        let milli = (share(&one.after)? - share(&one.before)?) * points * times;
        Some(match share(&one.after)?.cmp(&share(&one.before)?) {
            std::cmp::Ordering::Greater => Self { gained: times, gained_milli: milli, ..Self::default() },
            std::cmp::Ordering::Less => Self { lost: times, lost_milli: -milli, ..Self::default() },
            std::cmp::Ordering::Equal => return None,
        })
    }
}

/// The share of a rule's points that an outcome counts as here, in thousandths; none where it counts nothing either way.
fn share(outcome: &str) -> Option<i64> {
    match Outcome::ALL.into_iter().find(|known| known.as_str() == outcome)? {
        Outcome::Pass => Some(1_000),
        Outcome::Partial => Some(500),
        Outcome::Fail | Outcome::Unknown => Some(0),
        Outcome::Error | Outcome::Waived | Outcome::NotApplicable => None,
    }
}

/// What moved within a day, of one scope.
#[derive(Clone, Debug, Default)]
pub(super) struct DayMoved {
    /// Scores, by cause.
    pub(super) causes: Moved,
    /// Outcomes, by rule.
    pub(super) rules: RulesMoved,
}

impl DayMoved {
    fn add(&mut self, other: &Self) {
        for (cause, (points, changes)) in &other.causes {
            let sums = self.causes.entry(cause.clone()).or_default();
            sums.0 += points;
            sums.1 += changes;
        }
        for (rule, sums) in &other.rules {
            self.rules.entry(rule.clone()).or_default().add(*sums);
        }
    }
}

/// The standings of every scope, to be kept for `day`; kept again on the same day, the later ones stay.
pub fn rows_of(tx: &mut Tx<'_>, day: i32) -> Result<Vec<DailyRow>> {
    // Not the held picture, which may be some seconds old: what is kept for ever is exact.
    let tallies = Picture::make(tx.conn)?;
    let moved = moved_by(tx, &tallies, day)?;
    let expiring = tallies.expiring(tx.now);
    let none = DayMoved::default();
    let of = |kind: i16, id: &str, tally: &Tally| {
        let key = (kind, id.to_owned());
        let mut tally = tally.clone();
        tally.extra.expiring = Some(expiring.get(&key).copied().unwrap_or(0));
        tally.row(kind, id, day, moved.get(&key).unwrap_or(&none), tx.now)
    };
    let mut rows = vec![of(ALL, "", &tallies.all)];
    rows.extend(tallies.tiers.iter().map(|(tier, t)| of(TIER, &tier.to_string(), t)));
    let mut teams: Vec<_> = tallies.teams.iter().collect();
    teams.sort_by_key(|(id, _)| id.as_str());
    rows.extend(teams.into_iter().map(|(id, t)| of(TEAM, id, t)));
    Ok(rows)
}

/// By scope what moved scores and rules since the day before was kept; since midnight where that is not known.
fn moved_by(tx: &mut Tx<'_>, tallies: &Picture, day: i32) -> Result<HashMap<(i16, String), DayMoved>> {
    let since = store::rollups::kept_at(tx.conn, day)?.unwrap_or(i64::from(day) * DAY_MS - 1);
    let book = std::sync::Arc::clone(&tx.book);
    // Of each team and tier first, so that what a team's changes come to is carried up once and not one by one.
    let mut own: HashMap<(Option<String>, i16), DayMoved> = HashMap::new();
    for row in store::rollups::moved(tx.conn, since, tx.now.0)? {
        let sums = own.entry((row.team_id, row.tier)).or_default();
        if row.changes > 0 {
            let cause = sums.causes.entry(Cause::word(row.cause).to_owned()).or_default();
            cause.0 += row.points;
            cause.1 += row.changes;
        }
        let moves: Vec<RuleMove> = serde_json::from_str(&row.moves).unwrap_or_default();
        for one in &moves {
            if let Some(moved) = RuleSums::of(&book.rulebook, one, row.times) {
                sums.rules.entry(one.rule.clone()).or_default().add(moved);
            }
        }
    }
    let mut moved: HashMap<(i16, String), DayMoved> = HashMap::new();
    for ((team, tier), sums) in &own {
        let mut scopes = vec![(ALL, String::new()), (TIER, tier.to_string())];
        if let Some(team) = team.as_deref().and_then(|id| tallies.tree.get(id)) {
            let above = tallies.tree.ancestors(team).into_iter().chain([team]);
            scopes.extend(above.map(|team| (TEAM, team.id.clone())));
        }
        for scope in scopes {
            moved.entry(scope).or_default().add(sums);
        }
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use scoring_rules::default_pack;

    use super::*;

    #[test]
    fn a_rule_gains_and_loses_its_points_and_half_of_them_in_part() {
        let book = Rulebook::load(&default_pack()).unwrap();
        let rule = book.rules().iter().find(|rule| rule.points > 1).unwrap();
        let points = i64::from(rule.points) * 1_000;
        let of = |before: &str, after: &str| {
            let one = RuleMove { rule: rule.id.clone(), before: before.into(), after: after.into() };
            RuleSums::of(&book, &one, 3)
        };
        let gained = |milli| Some(RuleSums { gained: 3, gained_milli: milli, ..RuleSums::default() });
        let lost = |milli| Some(RuleSums { lost: 3, lost_milli: milli, ..RuleSums::default() });
        assert_eq!(of("fail", "pass"), gained(3 * points));
        assert_eq!(of("unknown", "partial"), gained(3 * points / 2));
        assert_eq!(of("pass", "partial"), lost(3 * points / 2));
        assert_eq!(of("pass", "unknown"), lost(3 * points));
        for (before, after) in
            [("fail", "unknown"), ("pass", "waived"), ("error", "pass"), ("fail", "not_applicable")]
        {
            assert_eq!(of(before, after), None, "{before} {after}");
        }
        let gone = RuleMove { rule: "gone".into(), before: "fail".into(), after: "pass".into() };
        assert_eq!(RuleSums::of(&book, &gone, 1), None, "a rule that the rulebook no longer has");
    }
}
