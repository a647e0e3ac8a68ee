//! Adding up all services in one walk: small sums by number, turned into tallies by name at the end.

use std::collections::{BTreeMap, HashMap};

use super::awards;
use super::fleet::{Ending, Picture, Ranked};
use super::owners::TeamTree;
use super::standing::{Extra, Tally};
use crate::store::awards::HeldRow;
use crate::store::fleet::FleetRow;

/// Sums of one scope; letters and practices by their number.
#[derive(Clone, Debug, Default)]
struct Sums {
    services: i64,
    graded: i64,
    score: i64,
    coverage: i64,
    regressions: i64,
    certified: i64,
    grades: Vec<i64>,
    practices: Vec<(i64, i64)>,
    /// By score, how many services have it.
    scores: Vec<i64>,
    /// By letter: services whose traffic is known, and their calls a second in thousandths.
    traffic: Vec<(i64, i64)>,
}

impl Sums {
    fn add(&mut self, row: &FleetRow, grade: usize, practices: &[(usize, i64)], certified: bool) {
        self.services += 1;
        self.certified += i64::from(certified);
        self.regressions += i64::from(row.regressions);
        *slot(&mut self.grades, grade) += 1;
        if let Some(calls) = row.calls_milli {
            let sums = slot(&mut self.traffic, grade);
            sums.0 += 1;
            sums.1 += calls;
        }
        let Ok(score) = usize::try_from(row.score) else { return };
        *slot(&mut self.scores, score) += 1;
        self.graded += 1;
        self.score += i64::from(row.score);
        self.coverage += i64::from(row.coverage);
        for (practice, score) in practices {
            let sums = slot(&mut self.practices, *practice);
            sums.0 += score;
            sums.1 += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.services += other.services;
        self.graded += other.graded;
        self.score += other.score;
        self.coverage += other.coverage;
        self.regressions += other.regressions;
        self.certified += other.certified;
        for (number, n) in other.grades.iter().enumerate() {
            *slot(&mut self.grades, number) += n;
        }
        for (score, n) in other.scores.iter().enumerate() {
            *slot(&mut self.scores, score) += n;
        }
        for (own, others) in [(&mut self.practices, &other.practices), (&mut self.traffic, &other.traffic)] {
            for (number, (sum, n)) in others.iter().enumerate() {
                let sums = slot(own, number);
                sums.0 += sum;
                sums.1 += n;
            }
        }
    }

    /// The middle score; of an even number the mean of the two in the middle, rounded down. None of nothing.
    fn median(&self) -> Option<i16> {
        let at = |place: i64| {
            let mut below = 0;
            let found = self.scores.iter().position(|n| {
                below += n;
                below > place
            });
            found.and_then(|score| i16::try_from(score).ok())
        };
        Some(i16::midpoint(at((self.graded - 1).div_euclid(2))?, at(self.graded / 2)?))
            .filter(|_| self.graded > 0)
    }
}

/// The element of that number; the list grows to have it.
fn slot<T: Clone + Default>(list: &mut Vec<T>, number: usize) -> &mut T {
    if list.len() <= number {
        list.resize(number + 1, T::default());
    }
    &mut list[number]
}

/// Names by number: letters of grades, practices.
#[derive(Debug, Default)]
struct Names(Vec<String>);

impl Names {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.0.iter().position(|known| known == name) {
            return number;
        }
        self.0.push(name.to_owned());
        self.0.len() - 1
    }

    fn name(&self, number: usize) -> String {
        self.0.get(number).cloned().unwrap_or_default()
    }
}

/// The number of a name among many.
fn number(numbers: &mut HashMap<String, u32>, name: &str) -> u32 {
    if let Some(number) = numbers.get(name) {
        return *number;
    }
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    numbers.insert(name.to_owned(), next);
    next
}

/// A walk over all services under way.
#[derive(Debug, Default)]
pub(super) struct Counting {
    grades: Names,
    practices: Names,
    all: Sums,
    tiers: BTreeMap<i16, Sums>,
    own: HashMap<String, Sums>,
    best_tier: HashMap<String, i16>,
    owners: HashMap<String, u32>,
    systems: HashMap<String, u32>,
    outcomes: HashMap<String, Vec<BTreeMap<char, i64>>>,
    services: Vec<Ranked>,
    endings: Vec<Ending>,
    certificates: BTreeMap<(String, i16), i64>,
}

impl Counting {
    /// Counts one service with the certificates that it holds.
    pub(super) fn add(&mut self, row: &FleetRow, certificates: &[HeldRow]) {
        let certified = certificates.iter().any(|held| held.state == awards::IN_FORCE);
        self.hold(row, certificates);
        let grade = self.grades.number(&row.grade);
        let read: BTreeMap<&str, i64> = serde_json::from_str(&row.practices).unwrap_or_default();
        let practices: Vec<(usize, i64)> =
            read.into_iter().map(|(name, score)| (self.practices.number(name), score)).collect();
        self.all.add(row, grade, &practices, certified);
        self.tiers.entry(row.tier).or_default().add(row, grade, &practices, certified);
        if let Some(team) = &row.team_id {
            match self.own.get_mut(team) {
                Some(sums) => sums.add(row, grade, &practices, certified),
                None => self.own.entry(team.clone()).or_default().add(row, grade, &practices, certified),
            }
            let best = self.best_tier.entry(team.clone()).or_insert(row.tier);
            *best = (*best).min(row.tier);
        }
        if !self.outcomes.contains_key(&row.book_hash) {
            self.outcomes.insert(row.book_hash.clone(), Vec::new());
        }
        if let Some(rules) = self.outcomes.get_mut(&row.book_hash) {
            for (number, code) in row.outcomes.chars().enumerate() {
                *slot(rules, number).entry(code).or_default() += 1;
            }
        }
        if row.score >= 0 {
            self.services.push(Ranked {
                id: row.service_id.as_str().into(),
                slug: row.slug.as_str().into(),
                score: row.score,
                tier: i8::try_from(row.tier).unwrap_or(0),
                grade: u8::try_from(grade).unwrap_or(u8::MAX),
                team: row.team_id.as_ref().map(|team| number(&mut self.owners, team)),
                system: row.system_ref.as_ref().map(|system| number(&mut self.systems, system)),
                drills: (row.drills_expected, row.drills_fresh),
                calls: (row.calls, row.calls_verified),
                steady_since: row.steady_since,
                broken: row.regressions > 0,
                calls_milli: row.calls_milli.unwrap_or(-1),
            });
        }
    }

    /// Counts the certificates of a service, and notes when they end.
    fn hold(&mut self, row: &FleetRow, certificates: &[HeldRow]) {
        for held in certificates {
            *self.certificates.entry((held.award.clone(), held.state)).or_default() += 1;
            let Some(until) = held.valid_until else { continue };
            self.endings.push(Ending {
                until,
                service: row.service_id.as_str().into(),
                team: row.team_id.as_ref().map(|team| number(&mut self.owners, team)),
                tier: i8::try_from(row.tier).unwrap_or(0),
            });
        }
    }

    /// The picture of all that was counted; a team's tally holds everything below it.
    pub(super) fn finish(self, tree: TeamTree) -> Picture {
        let mut teams: HashMap<&str, Sums> = HashMap::new();
        for (id, sums) in &self.own {
            let Some(team) = tree.get(id) else { continue };
            for above in tree.ancestors(team).iter().map(|t| t.id.as_str()).chain([team.id.as_str()]) {
                teams.entry(above).or_default().merge(sums);
            }
        }
        let tally = |sums: &Sums| Tally {
            services: sums.services,
            graded: sums.graded,
            score_sum: sums.score,
            coverage_sum: sums.coverage,
            regressions: sums.regressions,
            grades: named(&self.grades, &sums.grades, |n| *n > 0),
            practices: named(&self.practices, &sums.practices, |(_, n)| *n > 0),
            extra: Extra {
                median: sums.median(),
                regressions: Some(sums.regressions),
                traffic: Some(named(&self.grades, &sums.traffic, |(n, _)| *n > 0)),
                certified: Some(sums.certified),
                // What has not happened yet depends on when it is asked.
                ..Extra::default()
            },
        };
        // From the order in which owners were met to their place in the tree.
        let at: HashMap<&str, u32> = (0..).zip(tree.rows()).map(|(n, team)| (team.id.as_str(), n)).collect();
        let mut places = vec![None; self.owners.len()];
        for (id, met) in &self.owners {
            *slot(&mut places, *met as usize) = at.get(id.as_str()).copied();
        }
        let place = |met: Option<u32>| met.and_then(|met| places.get(met as usize).copied().flatten());
        let (mut services, mut endings) = (self.services, self.endings);
        for service in &mut services {
            service.team = place(service.team);
        }
        for ending in &mut endings {
            ending.team = place(ending.team);
        }
        endings.sort_unstable_by(|a, b| (a.until, &a.service).cmp(&(b.until, &b.service)));
        Picture {
            all: tally(&self.all),
            tiers: self.tiers.iter().map(|(tier, sums)| (*tier, tally(sums))).collect(),
            teams: teams.iter().map(|(id, sums)| ((*id).to_owned(), tally(sums))).collect(),
            best_tier: self.best_tier,
            outcomes: self.outcomes,
            services,
            endings,
            certificates: self.certificates,
            letters: self.grades.0,
            tree,
            ..Picture::default()
        }
    }
}

fn named<T: Copy>(names: &Names, values: &[T], counts: impl Fn(&T) -> bool) -> BTreeMap<String, T> {
    let kept = values.iter().enumerate().filter(|(_, value)| counts(value));
    kept.map(|(number, value)| (names.name(number), *value)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::rollups::rest_of;
    use crate::app::standing::{ALL, EXPIRING_DAYS, TIER};
    use crate::types::{DAY_MS, Timestamp};

    /// A service of one of four teams (0: none), graded unless its score is below 0.
    fn service((team, tier, score, regressions, calls): (u8, i16, i16, i32, Option<i64>)) -> FleetRow {
        FleetRow {
            service_id: String::new(),
            slug: String::new(),
            team_id: (team > 0).then(|| team.to_string()),
            tier,
            score,
            grade: match score {
                i16::MIN..0 => "",
                0..60 => "F",
                _ => "A",
            }
            .to_owned(),
            coverage: 50,
            practices: if score < 0 { "{}".to_owned() } else { format!("{{\"drills\":{score}}}") },
            outcomes: String::new(),
            regressions,
            book_hash: String::new(),
            system_ref: None,
            drills_expected: -1,
            drills_fresh: -1,
            calls: -1,
            calls_verified: -1,
            steady_since: None,
            calls_milli: calls,
        }
    }

    /// The certificate of a service: held from 80 on, in force from 90 on, the better the longer.
    fn certificates(score: i16) -> Vec<HeldRow> {
        let held = |state: i16, days: i64| HeldRow {
            service_id: String::new(),
            award: "certified".to_owned(),
            state,
            valid_until: Some(days * DAY_MS),
        };
        match score {
            ..80 => Vec::new(),
            80..90 => vec![held(2, 10)],
            90..95 => vec![held(awards::IN_FORCE, 30)],
            _ => vec![held(awards::IN_FORCE, 31)],
        }
    }

    fn end(score: i16) -> i64 {
        certificates(score).iter().find_map(|held| held.valid_until).unwrap_or(i64::MAX)
    }

    fn services() -> impl Strategy<Value = Vec<FleetRow>> {
        let one = (0_u8..4, 1_i16..=4, -1_i16..=100, 0_i32..3, proptest::option::of(0_i64..5_000_000));
        proptest::collection::vec(one.prop_map(service), 0..60)
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole_and_medians_stand_in_the_middle(rows in services()) {
            let mut counting = Counting::default();
            for row in &rows {
                counting.add(row, &certificates(row.score));
            }
            let picture = counting.finish(TeamTree::default());
            let all = &picture.all;
            let held = |wanted: fn(&FleetRow) -> bool| rows.iter().filter(|row| wanted(row)).count();
            prop_assert_eq!(all.extra.certified, Some(held(|row| row.score >= 90) as i64));
            prop_assert_eq!(picture.certificates.values().sum::<i64>(), held(|row| row.score >= 80) as i64);
            prop_assert_eq!(picture.endings.len(), held(|row| row.score >= 80));
            prop_assert!(picture.endings.is_sorted_by_key(|ending| ending.until));
            prop_assert_eq!(rest_of(all, picture.tiers.values()).extra.certified, Some(0));
            let soon = picture.expiring(Timestamp(0));
            let ends = |by: i64| rows.iter().filter(|row| row.score >= 80 && end(row.score) <= by).count() as i64;
            prop_assert_eq!(soon.get(&(ALL, String::new())).copied().unwrap_or(0), ends(EXPIRING_DAYS * DAY_MS));
            let tiers: i64 = soon.iter().filter(|((kind, _), _)| *kind == TIER).map(|(_, n)| n).sum();
            prop_assert_eq!(tiers, ends(EXPIRING_DAYS * DAY_MS));
            let rest = rest_of(all, picture.tiers.values());
            prop_assert_eq!((rest.services, rest.graded, rest.score_sum, rest.coverage_sum), (0, 0, 0, 0));
            prop_assert_eq!((rest.regressions, rest.extra.regressions), (0, Some(0)));
            prop_assert!(rest.grades.values().all(|n| *n == 0) && rest.practices.values().all(|sums| *sums == (0, 0)));
            prop_assert_eq!(all.grades.values().sum::<i64>(), all.services);
            let known: i64 = rows.iter().filter_map(|row| row.calls_milli).sum();
            let traffic = all.extra.traffic.clone().unwrap_or_default();
            prop_assert_eq!(traffic.values().map(|(_, calls)| calls).sum::<i64>(), known);
            let mut scores: Vec<i16> = rows.iter().map(|row| row.score).filter(|score| *score >= 0).collect();
            scores.sort_unstable();
            let middle = match scores.len() {
                0 => None,
                n if n % 2 == 1 => Some(scores[n / 2]),
                n => Some(i16::midpoint(scores[n / 2 - 1], scores[n / 2])),
            };
            prop_assert_eq!(all.extra.median, middle);
        }
    }
}
