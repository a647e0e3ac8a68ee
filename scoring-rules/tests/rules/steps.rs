//! The path to the next grade: it does what it says, and nothing cheaper does.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use scoring_rules::{
    Effort, Facts, Grade, Path, Rulebook, Value, Waivers, grade, next_steps, path_to_next_band, suppose,
};

use crate::support::{NOW_MS, fact, facts, load, pack, put};

/// One rule over a yes-or-no fact of its own.
#[derive(Debug, Clone)]
struct Small {
    points: u16,
    effort: Effort,
    /// What its fact must be.
    wants: bool,
    now: bool,
    /// Thousandths earned while the fact is otherwise.
    partial: u16,
    /// Letter of its cap, and the fact (with its value) under which the cap holds.
    cap: Option<(&'static str, Option<(usize, bool)>)>,
    /// The fact, with its value, under which the rule applies.
    when: Option<(usize, bool)>,
}

fn small() -> impl Strategy<Value = Small> {
    let effort = prop_oneof![Just(Effort::Minutes), Just(Effort::Hours), Just(Effort::Days)];
    let other = || proptest::option::weighted(0.4, (0_usize..5, any::<bool>()));
    let cap = proptest::option::weighted(0.4, (prop_oneof![Just("A"), Just("B"), Just("D")], other()));
    let partial = prop_oneof![Just(0_u16), Just(300), Just(750)];
    (0_u16..25, effort, any::<bool>(), proptest::bool::weighted(0.3), partial, cap, other()).prop_map(
        |(points, effort, wants, passed, partial, cap, when)| {
            let cap = if points == 0 { cap.or(Some(("B", None))) } else { cap };
            Small { points, effort, wants, now: wants == passed, partial, cap, when }
        },
    )
}

fn holds(fact: usize, value: bool) -> String {
    format!("{}own.f{fact}", if value { "" } else { "!" })
}

/// The book of some rules, with one more that is always passed.
fn book_of(rules: &[Small], base: u16) -> Rulebook {
    let mut texts = vec![("base".to_owned(), format!("points = {base}\npass = 'service.tier > 0'"))];
    let mut declared = String::new();
    for (at, rule) in rules.iter().enumerate() {
        let _ = writeln!(declared, "[own.f{at}]\ntype = \"bool\"\nhelp = \"One.\"\nexample = true");
        let own = holds(at, rule.wants);
        let mut text = format!("points = {}\neffort = \"{}\"\n", rule.points, rule.effort);
        let _ = match rule.partial {
            0 => writeln!(text, "pass = '{own}'"),
            partial => writeln!(text, "score = '{own} ? 1.0 : {}'", f64::from(partial) / 1_000.0),
        };
        // A rule that says when it applies by its own fact would be left, not passed.
        if let Some((fact, value)) = rule.when.filter(|(fact, _)| *fact < rules.len() && *fact != at) {
            let _ = writeln!(text, "when = '{}'", holds(fact, value));
        }
        let _ = match rule.cap {
            None => Ok(()),
            Some((letter, Some((fact, value)))) if fact < rules.len() => {
                writeln!(text, "caps = {{ grade = \"{letter}\", when = '{}' }}", holds(fact, value))
            }
            Some((letter, _)) => writeln!(text, "caps = \"{letter}\""),
        };
        texts.push((format!("r{at}"), text));
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let mut files = pack(&texts);
    files.insert("facts.toml".to_owned(), declared);
    load(&files)
}

fn facts_of(book: &Rulebook, values: &[bool]) -> Facts {
    let named: Vec<(String, Value)> =
        values.iter().enumerate().map(|(at, value)| (format!("own.f{at}"), Value::Bool(*value))).collect();
    let mut all: Vec<(&str, Value)> =
        named.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    all.push(("service.tier", Value::Int(1)));
    facts(book, &all)
}

fn graded(book: &Rulebook, facts: &Facts) -> Grade {
    grade(book, facts, &Waivers::new(), NOW_MS)
}

/// The least effort by which steps, each taken while its rule is open, reach the band: by trying every order of every
/// set of them.
fn least_effort(book: &Rulebook, rules: &[Small], target: usize) -> Option<i64> {
    let start: Vec<bool> = rules.iter().map(|rule| rule.now).collect();
    let mut least: Option<i64> = None;
    let mut seen = BTreeSet::new();
    let mut open = vec![(start, 0_u32, 0_i64)];
    while let Some((values, taken, effort)) = open.pop() {
        if !seen.insert((values.clone(), taken)) {
            continue;
        }
        let now = graded(book, &facts_of(book, &values));
        if now.band.is_some_and(|band| band <= target) {
            least = Some(least.map_or(effort, |known| known.min(effort)));
        }
        for (at, rule) in rules.iter().enumerate().filter(|(at, _)| taken & (1 << at) == 0) {
            let result = &now.rules[book.rule_index(&format!("r{at}")).unwrap()];
            if result.outcome.counts() && result.share_milli < 1_000 {
                let mut then = values.clone();
                then[at] = rule.wants;
                open.push((then, taken | 1 << at, effort + rule.effort.weight()));
            }
        }
    }
    least
}

/// Follows a path by its changes of facts and compares what it promised with what grading says.
fn follow(book: &Rulebook, facts: &Facts, path: &Path, now: &Grade) -> Result<(), TestCaseError> {
    let mut facts = facts.clone();
    let mut score = now.score.unwrap();
    for step in &path.steps {
        prop_assert!(!step.changes.is_empty(), "{} is only assumed", book.rules()[step.rule].id);
        for (id, value) in &step.changes {
            facts.set(*id, fact(value.clone()));
        }
        let then = graded(book, &facts);
        prop_assert_eq!(then.score, Some(step.score_after), "after {}", &book.rules()[step.rule].id);
        prop_assert_eq!(then.band, Some(step.band_after));
        prop_assert_eq!(step.points, step.score_after.saturating_sub(score));
        score = step.score_after;
    }
    prop_assert!(path.steps.last().is_some_and(|last| last.band_after <= path.target_band));
    let weights: i64 = path.steps.iter().map(|step| step.effort.weight()).sum();
    prop_assert!(path.effort >= weights);
    prop_assert_eq!(path.effort, path.steps.iter().map(|step| step.work).sum::<i64>());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_cheaper_way_reaches_the_next_grade(rules in proptest::collection::vec(small(), 1..=5), base in 1_u16..60) {
        let book = book_of(&rules, base);
        let values: Vec<bool> = rules.iter().map(|rule| rule.now).collect();
        let facts = facts_of(&book, &values);
        let now = graded(&book, &facts);
        let path = path_to_next_band(&book, &facts, &Waivers::new(), NOW_MS, &now);
        let target = now.band.unwrap().checked_sub(1);
        let least = target.and_then(|target| least_effort(&book, &rules, target));
        prop_assert_eq!(path.as_ref().map(|path| path.effort), least);
        if let Some(path) = path {
            prop_assert!(path.cheapest);
            follow(&book, &facts, &path, &now)?;
            let steps: Vec<usize> = path.steps.iter().map(|step| step.rule).collect();
            let supposed = suppose(&book, &facts, &Waivers::new(), NOW_MS, &steps);
            prop_assert_eq!(supposed.grade.score, path.steps.last().map(|step| step.score_after));
            prop_assert_eq!(supposed.grade, graded(&book, &supposed.facts));
        }
        for step in next_steps(&book, &facts, &Waivers::new(), NOW_MS, &now) {
            let alone = suppose(&book, &facts, &Waivers::new(), NOW_MS, &[step.rule]).grade;
            prop_assert_eq!((alone.score, alone.band), (Some(step.score_after), Some(step.band_after)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn steps_of_the_shipped_rules_give_what_they_promise(chosen in crate::properties::chosen(), tier in 1_i64..=4) {
        let book = &crate::support::DEFAULT;
        let mut facts = crate::properties::gather(&chosen);
        // The product always knows these; without them nobody can say whether a rule applies, whatever is done.
        put(book, &mut facts, "service.lifecycle", Value::from("production"));
        put(book, &mut facts, "service.tier", Value::Int(tier));
        put(book, &mut facts, "service.has_database", true);
        let now = graded(book, &facts);
        if let Some(path) = path_to_next_band(book, &facts, &Waivers::new(), NOW_MS, &now) {
            prop_assert!(path.cheapest);
            follow(book, &facts, &path, &now)?;
        }
    }
}

#[test]
fn greed_would_take_the_wrong_steps() {
    // By points per effort `small` comes first, and would be a step too many.
    let book = book_plain(&[
        ("base", "points = 70\npass = 'service.tier > 0'"),
        ("small", "points = 3\neffort = \"minutes\"\npass = 'service.has_owner'"),
        ("two", "points = 8\neffort = \"hours\"\npass = 'degrader.settings_known'"),
        ("big", "points = 10\neffort = \"hours\"\npass = '!drills.regressed'"),
        ("rest", "points = 9\neffort = \"days\"\npass = 'fallbacks.flows > 0'"),
    ]);
    let known = [("service.tier", Value::Int(1)), ("drills.regressed", Value::Bool(true))];
    let values = facts(&book, &known);
    let now = graded(&book, &values);
    let path = path_to_next_band(&book, &values, &Waivers::new(), NOW_MS, &now).unwrap();
    let ids: Vec<&str> = path.steps.iter().map(|step| book.rules()[step.rule].id.as_str()).collect();
    assert_eq!((now.score, ids, path.effort), (Some(70), vec!["big"], 4));
}

fn book_plain(rules: &[(&str, &str)]) -> Rulebook {
    load(&pack(rules))
}

#[test]
fn a_cap_that_a_step_brings_about_is_lifted_on_the_way() {
    let book = book_plain(&[
        ("base", "points = 75\npass = 'service.tier > 0'"),
        ("flows", "points = 10\neffort = \"minutes\"\npass = 'fallbacks.flows > 0'"),
        (
            "verified",
            "points = 5\neffort = \"days\"\nscore = 'share(fallbacks.verified, fallbacks.noncore_edges)'\n\
             caps = { grade = \"C\", when = 'fallbacks.flows > 0' }",
        ),
        ("other", "points = 10\neffort = \"days\"\npass = 'degrader.settings_known'"),
    ]);
    let known = [
        ("service.tier", Value::Int(1)),
        ("fallbacks.flows", Value::Int(0)),
        ("fallbacks.noncore_edges", Value::Int(4)),
        ("fallbacks.verified", Value::Int(2)),
    ];
    let values = facts(&book, &known);
    let now = graded(&book, &values);
    assert_eq!((now.score, now.band), (Some(77), book.band_index("C")));
    // Declaring flows alone gives 87 points and a cap; the other rule gives as many for more work, and no cap.
    let steps = next_steps(&book, &values, &Waivers::new(), NOW_MS, &now);
    let flows = steps.iter().find(|step| book.rules()[step.rule].id == "flows").unwrap();
    assert_eq!((flows.score_after, flows.band_after), (87, book.band_index("C").unwrap()));
    let path = path_to_next_band(&book, &values, &Waivers::new(), NOW_MS, &now).unwrap();
    let ids: Vec<&str> = path.steps.iter().map(|step| book.rules()[step.rule].id.as_str()).collect();
    assert_eq!((ids, path.effort), (vec!["other"], 16));
    let verified = path_of(&book, &values, &["flows", "verified"]);
    assert_eq!((verified.score, verified.band), (Some(90), book.band_index("A")));
}

fn path_of(book: &Rulebook, values: &Facts, ids: &[&str]) -> Grade {
    let rules: Vec<usize> = ids.iter().map(|id| book.rule_index(id).unwrap()).collect();
    suppose(book, values, &Waivers::new(), NOW_MS, &rules).grade
}

#[test]
fn as_many_fallbacks_are_verified_as_there_are_and_not_as_an_example_has() {
    let book = &crate::support::DEFAULT;
    let values = facts(
        book,
        &[
            ("service.tier", Value::Int(1)),
            ("service.lifecycle", Value::from("production")),
            ("fallbacks.flows", Value::Int(1)),
            ("fallbacks.noncore_edges", Value::Int(5)),
            ("fallbacks.declared", Value::Int(5)),
            ("fallbacks.verified", Value::Int(2)),
        ],
    );
    let rule = book.rule_index("fallback-verified").unwrap();
    let supposed = suppose(book, &values, &Waivers::new(), NOW_MS, &[rule]);
    let verified = book.catalogue().id("fallbacks.verified").unwrap();
    assert_eq!(supposed.changes, [(verified, Value::Int(5))]);
    assert!(supposed.taken.is_empty());
}

#[test]
fn what_passes_along_with_a_step_is_work_too() {
    let book = &crate::support::DEFAULT;
    let values =
        facts(book, &[("service.tier", Value::Int(1)), ("service.lifecycle", Value::from("production"))]);
    let now = graded(book, &values);
    let steps = next_steps(book, &values, &Waivers::new(), NOW_MS, &now);
    let step = |id: &str| steps.iter().find(|step| book.rules()[step.rule].id == id).unwrap();
    let (proved, declared) = (step("fallback-verified"), step("fallback-flows-declared"));
    assert_eq!((proved.effort, proved.work), (Effort::Hours, 8), "flows have to be declared for it");
    assert_eq!((declared.effort, declared.work), (Effort::Hours, 4));
    assert_eq!(proved.gain_milli, 19_000, "and they earn their points");
}

#[test]
fn what_no_change_of_facts_would_pass_is_taken_as_passed() {
    let book = book_plain(&[
        ("base", "points = 60\npass = 'service.tier > 0'"),
        ("tier", "points = 40\npass = 'service.tier <= 2'"),
    ]);
    let values = facts(&book, &[("service.tier", Value::Int(3))]);
    let rule = book.rule_index("tier").unwrap();
    let supposed = suppose(&book, &values, &Waivers::new(), NOW_MS, &[rule]);
    assert_eq!((supposed.grade.score, supposed.changes.len()), (Some(100), 0));
    assert_eq!(supposed.taken, BTreeSet::from([rule]));
    assert_eq!(supposed.grade.practices[0].score, Some(100));
}

#[test]
fn many_rules_that_touch_each_other_still_get_a_path_without_spare_steps() {
    let texts: Vec<(String, String)> = (1..=14)
        .map(|n| (format!("at-least-{n:02}"), format!("points = {n}\npass = 'fallbacks.verified >= {n}'")))
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let book = book_plain(&texts);
    let values = facts(&book, &[("fallbacks.verified", Value::Int(0))]);
    let now = graded(&book, &values);
    let path = path_to_next_band(&book, &values, &Waivers::new(), NOW_MS, &now).unwrap();
    assert!(!path.cheapest);
    assert!(path.steps.last().unwrap().band_after <= path.target_band);
    let steps: Vec<usize> = path.steps.iter().map(|step| step.rule).collect();
    for spare in &steps {
        let without: Vec<usize> = steps.iter().copied().filter(|step| step != spare).collect();
        let then = suppose(&book, &values, &Waivers::new(), NOW_MS, &without).grade;
        assert!(then.band.unwrap() > path.target_band, "{spare} can be left out");
    }
}
