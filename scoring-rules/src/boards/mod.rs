//! Boards: what a team is worth on them, in whole numbers, so that anybody can redo it by hand.
//!
//! All values are thousandths of a point (or of a part), means are rounded down, and no order of services matters.
//!
//! 1. A service weighs by its tier: 4, 3, 2, 1 for tiers 1 to 4 ([`tier_weight`]).
//! 2. The services of one system have one voice together: their weighted mean, with the weight of the most critical of
//!    them. So a service that is split within its system weighs what it weighed before.
//! 3. The team's own mean is the weighted mean of those voices ([`own_mean`]).
//! 4. Every team is lent [`LENT`] services that stand at the mean of its league ([`shrunk`]): who owns one service is
//!    moved by chance, and would else be first or last by it. With many services the loan no longer counts.
//! 5. Improvement is the part of what was possible that was closed since the season began ([`closed`]): from 90 to 95
//!    is as much as from 20 to 60, because the last points are harder.

mod leagues;
mod stood;

use std::collections::BTreeMap;

pub(crate) use leagues::read as read_leagues;
pub use leagues::{League, Leagues};
pub use stood::{
    LEAST_ROOM, MOST_WEEKS, Moved, Stood, closed, counted_weeks, improvement, part_milli, streak_weeks,
};

/// Thousandths of one.
pub const MILLI: i64 = 1_000;
/// How many services at the mean of its league every team is lent.
pub const LENT: i64 = 3;
/// A league of fewer teams has no mean of its own: that of all teams stands in.
pub const LEAST_LEAGUE: usize = 3;

/// What a service of a tier weighs; tiers beyond 4 weigh what 4 does.
pub const fn tier_weight(tier: u8) -> i64 {
    match tier {
        0 | 1 => 4,
        2 => 3,
        3 => 2,
        _ => 1,
    }
}

/// One service of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<S> {
    /// 1 (most critical) to 4.
    pub tier: u8,
    /// The system it is a part of; without one it speaks for itself.
    pub system: Option<S>,
    /// Its value, in thousandths.
    pub milli: i64,
}

/// Sums of one voice.
#[derive(Default)]
struct Voice {
    weight: i64,
    sum: i64,
    most: i64,
}

impl Voice {
    fn add(&mut self, tier: u8, milli: i64) {
        let weight = tier_weight(tier);
        self.weight += weight;
        self.sum += weight * milli;
        self.most = self.most.max(weight);
    }

    fn mean(&self) -> i64 {
        self.sum.div_euclid(self.weight.max(1))
    }
}

/// The weighted mean of a team's services, in thousandths, rounded down; none of nothing.
pub fn own_mean<S: Ord + Copy>(members: &[Member<S>]) -> Option<i64> {
    let mut systems: BTreeMap<S, Voice> = BTreeMap::new();
    let mut alone = Vec::new();
    for member in members {
        if let Some(system) = member.system {
            systems.entry(system).or_default().add(member.tier, member.milli);
        } else {
            let mut voice = Voice::default();
            voice.add(member.tier, member.milli);
            alone.push(voice);
        }
    }
    let voices = || systems.values().chain(&alone);
    let weight: i64 = voices().map(|voice| voice.most).sum();
    let sum: i64 = voices().map(|voice| voice.most * voice.mean()).sum();
    (weight > 0).then(|| sum.div_euclid(weight))
}

/// What a team's own mean comes to beside the loan of its league, in thousandths, rounded down:
/// (services x own + 3 x league) / (services + 3).
pub fn shrunk(own_milli: i64, services: usize, league_milli: i64) -> i64 {
    let services = i64::try_from(services).unwrap_or(i64::from(u32::MAX)).min(i64::from(u32::MAX));
    (services * own_milli + LENT * league_milli).div_euclid(services + LENT)
}

/// A team before the loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Its own mean, in thousandths.
    pub milli: i64,
    /// How many services it rests on.
    pub services: usize,
    /// Number of its league.
    pub league: usize,
}

/// The mean that each team is lent, in thousandths: of the own means of its league, each team one voice; of all teams
/// where the league has fewer than [`LEAST_LEAGUE`].
pub fn lent_means(teams: &[Own]) -> Vec<i64> {
    let mut leagues: BTreeMap<usize, (i64, usize)> = BTreeMap::new();
    let (mut sum, mut count) = (0_i64, 0_usize);
    for team in teams {
        let league = leagues.entry(team.league).or_default();
        league.0 += team.milli;
        league.1 += 1;
        sum += team.milli;
        count += 1;
    }
    let mean = |(sum, count): (i64, usize)| sum.div_euclid(i64::try_from(count.max(1)).unwrap_or(1));
    let of = |team: &Own| {
        leagues.get(&team.league).copied().filter(|(_, teams)| *teams >= LEAST_LEAGUE).unwrap_or((sum, count))
    };
    teams.iter().map(|team| mean(of(team))).collect()
}

/// What each team is worth on a board, in thousandths.
pub fn settle(teams: &[Own]) -> Vec<i64> {
    let lent = lent_means(teams);
    teams.iter().zip(lent).map(|(team, lent)| shrunk(team.milli, team.services, lent)).collect()
}
