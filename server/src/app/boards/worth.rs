//! What every team and every service is worth on every board, worked out from the picture of all services in one go.
//!
//! On every board a service counts for the team that owned it when the season began, with the tier and the system of that
//! day: whoever moves, splits, weighs anew or removes services, nobody gains or loses by it before the next season.

use std::collections::HashMap;

use scoring_rules::boards::{
    Leagues, MILLI, Member, Moved, Own, Stood, counted_weeks, improvement, own_mean, part_milli, settle,
    streak_weeks, tier_weight,
};

use super::board::Board;
use super::cohort::{Cohort, Enrolled};
use super::table::{Entry, NONE};
use crate::app::fleet::{Picture, Ranked};
use crate::app::standing;
use crate::types::Timestamp;

/// A service of a team's season.
struct Part<'a> {
    of: &'a Enrolled,
    /// How it stands, or stood when it was removed; none of one that is graded no more.
    now: Option<&'a Ranked>,
}

impl Part<'_> {
    fn score(&self) -> u8 {
        self.now.map_or(self.of.stood.base, score)
    }
}

/// The working out under way.
pub(super) struct Make<'a> {
    picture: &'a Picture,
    now: Timestamp,
    /// Beside each service of the picture, what it was when the season began.
    enrolled: Vec<Option<&'a Enrolled>>,
    /// By number of the team: the services of its season.
    parts: Vec<Vec<Part<'a>>>,
    /// By number of the team: where it stood when the season began.
    peers: Vec<Option<u8>>,
    /// Numbers of teams by id.
    numbers: HashMap<&'a str, usize>,
}

impl<'a> Make<'a> {
    pub(super) fn new(picture: &'a Picture, cohort: &'a Cohort, now: Timestamp) -> Self {
        let rows = picture.tree.rows();
        let mut make = Self {
            picture,
            now,
            enrolled: vec![None; picture.services.len()],
            parts: (0..rows.len()).map(|_| Vec::new()).collect(),
            peers: Vec::new(),
            numbers: rows.iter().enumerate().map(|(n, team)| (team.id.as_str(), n)).collect(),
        };
        let living = |n: &usize| rows.get(*n).is_some_and(|team| team.removed_at.is_none());
        let number = |id: &String| make.numbers.get(id.as_str()).copied().filter(living);
        let teams: Vec<Option<usize>> = cohort.teams.iter().map(number).collect();
        let mut homeless = Vec::new();
        let mut services = picture.services.iter().enumerate().peekable();
        for of in &cohort.rows {
            while services.next_if(|(_, service)| *service.id < *of.id).is_some() {}
            let found = services.peek().filter(|(_, service)| service.id == of.id).copied();
            if let Some((n, _)) = found
                && let Some(slot) = make.enrolled.get_mut(n)
            {
                *slot = Some(of);
            }
            let part = Part { of, now: found.map(|(_, service)| service).or(of.gone.as_deref()) };
            let team = of.team.and_then(|n| teams.get(n as usize).copied().flatten());
            if let Some(parts) = team.and_then(|n| make.parts.get_mut(n)) {
                parts.push(part);
            } else if let Some(owner) = found.and_then(|(_, service)| service.team) {
                homeless.push((owner as usize, part));
            }
        }
        make.take_in(homeless);
        for parts in &mut make.parts {
            // What came in the season counts from the next one on, but for a team that had nothing before.
            if parts.iter().any(|part| !part.of.stood.arrived) {
                parts.retain(|part| !part.of.stood.arrived);
            }
        }
        make.peers = make.starts(cohort);
        make
    }

    /// Services that had no owner when the season began, or whose team was removed since, count for their owner of now
    /// if that had nothing before: a team that got another name stays on the boards, and nobody grows by taking in others.
    fn take_in(&mut self, homeless: Vec<(usize, Part<'a>)>) {
        let had = |parts: &Vec<Part<'_>>| parts.iter().any(|part| !part.of.stood.arrived);
        let had: Vec<bool> = self.parts.iter().map(had).collect();
        for (team, part) in homeless {
            if had.get(team) == Some(&false)
                && let Some(parts) = self.parts.get_mut(team)
            {
                parts.push(part);
            }
        }
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

    fn streak(&self, service: &Ranked) -> Option<i64> {
        let since = service.steady_since?;
        if service.broken {
            return Some(0);
        }
        // Who rehearses nothing cannot regress: that is no streak.
        let rests = service.drills.0 > 0 && service.drills.1 == 0;
        (!rests).then(|| streak_weeks(since, self.now.0))
    }

    /// What a service counts in the streak of its team.
    fn weeks(&self, service: &Ranked) -> Option<i64> {
        counted_weeks(self.streak(service), service.drills.0 > 0)
    }

    fn has_left(&self, team: usize) -> bool {
        self.picture.tree.rows().get(team).is_some_and(|team| self.picture.left.contains(&team.id))
    }

    pub(super) fn services(&self) -> Vec<Entry> {
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

    pub(super) fn teams(&self, leagues: &Leagues) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut owns: [Vec<(usize, Own)>; 5] = Default::default();
        let rows = self.picture.tree.rows();
        let scores = self.sums(|service| (i64::from(service.score), 1));
        for (team, parts) in self.parts.iter().enumerate() {
            let living = rows.get(team).is_some_and(|row| row.removed_at.is_none());
            if parts.is_empty() || !living || self.has_left(team) {
                continue;
            }
            let (sum, count) = scores.get(team).copied().unwrap_or_default();
            let entry = self.team(team, parts, standing::mean(sum, count), leagues);
            for (board, own) in self.means(team, parts) {
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
                if let Some(slot) = entries.get_mut(*at).and_then(|e| e.values.get_mut(board.number())) {
                    *slot = value;
                }
            }
        }
        entries
    }

    /// A team before its means are settled. `score` is the plain mean of what it and the teams below it own now.
    fn team(&self, team: usize, parts: &[Part<'_>], score: Option<i16>, leagues: &Leagues) -> Entry {
        // Tier and league are those of the season's first day, so that no edit leads to others meanwhile.
        let tier = parts.iter().map(|p| p.of.tier).min().unwrap_or(4);
        let gained = self.improvement(team).map_or(0, |(points, _)| points);
        // A team whose services all went elsewhere stands where those stand.
        let sum: i64 = parts.iter().map(|p| i64::from(p.score())).sum();
        let score = score.or_else(|| standing::mean(sum, parts.len() as i64));
        Entry {
            at: u32::try_from(team).unwrap_or(u32::MAX),
            tier: i8::try_from(tier).unwrap_or(4),
            league: u8::try_from(leagues.number(tier, parts.len())).unwrap_or(0),
            services: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            score: score.unwrap_or(0),
            gained: i16::try_from(gained).unwrap_or(0),
            values: [NONE; 5],
        }
    }

    /// What a team has gained, in points and of what was possible.
    fn improvement(&self, team: usize) -> Option<(i64, i64)> {
        let peers = self.peers.get(team).copied().flatten();
        let moved =
            |p: &Part<'_>| Moved { tier: p.of.tier, system: p.of.system, stood: p.of.stood, now: p.score() };
        improvement(&self.parts.get(team)?.iter().map(moved).collect::<Vec<_>>(), peers)
    }

    /// A team's own means, over the services of its season.
    fn means(&self, team: usize, parts: &[Part<'_>]) -> Vec<(Board, Own)> {
        let of = |value: &dyn Fn(&Part<'_>) -> Option<i64>| {
            let voice = |p: &Part<'_>| Some(member(p.of.tier, p.of.system, value(p)?));
            let members: Vec<Member<u32>> = parts.iter().filter_map(voice).collect();
            own_mean(&members).map(|milli| Own { milli, services: members.len(), league: 0 })
        };
        let improved = self.improvement(team).map(|(_, part)| part * MILLI);
        let found = [
            (Board::Improved, improved.map(|milli| Own { milli, services: parts.len(), league: 0 })),
            (Board::Score, of(&|p| Some(i64::from(p.score())))),
            (Board::Streak, of(&|p| self.weeks(p.now?))),
            (Board::Drills, of(&|p| part_of(p.now?.drills))),
            (Board::Fallbacks, of(&|p| part_of(p.now?.calls))),
        ];
        found.into_iter().filter_map(|(board, own)| Some((board, own?))).collect()
    }

    /// Whole weeks of each team with all below it, and of all services: the tier-weighted mean of what counts in streaks.
    pub(super) fn weeks_below(&self) -> (Vec<Option<i64>>, Option<i64>) {
        let weigh = |service: &Ranked| {
            let weight = tier_weight(u8::try_from(service.tier).unwrap_or(4));
            self.weeks(service).map_or((0, 0), |weeks| (weight * weeks, weight))
        };
        let mean = |(sum, weight): (i64, i64)| (weight > 0).then(|| sum.div_euclid(weight));
        let add = |all: (i64, i64), one: (i64, i64)| (all.0 + one.0, all.1 + one.1);
        let all = self.picture.services.iter().map(weigh).fold((0, 0), add);
        (self.sums(weigh).into_iter().map(mean).collect(), mean(all))
    }

    /// By number of the team, two sums over the services that it and all teams below it own now.
    fn sums(&self, of: impl Fn(&Ranked) -> (i64, i64)) -> Vec<(i64, i64)> {
        let rows = self.picture.tree.rows();
        let mut own = vec![(0_i64, 0_i64); rows.len()];
        for service in &self.picture.services {
            if let Some(sums) = service.team.and_then(|team| own.get_mut(team as usize)) {
                let (left, right) = of(service);
                *sums = (sums.0 + left, sums.1 + right);
            }
        }
        let mut all = own.clone();
        for (team, (left, right)) in rows.iter().zip(own).filter(|(_, sums)| *sums != (0, 0)) {
            for above in self.picture.tree.ancestors(team) {
                if let Some(sums) = self.numbers.get(above.id.as_str()).and_then(|n| all.get_mut(*n)) {
                    *sums = (sums.0 + left, sums.1 + right);
                }
            }
        }
        all
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
