//! What a team is worth on a board: bounds, order, splits, small teams, arrivals.

use proptest::prelude::*;
use scoring_rules::boards::{
    LENT, Leagues, MILLI, Member, Moved, Own, Stood, closed, improvement, own_mean, part_milli, settle,
    shrunk, streak_weeks,
};
use scoring_rules::boards::{MOST_WEEKS, counted_weeks};
use scoring_rules::{Rulebook, default_pack};

fn member(tier: u8, system: Option<u8>, score: u8) -> Member<u8> {
    Member { tier, system, milli: i64::from(score) * MILLI }
}

fn members() -> impl Strategy<Value = Vec<Member<u8>>> {
    let one = (1_u8..=4, prop::option::of(0_u8..4), 0_u8..=100);
    prop::collection::vec(one.prop_map(|(tier, system, score)| member(tier, system, score)), 1..30)
}

fn teams() -> impl Strategy<Value = Vec<Own>> {
    let one = (0_i64..=100_000, 1_usize..60, 0_usize..4);
    prop::collection::vec(one.prop_map(|(milli, services, league)| Own { milli, services, league }), 1..40)
}

#[test]
fn the_example_of_the_help_by_hand() {
    // Tier 1 at 90 and tier 3 at 60, each alone: (4 x 90 + 2 x 60) / 6 = 80; beside three at 65: (160 + 195) / 5 = 71.
    let own = own_mean(&[member(1, None, 90), member(3, None, 60)]).unwrap();
    assert_eq!(own, 80_000);
    assert_eq!(shrunk(own, 2, 65_000), 71_000);
    // One system, one voice: its mean (4 x 90 + 2 x 60) / 6 = 80 with weight 4, beside tier 4 at 30: 350 / 5.
    let split = [member(1, Some(1), 90), member(3, Some(1), 60), member(4, None, 30)];
    assert_eq!(own_mean(&split), Some(70_000));
}

proptest! {
    #[test]
    fn a_mean_is_within_its_services_and_their_order_does_not_matter(mut all in members(), turn in 0_usize..30) {
        let mean = own_mean(&all).unwrap();
        let values = || all.iter().map(|m| m.milli);
        prop_assert!(mean >= values().min().unwrap() - 1 && mean <= values().max().unwrap());
        prop_assert!((0..=100 * MILLI).contains(&mean));
        let turn = turn % all.len();
        all.rotate_left(turn);
        all.reverse();
        prop_assert_eq!(own_mean(&all), Some(mean));
    }

    #[test]
    fn a_better_service_never_lowers_its_team(mut all in members(), at in 0_usize..30, more in 0_i64..50_000) {
        let before = own_mean(&all).unwrap();
        let at = at % all.len();
        all[at].milli = (all[at].milli + more).min(100 * MILLI);
        prop_assert!(own_mean(&all).unwrap() >= before);
    }

    #[test]
    fn a_split_within_its_system_changes_nothing(mut all in members(), score in 0_u8..=100, parts in 1_usize..9) {
        all.push(member(2, Some(9), score));
        let whole = own_mean(&all);
        for _ in 1..parts {
            all.push(member(2, Some(9), score));
        }
        prop_assert_eq!(own_mean(&all), whole);
    }

    #[test]
    fn what_a_team_is_worth_is_a_score_and_rises_with_its_own(mut all in teams(), at in 0_usize..40, more in 0_i64..50_000) {
        let before = settle(&all);
        prop_assert!(before.iter().all(|milli| (0..=100 * MILLI).contains(milli)));
        let at = at % all.len();
        all[at].milli = (all[at].milli + more).min(100 * MILLI);
        let after = settle(&all);
        prop_assert!(after[at] >= before[at]);
        // The better one of two teams alike in size and league stays the better one.
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                if a.league == b.league && a.services == b.services && a.milli >= b.milli {
                    prop_assert!(after[i] >= after[j]);
                }
            }
        }
    }

    #[test]
    fn one_service_cannot_jump_far_and_many_stand_for_themselves(from in 0_i64..=100_000, to in 0_i64..=100_000, league in 0_i64..=100_000) {
        let jump = (shrunk(to, 1, league) - shrunk(from, 1, league)).abs();
        prop_assert!(jump <= (to - from).abs() / (1 + LENT) + 1);
        for services in [1_usize, 10, 100, 1_000, 100_000] {
            let far = (shrunk(to, services, league) - to).abs();
            prop_assert!(far <= LENT * 100 * MILLI / (services as i64 + LENT) + 1);
        }
    }

    #[test]
    fn what_was_closed_has_the_sign_of_the_change_and_rises_with_the_score(base in 0_u8..=100, now in 0_u8..100) {
        let milli = |score: u8| i64::from(score) * MILLI;
        let part = closed(milli(base), milli(now));
        prop_assert!((-MILLI..=MILLI).contains(&part));
        prop_assert_eq!(part.signum(), (i64::from(now) - i64::from(base)).signum());
        prop_assert!(closed(milli(base), milli(now + 1)) >= part);
    }

    #[test]
    fn a_team_gains_as_its_services_do(bases in prop::collection::vec((1_u8..=4, 0_u8..=100, 0_u8..=100), 1..20), at in 0_usize..20) {
        let mut all: Vec<Moved<u8>> = bases
            .iter()
            .map(|(tier, base, now)| Moved { tier: *tier, system: None, stood: Stood { base: *base, arrived: false }, now: *now })
            .collect();
        let (points, part) = improvement(&all, None).unwrap();
        // Never up in points and down in the part of what was possible, or the other way round.
        prop_assert!(points * part >= 0);
        let at = at % all.len();
        all[at].now = all[at].now.saturating_add(7).min(100);
        let better = improvement(&all, None).unwrap();
        prop_assert!(better.0 >= points && better.1 >= part);
        for moved in &mut all {
            moved.now = moved.stood.base;
        }
        prop_assert_eq!(improvement(&all, None), Some((0, 0)));
    }

    #[test]
    fn who_comes_in_the_season_starts_at_nothing_and_catching_up_is_none(base in 0_u8..=100, now in 0_u8..=100, peers in prop::option::of(0_u8..=100)) {
        let came = Stood { base, arrived: true };
        prop_assert_eq!(came.gained(base, peers), (0, 0));
        let (points, part) = came.gained(now, peers);
        let honest = Stood { base, arrived: false }.gained(now, peers);
        prop_assert!(points <= honest.0 && points.signum() == part.signum());
        if let Some(peers) = peers.filter(|peers| now > base && *peers >= now) {
            prop_assert_eq!((points, part), (0, 0), "below where the team stood: {}", peers);
        }
        if now < base {
            prop_assert_eq!((points, part), honest);
        }
        let better = came.gained(now.saturating_add(1).min(100), peers);
        prop_assert!(better.0 >= points && better.1 >= part);
    }
}

#[test]
fn parts_and_weeks() {
    assert_eq!((part_milli(2, 3), part_milli(0, 0), part_milli(7, 3)), (Some(666), None, Some(1_000)));
    let day = 86_400_000;
    assert_eq!((streak_weeks(0, 13 * day), streak_weeks(0, 14 * day), streak_weeks(9, 0)), (1, 2, 0));
}

#[test]
fn rehearsing_nothing_is_never_more_than_rehearsing() {
    assert_eq!((counted_weeks(Some(3), true), counted_weeks(Some(400), false)), (Some(3), Some(MOST_WEEKS)));
    assert_eq!((counted_weeks(None, true), counted_weeks(None, false)), (Some(0), None));
}

#[test]
fn a_league_of_two_is_lent_the_mean_of_all() {
    let own = |milli, league| Own { milli, services: 3, league };
    let teams = [own(90_000, 0), own(70_000, 0), own(50_000, 1), own(40_000, 1), own(30_000, 1)];
    // All: 56; league 1: 40.
    assert_eq!(settle(&teams), [73_000, 63_000, 45_000, 40_000, 35_000]);
}

#[test]
fn leagues_are_bands_of_tier_and_size() {
    let leagues = Leagues::default();
    assert_eq!(
        Rulebook::load(&default_pack()).unwrap().leagues(),
        &leagues,
        "the shipped pack says what the code does"
    );
    let all = leagues.all();
    let at = |tier, services| all[leagues.number(tier, services)].id.as_str();
    assert_eq!((at(1, 1), at(2, 7), at(2, 8)), ("critical-small", "critical-small", "critical-large"));
    assert_eq!((at(3, 0), at(4, 900)), ("supporting-small", "supporting-large"));
    let titles: Vec<&str> = all.iter().map(|l| l.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Tier 1-2, up to 7 services",
            "Tier 1-2, 8 services and more",
            "Tier 3-4, up to 7 services",
            "Tier 3-4, 8 services and more"
        ]
    );
}
