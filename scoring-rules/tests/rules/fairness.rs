//! Fairness, shown by simulation: in made-up organisations in which every team makes the same effort, the place on the
//! board of improvement does not follow from the size of a team or from where it started. The same code ranks that the
//! product ranks with. The control: the plain means and sums that it replaces fail the same test.

use scoring_rules::boards::{
    Leagues, MILLI, Member, Moved, Own, Stood, counted_weeks, improvement, own_mean, part_milli, settle,
};

/// Organisations that are made up, and teams of each.
const SEEDS: u64 = 300;
const TEAMS: usize = 80;
/// Tenths of what was missing that are closed.
const WORK: f64 = 3.0;
/// What a correlation may be at most.
const FAIR: f64 = 0.1;

/// SplitMix64: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        least + (self.part() * (most - least + 1) as f64) as i64
    }
}

struct Service {
    tier: u8,
    system: Option<u32>,
    base: u8,
    now: u8,
    /// Weeks of its streak; none where nothing is fresh.
    weeks: Option<i64>,
    /// Drills expected and fresh, calls that users can do without and proven ones.
    drills: (i64, i64),
    calls: (i64, i64),
}

struct Team {
    services: Vec<Service>,
}

/// Equal effort: each service of each team closes a share of what it was missing, drawn from one distribution that knows
/// neither team nor size nor start: `effort` in ten, give or take as much. And scores go up and down by themselves.
fn organisation(dice: &mut Dice, effort: f64) -> Vec<Team> {
    let team = |_| {
        // Many small teams and few large ones.
        let size = (40_f64.powf(dice.part())).round() as usize;
        let level = dice.between(20, 80);
        let services = (0..size).map(|n| {
            let base = (level + dice.between(-10, 10)).clamp(0, 90);
            let closed = (100 - base) as f64 * dice.part() * effort / 5.0;
            let now = (base + closed.round() as i64 + dice.between(-4, 4)).clamp(0, 100);
            let system = (dice.part() < 0.5).then_some(n as u32 / 3);
            let tier = dice.between(1, 4) as u8;
            let weeks = (dice.part() < 0.8).then(|| if dice.part() < 0.2 { 0 } else { dice.between(0, 52) });
            let part = |dice: &mut Dice, whole: i64| {
                (whole, (0..whole).map(|_| i64::from(dice.part() < 0.6)).sum::<i64>())
            };
            let (expected, edges) = (dice.between(1, 9), dice.between(0, 4));
            let (drills, calls) = (part(dice, expected), part(dice, edges));
            Service { tier, system, base: base as u8, now: now as u8, weeks, drills, calls }
        });
        Team { services: services.collect() }
    };
    (0..TEAMS).map(team).collect()
}

/// As the product ranks: the part of what was possible, by voices, beside the loan of the league.
fn improved(teams: &[Team]) -> Vec<f64> {
    let leagues = Leagues::default();
    let own = |team: &Team| {
        let stood = |s: &Service| Stood { base: s.base, arrived: false };
        let moved: Vec<Moved<u32>> = team
            .services
            .iter()
            .map(|s| Moved { tier: s.tier, system: s.system, stood: stood(s), now: s.now })
            .collect();
        let tier = team.services.iter().map(|s| s.tier).min().unwrap();
        let services = moved.len();
        let (_, part) = improvement(&moved, None).unwrap();
        Own { milli: part * MILLI, services, league: leagues.number(tier, services) }
    };
    settle(&teams.iter().map(own).collect::<Vec<_>>()).into_iter().map(|v| v as f64).collect()
}

/// As the product ranks a mean over the services that have a value, in units of the value.
fn mean_of(teams: &[Team], value: fn(&Service) -> Option<i64>) -> Vec<f64> {
    let leagues = Leagues::default();
    let own = |team: &Team| {
        let voice = |s: &Service| Some(Member { tier: s.tier, system: s.system, milli: value(s)? * MILLI });
        let members: Vec<Member<u32>> = team.services.iter().filter_map(voice).collect();
        let tier = team.services.iter().map(|s| s.tier).min().unwrap();
        let league = leagues.number(tier, team.services.len());
        own_mean(&members).map(|milli| Own { milli, services: members.len(), league })
    };
    let owns: Vec<Option<Own>> = teams.iter().map(own).collect();
    let mut settled = settle(&owns.iter().flatten().copied().collect::<Vec<_>>()).into_iter();
    // Who has no value is not on the board.
    owns.iter()
        .map(|own| if own.is_some() { settled.next().unwrap().div_euclid(MILLI) as f64 } else { f64::NAN })
        .collect()
}

fn score(teams: &[Team]) -> Vec<f64> {
    mean_of(teams, |s| Some(i64::from(s.now)))
}

fn streak(teams: &[Team]) -> Vec<f64> {
    mean_of(teams, |s| counted_weeks(s.weeks, true))
}

fn drills(teams: &[Team]) -> Vec<f64> {
    mean_of(teams, |s| part_milli(s.drills.1, s.drills.0))
}

fn fallbacks(teams: &[Team]) -> Vec<f64> {
    mean_of(teams, |s| part_milli(s.calls.1, s.calls.0))
}

/// What it replaces: a team's streak as the shortest of its services.
fn naive_streak(teams: &[Team]) -> Vec<f64> {
    let least = |team: &Team| team.services.iter().map(|s| s.weeks.unwrap_or(0)).min().unwrap_or(0) as f64;
    teams.iter().map(least).collect()
}

/// Points gained, added up.
fn points(team: &Team) -> f64 {
    team.services.iter().map(|s| f64::from(s.now) - f64::from(s.base)).sum()
}

fn naive_mean(teams: &[Team]) -> Vec<f64> {
    teams.iter().map(|team| points(team) / team.services.len() as f64).collect()
}

fn naive_sum(teams: &[Team]) -> Vec<f64> {
    teams.iter().map(points).collect()
}

fn sizes(teams: &[Team]) -> Vec<f64> {
    teams.iter().map(|team| team.services.len() as f64).collect()
}

fn starts(teams: &[Team]) -> Vec<f64> {
    let mean = |team: &Team| {
        team.services.iter().map(|s| f64::from(s.base)).sum::<f64>() / team.services.len() as f64
    };
    teams.iter().map(mean).collect()
}

/// Ranks from the lowest; equals share the mean of their places.
fn ranks(values: &[f64]) -> Vec<f64> {
    let place = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count() as f64;
        let same = values.iter().filter(|other| other.total_cmp(value).is_eq()).count() as f64;
        below + (same - 1.0) / 2.0
    };
    values.iter().map(place).collect()
}

/// Spearman's rank correlation: Pearson's of the ranks.
fn rho(left: &[f64], right: &[f64]) -> f64 {
    let (left, right) = (ranks(left), ranks(right));
    let mean = |ranks: &[f64]| ranks.iter().sum::<f64>() / ranks.len() as f64;
    let (ml, mr) = (mean(&left), mean(&right));
    let sum =
        |f: &dyn Fn(f64, f64) -> f64| left.iter().zip(&right).map(|(l, r)| f(l - ml, r - mr)).sum::<f64>();
    sum(&|l, r| l * r) / (sum(&|l, _| l * l) * sum(&|_, r| r * r)).sqrt()
}

type Board = fn(&[Team]) -> Vec<f64>;

/// Mean correlation of the values of a board with something of the teams, over all organisations.
fn correlation(board: Board, with: Board, effort: f64) -> f64 {
    let of_seed = |seed| {
        let teams = organisation(&mut Dice(seed), effort);
        let pairs = board(&teams).into_iter().zip(with(&teams));
        let (values, others): (Vec<f64>, Vec<f64>) = pairs.filter(|(value, _)| !value.is_nan()).unzip();
        rho(&values, &others)
    };
    (0..SEEDS).map(of_seed).sum::<f64>() / SEEDS as f64
}

/// Share of teams of one or two services among the best tenth, and among all.
fn small_among_the_best(board: Board) -> (f64, f64) {
    let (mut best, mut all) = (0.0, 0.0);
    for seed in 0..SEEDS {
        let teams = organisation(&mut Dice(seed), WORK);
        let small = |team: &Team| f64::from(u8::from(team.services.len() <= 2));
        let mut order: Vec<(f64, &Team)> = board(&teams).into_iter().zip(&teams).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let top = TEAMS / 10;
        best += order.iter().take(top).map(|(_, team)| small(team)).sum::<f64>() / top as f64;
        all += teams.iter().map(small).sum::<f64>() / TEAMS as f64;
    }
    (best / SEEDS as f64, all / SEEDS as f64)
}

#[test]
fn equal_effort_is_ranked_equally_whatever_the_size_and_the_start() {
    // Also where nobody does anything, and scores only go up and down by themselves.
    for effort in [WORK, 0.0] {
        let (size, start) = (correlation(improved, sizes, effort), correlation(improved, starts, effort));
        println!("improved, effort {effort}: size {size:.3}, start {start:.3}");
        assert!(size.abs() < FAIR, "effort {effort}, size: {size}");
        assert!(start.abs() < FAIR, "effort {effort}, start: {start}");
    }
}

#[test]
fn no_board_follows_from_the_size_of_a_team_nor_from_its_start_but_that_of_scores() {
    let boards: [(&str, Board); 4] =
        [("score", score), ("streak", streak), ("drills", drills), ("fallbacks", fallbacks)];
    for (name, board) in boards {
        let (size, start) = (correlation(board, sizes, WORK), correlation(board, starts, WORK));
        println!("{name}: size {size:.3}, start {start:.3}");
        assert!(size.abs() < FAIR, "{name}, size: {size}");
        // Where one stands follows from where one stood: that is what the board of scores says.
        assert_eq!(start.abs() < FAIR, name != "score", "{name}, start: {start}");
    }
    let least = correlation(naive_streak, sizes, WORK);
    println!("the shortest streak: size {least:.3}");
    assert!(least < -4.0 * FAIR, "the more services, the shorter the shortest: {least}");
}

#[test]
fn plain_means_and_sums_of_points_fail_the_same_test() {
    let start = correlation(naive_mean, starts, WORK);
    let size = correlation(naive_sum, sizes, WORK);
    println!("mean of points: start {start:.3}; sum of points: size {size:.3}");
    assert!(start < -5.0 * FAIR, "who starts low gains more points: {start}");
    assert!(size > 5.0 * FAIR, "who owns more gains more points: {size}");
}

#[test]
fn small_teams_are_not_first_by_chance() {
    let (naive, all) = small_among_the_best(naive_mean);
    let (ours, _) = small_among_the_best(improved);
    println!("of teams {all:.3} are small; among the best tenth {naive:.3} by the mean, {ours:.3} here");
    assert!(ours < naive, "{ours} of the best are small teams, by the plain mean {naive}");
}
