//! Everybody on the boards of a season, and the orders that follow from what they are worth.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use scoring_rules::boards::Leagues;

use super::board::Board;
use super::cohort::Cohort;
use super::worth::Make;
use crate::app::fleet::Picture;
use crate::types::Timestamp;

/// A value where there is none.
pub(super) const NONE: i32 = i32::MIN;

/// A team or a service on the boards.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its number in the list of teams or services.
    pub at: u32,
    /// Its tier; of a team, the most critical one among its services.
    pub tier: i8,
    /// Number of a team's league.
    pub league: u8,
    /// Services that it rests on; 1 for a service.
    pub services: u32,
    /// Score now; of a team, the plain mean of its services with all teams below it.
    pub score: i16,
    /// Points gained since the season began.
    pub gained: i16,
    pub(super) values: [i32; 5],
}

impl Entry {
    /// What a board ranks; none where it is not on that board.
    pub fn value(&self, board: Board) -> Option<i32> {
        self.values.get(board.number()).copied().filter(|value| *value != NONE)
    }

    /// Puts values in, in the order of [`Board::ALL`].
    #[must_use]
    pub fn with(mut self, values: [Option<i32>; 5]) -> Self {
        self.values = values.map(|value| value.unwrap_or(NONE));
        self
    }
}

/// Part of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Everybody.
    All,
    /// A tier.
    Tier(i8),
    /// A league, by number; teams only.
    League(u8),
}

impl Filter {
    fn has(self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::Tier(tier) => entry.tier == tier,
            Self::League(league) => entry.league == league,
        }
    }
}

/// A place in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the entry.
    pub entry: u32,
    /// What is ranked.
    pub value: i32,
}

/// Places, best first.
pub type Order = Arc<Vec<Place>>;
/// Orders by board, subject (team or not) and part.
type Orders = HashMap<(Board, bool, Filter), Order>;

/// Everybody on the boards.
#[derive(Debug, Default)]
pub struct Table {
    /// Teams, by number.
    pub teams: Vec<Entry>,
    /// Services, by number.
    pub services: Vec<Entry>,
    /// By number of the team: weeks of the streak of all that it and the teams below it own now.
    pub(super) weeks: Vec<Option<i64>>,
    /// Those of all services.
    pub(super) all_weeks: Option<i64>,
    pub(super) orders: Mutex<Orders>,
}

impl Table {
    /// Teams or services.
    pub fn entries(&self, by_team: bool) -> &[Entry] {
        if by_team { &self.teams } else { &self.services }
    }

    /// The order of a board; `slug` gives that of a number in the list of teams or services.
    pub fn order<'a>(
        &self,
        board: Board,
        by_team: bool,
        filter: Filter,
        slug: impl Fn(u32) -> &'a str,
    ) -> Order {
        // Held while it is made: of many readers who ask at once, one makes it.
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = orders.get(&(board, by_team, filter)) {
            return Arc::clone(order);
        }
        let mut found: Vec<(Reverse<i32>, Reverse<i16>, &str, u32)> = (0..)
            .zip(self.entries(by_team))
            .filter(|(_, entry)| filter.has(entry))
            .filter_map(|(n, e)| Some((Reverse(e.value(board)?), Reverse(e.score), slug(e.at), n)))
            .collect();
        found.sort_unstable();
        let place = |(value, _, _, entry): (Reverse<i32>, _, _, u32)| Place { entry, value: value.0 };
        let order: Order = Arc::new(found.into_iter().map(place).collect());
        orders.insert((board, by_team, filter), Arc::clone(&order));
        order
    }

    /// The boards of a season, over a picture, as of `now`.
    pub fn make(picture: &Picture, cohort: &Cohort, leagues: &Leagues, now: Timestamp) -> Self {
        let make = Make::new(picture, cohort, now);
        let (weeks, all_weeks) = make.weeks_below();
        let (services, teams) = (make.services(), make.teams(leagues));
        Self { teams, services, weeks, all_weeks, orders: Mutex::default() }
    }

    /// Whole weeks of the streak of a team, or of all services: of a team on the board what is ranked there; of all
    /// others the same mean over what they and the teams below them own, without a loan.
    pub fn streak(&self, team: Option<usize>) -> Option<i64> {
        let Some(number) = team else { return self.all_weeks };
        let entry = self.teams.iter().find(|entry| entry.at as usize == number);
        let ranked = entry.and_then(|entry| entry.value(Board::Streak)).map(i64::from);
        ranked.or_else(|| self.weeks.get(number).copied().flatten())
    }
}

/// The standard competition rank (1, 2, 2, 4) of number `at` of an order; none below the top half: praise is public, the
/// lower half is nobody's business. And none for nothing: who gained 0, or has a streak of 0 weeks, is not first together
/// with everybody else.
pub fn rank(order: &[Place], at: usize) -> Option<i64> {
    let value = order.get(at)?.value;
    if value <= 0 {
        return None;
    }
    let rank = order.partition_point(|other| other.value > value) as i64 + 1;
    (rank <= order.len().div_ceil(2) as i64).then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_a_rank_and_the_lower_half_has_none() {
        let ranks = |values: &[i32]| {
            let order: Vec<Place> = values.iter().map(|value| Place { entry: 0, value: *value }).collect();
            (0..order.len()).map(|n| rank(&order, n)).collect::<Vec<_>>()
        };
        assert_eq!(ranks(&[9, 5, 5, 2, 0]), [Some(1), Some(2), Some(2), None, None]);
        assert_eq!(ranks(&[7, 0, 0, 0]), [Some(1), None, None, None]);
        assert_eq!((ranks(&[0, 0]), ranks(&[0, -3])), (vec![None; 2], vec![None; 2]));
        assert_eq!(ranks(&[5, 5, 5, 1]), [Some(1), Some(1), Some(1), None]);
        assert_eq!((ranks(&[3]), ranks(&[])), (vec![Some(1)], vec![]));
    }
}
