//! The default pack: sound, complete, and as the design says.

use std::collections::BTreeMap;

use scoring_rules::{Expected, Value, Waivers, default_pack, grade};

use crate::support::{DEFAULT, NOW_MS, facts};

#[test]
fn every_rule_has_examples_that_pass_fall_short_and_lack_facts() {
    for rule in DEFAULT.rules() {
        let has = |wanted: fn(Expected) -> bool| rule.examples.iter().any(|example| wanted(example.expected));
        assert!(has(|expected| expected == Expected::Pass), "{}", rule.id);
        assert!(has(|expected| matches!(expected, Expected::Fail | Expected::Partial(_))), "{}", rule.id);
        assert!(has(|expected| expected == Expected::Unknown), "{}", rule.id);
        assert!(rule.fix.contains("/help/"), "{}: the fix names no help page", rule.id);
        assert!(rule.title.len() <= 80 && !rule.title.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn points_of_practices_are_those_of_the_design() {
    let mut points: BTreeMap<&str, u16> = BTreeMap::new();
    for rule in DEFAULT.rules() {
        *points.entry(rule.practice.as_str()).or_default() += rule.points;
    }
    let wanted = [("degrader", 25), ("drills", 34), ("fallbacks", 25), ("learning", 17), ("rollback", 27)];
    assert_eq!(points.into_iter().collect::<Vec<_>>(), wanted);
    assert_eq!(DEFAULT.tried_milli(), 250);
    assert_eq!(DEFAULT.bands().iter().map(|band| band.min).collect::<Vec<_>>(), [97, 90, 80, 70, 60, 0]);
}

#[test]
fn some_rule_applies_to_every_tier_and_lifecycle() {
    let mut possible = BTreeMap::new();
    for tier in 1..=4 {
        for lifecycle in ["experimental", "production", "deprecated"] {
            let values = [("service.tier", Value::Int(tier)), ("service.lifecycle", Value::from(lifecycle))];
            let grade = grade(&DEFAULT, &facts(&DEFAULT, &values), &Waivers::new(), NOW_MS);
            assert_eq!(grade.score, Some(0), "{lifecycle} of tier {tier} without evidence");
            assert_eq!(grade.coverage_pct, 0);
            possible.insert((lifecycle, tier), grade.possible_milli);
        }
    }
    assert!(possible[&("production", 1)] > possible[&("production", 3)]);
    assert!(possible[&("production", 3)] > possible[&("production", 4)]);
    assert!(possible[&("production", 4)] > possible[&("experimental", 1)]);
}

#[test]
fn every_drill_rule_tells_its_window() {
    let values = [
        ("service.tier", Value::Int(1)),
        ("service.lifecycle", Value::from("production")),
        ("service.has_database", Value::Bool(true)),
    ];
    let mut facts = facts(&DEFAULT, &values);
    let windows = DEFAULT.windows(&facts, NOW_MS);
    assert_eq!(windows.len(), 14);
    let config = windows.iter().find(|window| DEFAULT.rules()[window.rule].id == "rollback-config").unwrap();
    assert_eq!((config.fresh_days, config.expires_days), (30, 90));
    assert_eq!(DEFAULT.catalogue().spec(config.fact).name, "rollback.config_days_since_passed");
    facts.set(
        DEFAULT.catalogue().id("service.lifecycle").unwrap(),
        crate::support::fact(Value::from("experimental")),
    );
    assert_eq!(DEFAULT.windows(&facts, NOW_MS).len(), 1);
}

#[test]
fn a_try_that_failed_is_worth_more_than_none_and_a_pass_more_than_that() {
    let base = [("service.tier", Value::Int(1)), ("service.lifecycle", Value::from("production"))];
    let mut facts = facts(&DEFAULT, &base);
    let mut earned = vec![grade(&DEFAULT, &facts, &Waivers::new(), NOW_MS).earned_milli];
    crate::support::put(&DEFAULT, &mut facts, "drills.dns_last_outcome", "failed");
    earned.push(grade(&DEFAULT, &facts, &Waivers::new(), NOW_MS).earned_milli);
    crate::support::put(&DEFAULT, &mut facts, "drills.dns_last_outcome", "passed");
    crate::support::put(&DEFAULT, &mut facts, "drills.dns_days_since_passed", 0_i64);
    earned.push(grade(&DEFAULT, &facts, &Waivers::new(), NOW_MS).earned_milli);
    assert_eq!(earned, [0, 500, 2_000]);
}

#[test]
fn the_catalogue_describes_every_fact() {
    for (id, spec) in DEFAULT.catalogue().iter() {
        assert_eq!(DEFAULT.catalogue().id(&spec.name), Some(id));
        assert!(spec.help.ends_with('.') && spec.send.ends_with('.'), "{}", spec.name);
        assert!(spec.accepts(&spec.example), "{}", spec.name);
        assert_eq!(spec.posted, spec.send.contains("POST /api/v1/facts"), "{}", spec.name);
    }
    assert_eq!(DEFAULT.catalogue().nearest("rollback.confg_days"), None);
    assert_eq!(
        DEFAULT.catalogue().nearest("rollback.confg_days_since_passd"),
        Some("rollback.config_days_since_passed")
    );
}

#[test]
fn the_hash_names_the_content() {
    let mut files = default_pack();
    assert_eq!(DEFAULT.hash().len(), 64);
    assert_eq!(crate::support::load(&files).hash(), DEFAULT.hash());
    files.get_mut("policies.toml").unwrap().push_str("# more\n");
    assert_ne!(crate::support::load(&files).hash(), DEFAULT.hash());
}
