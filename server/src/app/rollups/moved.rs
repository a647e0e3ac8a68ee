//! What moved the score of a scope over a period: by cause and by rule, summed over the days that were kept.

use super::super::overview::AskOverview;
use super::day::{Day, day_text, period_start};
use crate::app::standing::{self, Moved, RuleSums, RulesMoved, Tally};
use crate::app::views::{MovedView, Points, RuleMoved};
use crate::app::{Book, Tx, owners};
use crate::error::Result;
use crate::store;

/// What moved, and of how many days that is known.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// By cause: points that scores moved by, and changes.
    pub causes: Moved,
    /// Days of the period of which causes were kept.
    pub days: usize,
    /// By rule, the most points first.
    pub rules: Vec<RuleMoved>,
    /// Days of the period of which rules were kept.
    pub rule_days: usize,
}

/// What moved the scores of a scope after the day `since` and up to `day`; nothing while there is no history.
pub fn between(tx: &mut Tx<'_>, kind: i16, id: &str, since: Option<i32>, day: i32) -> Result<Moves> {
    let mut moves = Moves::default();
    let Some(since) = since else { return Ok(moves) };
    let mut rules = RulesMoved::new();
    for row in store::rollups::days(tx.conn, kind, id, since + 1, day)? {
        let extra = Tally::of_day(&row).extra;
        moves.days += usize::from(extra.moved.is_some());
        moves.rule_days += usize::from(extra.rules.is_some());
        for (cause, (points, changes)) in extra.moved.unwrap_or_default() {
            let sum = moves.causes.entry(cause).or_default();
            sum.0 += points;
            sum.1 += changes;
        }
        for (rule, sums) in extra.rules.unwrap_or_default() {
            rules.entry(rule).or_default().add(sums);
        }
    }
    moves.rules = named(&tx.book, rules);
    Ok(moves)
}

/// The most points first, gains and losses alike.
fn named(book: &Book, rules: RulesMoved) -> Vec<RuleMoved> {
    let mut rules: Vec<(String, RuleSums)> = rules.into_iter().collect();
    rules.sort_by_cached_key(|(rule, sums)| {
        (std::cmp::Reverse(sums.gained_milli + sums.lost_milli), rule.clone())
    });
    rules
        .into_iter()
        .map(|(id, sums)| {
            let rule = book.rulebook.rule(&id);
            RuleMoved {
                title: rule.map_or_else(|| id.clone(), |rule| rule.title.clone()),
                practice: rule.map(|rule| rule.practice.clone()),
                gained: sums.gained,
                lost: sums.lost,
                points_gained: Points(sums.gained_milli),
                points_lost: Points(sums.lost_milli),
                rule: id,
            }
        })
        .collect()
}

/// The same for programs.
///
/// # Errors
///
/// Not found for a team that the reader may not know of, invalid for a day of which nothing is kept.
pub fn moved(tx: &mut Tx<'_>, ask: &AskOverview) -> Result<MovedView> {
    let day = Day::of(tx, ask.at)?;
    let team = match &ask.scope {
        None => None,
        Some(slug) => Some(owners::team(tx, slug)?),
    };
    let (kind, id) = team.as_ref().map_or((standing::ALL, ""), |team| (standing::TEAM, team.id.as_str()));
    let since = period_start(tx, day.day, ask.weeks)?;
    let moves = between(tx, kind, id, since, day.day)?;
    Ok(MovedView {
        scope: team.map(|team| team.slug),
        day: day_text(day.day),
        since: since.map(day_text),
        days: moves.rule_days,
        items: moves.rules,
    })
}
