//! What every team and every service is worth on every board, worked out from the picture of all services in one go;
//! and the orders that follow.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use scoring_rules::boards::{
    Leagues, MILLI, Member, Moved, Own, Stood, improvement, own_mean, part_milli, settle, streak_weeks,
};

use super::board::Board;
use super::cohort::{Cohort, Enrolled};
use crate::app::fleet::{Picture, Ranked};
use crate::types::Timestamp;

/// A value where there is none.
const NONE: i32 = i32::MIN;

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
    /// Score now; of a team, what the board `score` ranks.
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
        Self { services: make.services(), teams: make.teams(leagues), orders: Mutex::default() }
    }
}

/// A service of a team's season.
struct Part<'a> {
    of: &'a Enrolled,
    now: u8,
    /// Its number in the picture; none of a removed one.
    at: Option<usize>,
}

struct Make<'a> {
    picture: &'a Picture,
    now: Timestamp,
    /// Beside each service of the picture, what it was when the season began.
    enrolled: Vec<Option<&'a Enrolled>>,
    /// By number of the team: the services of its season.
    parts: Vec<Vec<Part<'a>>>,
    /// By number of the team: its services now.
    owned: Vec<Vec<usize>>,
    /// By number of the team: where it stood when the season began.
    peers: Vec<Option<u8>>,
}

impl<'a> Make<'a> {
    fn new(picture: &'a Picture, cohort: &'a Cohort, now: Timestamp) -> Self {
        let count = picture.tree.rows().len();
        let by_id: HashMap<&str, usize> =
            picture.tree.rows().iter().enumerate().map(|(n, team)| (team.id.as_str(), n)).collect();
        let teams: Vec<Option<usize>> =
            cohort.teams.iter().map(|id| by_id.get(id.as_str()).copied()).collect();
        let mut make = Self {
            picture,
            now,
            enrolled: vec![None; picture.services.len()],
            parts: (0..count).map(|_| Vec::new()).collect(),
            owned: vec![Vec::new(); count],
            peers: Vec::new(),
        };
        let mut services = picture.services.iter().enumerate().peekable();
        for of in &cohort.rows {
            while services.next_if(|(_, service)| *service.id < *of.id).is_some() {}
            let found = services.peek().filter(|(_, service)| service.id == of.id).copied();
            let team = of.team.and_then(|n| teams.get(n as usize).copied().flatten());
            // A service that had no owner then counts for the one that it has now.
            let own = found.filter(|_| of.team.is_none()).and_then(|(_, s)| s.team).map(|n| n as usize);
            if let Some((n, _)) = found
                && let Some(slot) = make.enrolled.get_mut(n)
            {
                *slot = Some(of);
            }
            let now = found.map_or(of.gone.unwrap_or(of.stood.base), |(_, s)| score(s));
            if let Some(parts) = team.or(own).and_then(|n| make.parts.get_mut(n)) {
                parts.push(Part { of, now, at: found.map(|(n, _)| n) });
            }
        }
        for parts in &mut make.parts {
            // What came in the season counts from the next one on, but for a team that had nothing before.
            if parts.iter().any(|part| !part.of.stood.arrived) {
                parts.retain(|part| !part.of.stood.arrived);
            }
        }
        for (n, service) in picture.services.iter().enumerate() {
            if let Some(owned) = service.team.and_then(|team| make.owned.get_mut(team as usize)) {
                owned.push(n);
            }
        }
        make.peers = make.starts(cohort);
        make
    }

    /// Where each team stood: the mean of its services that were there; else that of all services; else none.
    fn starts(&self, cohort: &Cohort) -> Vec<Option<u8>> {
        let (sum, count) = cohort
            .rows
            .iter()
            .filter(|row| !row.stood.arrived)
            .fold((0_i64, 0_i64), |sum, row| (sum.0 + i64::from(row.stood.base), sum.1 + 1));
        let all = sum.checked_div(count).and_then(|mean| u8::try_from(mean).ok());
        let start = |parts: &Vec<Part<'_>>| {
            let there: Vec<_> = parts
                .iter()
                .filter(|p| !p.of.stood.arrived)
                .map(|p| member(p.of.tier, p.of.system, i64::from(p.of.stood.base)))
                .collect();
            own_mean(&there).and_then(|mean| u8::try_from(mean / MILLI).ok()).or(all)
        };
        self.parts.iter().map(start).collect()
    }

    fn service(&self, at: usize) -> Option<&'a Ranked> {
        self.picture.services.get(at)
    }

    fn streak(&self, service: &Ranked) -> Option<i64> {
        let since = service.steady_since?;
        if service.broken {
            return Some(0);
        }
        // Who rehearses nothing cannot regress: that is no streak.
        let rests = service.drills.0 > 0 && service.drills.1 == 0;
        (!rests).then(|| streak_weeks(since, self.now.0))
    }

    fn has_left(&self, team: usize) -> bool {
        self.picture.tree.rows().get(team).is_some_and(|team| self.picture.left.contains(&team.id))
    }

    fn services(&self) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(self.picture.services.len());
        for ((n, service), enrolled) in self.picture.services.iter().enumerate().zip(&self.enrolled) {
            let team = service.team.map(|team| team as usize);
            if team.is_some_and(|team| self.has_left(team)) {
                continue;
            }
            let now = score(service);
            let stood = enrolled.map_or(Stood { base: now, arrived: true }, |of| of.stood);
            let peers = team.and_then(|team| self.peers.get(team).copied().flatten());
            let (gained, part) = stood.gained(now, peers);
            let values = [
                Some(part),
                Some(i64::from(service.score)),
                self.streak(service),
                part_of(service.drills),
                part_of(service.calls),
            ];
            let entry = Entry {
                at: u32::try_from(n).unwrap_or(u32::MAX),
                tier: service.tier,
                league: 0,
                services: 1,
                score: service.score,
                gained: i16::try_from(gained).unwrap_or(0),
                values: [NONE; 5],
            };
            entries.push(entry.with(values.map(|value| value.and_then(|v| i32::try_from(v).ok()))));
        }
        entries
    }

    fn teams(&self, leagues: &Leagues) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut owns: [Vec<(usize, Own)>; 5] = Default::default();
        let rows = self.picture.tree.rows();
        for (team, owned) in self.owned.iter().enumerate() {
            let living = rows.get(team).is_some_and(|row| row.removed_at.is_none());
            if owned.is_empty() || !living || self.has_left(team) {
                continue;
            }
            let entry = self.team(team, owned, leagues);
            for (board, own) in self.means(team, owned) {
                let own = Own { league: usize::from(entry.league), ..own };
                if let Some(list) = owns.get_mut(board.number()) {
                    list.push((entries.len(), own));
                }
            }
            entries.push(entry);
        }
        for (board, list) in Board::ALL.into_iter().zip(owns) {
            let values = settle(&list.iter().map(|(_, own)| *own).collect::<Vec<_>>());
            for ((at, _), value) in list.iter().zip(values) {
                let value = i32::try_from(value.div_euclid(MILLI)).unwrap_or(NONE);
                if let Some(entry) = entries.get_mut(*at) {
                    if let Some(slot) = entry.values.get_mut(board.number()) {
                        *slot = value;
                    }
                    if board == Board::Score {
                        entry.score = i16::try_from(value).unwrap_or(0);
                    }
                }
            }
        }
        entries
    }

    /// A team before its means are settled.
    fn team(&self, team: usize, owned: &[usize], leagues: &Leagues) -> Entry {
        let parts = self.parts.get(team).map_or(&[][..], Vec::as_slice);
        let tiers = || owned.iter().filter_map(|n| self.service(*n)).map(|s| s.tier);
        // The league is that of the season's first day, so that no edit of a tier leads to another one meanwhile.
        let counted: Vec<u8> = if parts.is_empty() {
            tiers().map(|tier| u8::try_from(tier).unwrap_or(4)).collect()
        } else {
            parts.iter().map(|p| p.of.tier).collect()
        };
        let league = leagues.number(counted.iter().copied().min().unwrap_or(4), counted.len());
        let gained = self.improvement(team).map_or(0, |(points, _)| points);
        let mut entry = Entry {
            at: u32::try_from(team).unwrap_or(u32::MAX),
            tier: tiers().min().unwrap_or(4),
            league: u8::try_from(league).unwrap_or(0),
            services: u32::try_from(owned.len()).unwrap_or(u32::MAX),
            score: 0,
            gained: i16::try_from(gained).unwrap_or(0),
            values: [NONE; 5],
        };
        // The weakest link: over the services of the season, so that giving one away does not mend it.
        let of_season = parts.iter().filter_map(|p| self.streak(self.service(p.at?)?));
        if let Some(slot) = entry.values.get_mut(Board::Streak.number()) {
            *slot = of_season.min().and_then(|weeks| i32::try_from(weeks).ok()).unwrap_or(NONE);
        }
        entry
    }

    /// What a team has gained, in points and of what was possible.
    fn improvement(&self, team: usize) -> Option<(i64, i64)> {
        let peers = self.peers.get(team).copied().flatten();
        let moved =
            |p: &Part<'_>| Moved { tier: p.of.tier, system: p.of.system, stood: p.of.stood, now: p.now };
        improvement(&self.parts.get(team)?.iter().map(moved).collect::<Vec<_>>(), peers)
    }

    /// A team's own means of the boards that are means.
    fn means(&self, team: usize, owned: &[usize]) -> Vec<(Board, Own)> {
        let parts = self.parts.get(team).map_or(&[][..], Vec::as_slice);
        let is_new = |n: &usize| self.enrolled.get(*n).copied().flatten().is_none_or(|of| of.stood.arrived);
        let old = owned.iter().filter(|n| !is_new(n)).count();
        // New services have a voice, but make no team larger in its first season than it was.
        let of_now = |value: &dyn Fn(&Ranked) -> Option<i64>| {
            let voice = |n: &usize| {
                let service = self.service(*n)?;
                Some(member(u8::try_from(service.tier).unwrap_or(4), service.system, value(service)?))
            };
            let members: Vec<Member<u32>> = owned.iter().filter_map(voice).collect();
            let services = if old > 0 { old.min(members.len()) } else { members.len() };
            own_mean(&members).map(|milli| Own { milli, services: services.max(1), league: 0 })
        };
        let improved = self.improvement(team).map(|(_, part)| part * MILLI);
        let found = [
            // A team that had nothing when the season began takes part from the next one on.
            (Board::Improved, improved.map(|milli| Own { milli, services: parts.len(), league: 0 })),
            (Board::Score, of_now(&|s| Some(i64::from(s.score)))),
            (Board::Drills, of_now(&|s| part_of(s.drills))),
            (Board::Fallbacks, of_now(&|s| part_of(s.calls))),
        ];
        found.into_iter().filter_map(|(board, own)| Some((board, own?))).collect()
    }
}

fn score(service: &Ranked) -> u8 {
    u8::try_from(service.score).unwrap_or(0)
}

fn member(tier: u8, system: Option<u32>, value: i64) -> Member<u32> {
    Member { tier, system, milli: value * MILLI }
}

/// The done part of a whole, in thousandths.
fn part_of((whole, done): (i16, i16)) -> Option<i64> {
    part_milli(i64::from(done), i64::from(whole))
}

/// The standard competition rank (1, 2, 2, 4) of number `at` of an order; none below the top half: praise is public, the
/// lower half is nobody's business.
pub fn rank(order: &[Place], at: usize) -> Option<i64> {
    let value = order.get(at)?.value;
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
        assert_eq!(ranks(&[5, 5, 5, 1]), [Some(1), Some(1), Some(1), None]);
        assert_eq!((ranks(&[3]), ranks(&[])), (vec![Some(1)], vec![]));
    }
}
