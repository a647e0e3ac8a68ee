//! Grading by the book: sums, caps, waivers, age, strength, steps, gates.

use scoring_rules::{
    Effort, EvidenceClass, Grade, MissingWhy, Outcome, Rulebook, Value, Waivers, grade, next_steps,
    path_to_next_band,
};

use crate::support::{DAY_MS, DEFAULT, NOW_MS, book, fact, facts, load, pack, put};

const KNOWN: &str = "points = 10\npass = 'degrader.settings_known'";
const TIER: &str = "points = 30\npass = 'service.tier <= 2'";

fn graded(book: &Rulebook, values: &[(&str, Value)]) -> Grade {
    grade(book, &facts(book, values), &Waivers::new(), NOW_MS)
}

fn waived(ids: &[&str]) -> Waivers {
    ids.iter().map(|&id| id.to_owned()).collect()
}

#[test]
fn a_score_is_the_floor_of_the_share_earned() {
    let book = book(&[
        ("a", "points = 1\nscore = 'share(fallbacks.verified, 3)'"),
        ("b", "points = 2\npractice = \"two\"\npass = 'service.tier == 1'"),
    ]);
    let grade = graded(&book, &[("fallbacks.verified", Value::Int(2)), ("service.tier", Value::Int(1))]);
    assert_eq!((grade.earned_milli, grade.possible_milli), (2_666, 3_000));
    assert_eq!((grade.score, grade.coverage_pct), (Some(88), 100));
    assert_eq!(book.bands()[grade.band.unwrap()].letter, "B");
    let scores: Vec<_> =
        grade.practices.iter().map(|practice| (practice.id.as_str(), practice.score)).collect();
    assert_eq!(scores, [("one", Some(66)), ("two", Some(100))]);
    assert_eq!(grade.rules[0].outcome, Outcome::Partial);
    assert_eq!(grade.rules[0].share_milli, 666);
}

#[test]
fn shares_are_cut_to_thousandths_without_losing_one() {
    let book = book(&[("a", "points = 1\nscore = 'degrader.tuning_score / 100'")]);
    for percent in 0..=100_i16 {
        let grade = graded(&book, &[("degrader.tuning_score", Value::Num(f64::from(percent)))]);
        assert_eq!(grade.earned_milli, i64::from(percent) * 10);
    }
}

#[test]
fn what_is_not_known_earns_nothing_and_lowers_coverage() {
    let book = book(&[("a", KNOWN), ("b", TIER)]);
    let grade = graded(&book, &[("service.tier", Value::Int(1))]);
    assert_eq!((grade.score, grade.coverage_pct), (Some(75), 75));
    assert_eq!(grade.rules[0].outcome, Outcome::Unknown);
    let missing = &grade.rules[0].missing;
    assert_eq!(book.catalogue().spec(missing[0].fact).name, "degrader.settings_known");
    assert_eq!(missing[0].why, MissingWhy::NoData);
    let wrong_type = graded(&book, &[("degrader.settings_known", Value::Int(1))]);
    assert_eq!(wrong_type.rules[0].outcome, Outcome::Unknown);
}

#[test]
fn no_applicable_rule_is_no_grade() {
    let book = book(&[("a", "points = 5\nwhen = 'service.tier == 1'\npass = 'true'\ncaps = \"C\"")]);
    let grade = graded(&book, &[("service.tier", Value::Int(2))]);
    assert_eq!((grade.score, grade.band, grade.uncapped_band), (None, None, None));
    assert_eq!(grade.rules[0].outcome, Outcome::NotApplicable);
    assert_eq!(grade.practices[0].score, None);
    let unsure = graded(&book, &[]);
    assert_eq!(unsure.rules[0].outcome, Outcome::Unknown);
    assert_eq!(unsure.score, Some(0));
}

#[test]
fn evidence_ages_and_must_be_strong_enough() {
    let book = book(&[
        ("aged", "points = 1\npass = 'degrader.settings_known'"),
        (
            "strong",
            "points = 1\nevidence = \"executed\"\npass = 'drills.cpu_days_since_passed < 30 && service.tier == 1'",
        ),
    ]);
    let mut facts = facts(&book, &[]);
    let id = |name: &str| book.catalogue().id(name).unwrap();
    let mut old = fact(Value::Bool(true));
    old.as_of_ms = NOW_MS - 91 * DAY_MS;
    facts.set(id("degrader.settings_known"), old.clone());
    let mut weak = fact(Value::Int(3));
    weak.evidence = EvidenceClass::Observed;
    facts.set(id("drills.cpu_days_since_passed"), weak.clone());
    let mut typed_in = fact(Value::Int(1));
    typed_in.evidence = EvidenceClass::Declared;
    facts.set(id("service.tier"), typed_in);
    let before = grade(&book, &facts, &Waivers::new(), NOW_MS);
    assert_eq!(before.rules[0].missing[0].why, MissingWhy::Stale { age_days: 91, limit_days: 90 });
    assert_eq!(before.rules[1].missing[0].why, MissingWhy::TooWeak { have: EvidenceClass::Observed });
    assert_eq!(before.rules[1].missing.len(), 1);
    old.as_of_ms = NOW_MS - 90 * DAY_MS;
    facts.set(id("degrader.settings_known"), old);
    weak.evidence = EvidenceClass::ExecutedToken;
    facts.set(id("drills.cpu_days_since_passed"), weak);
    assert_eq!(grade(&book, &facts, &Waivers::new(), NOW_MS).score, Some(100));
}

#[test]
fn a_broken_source_keeps_the_last_known_share() {
    let book = book(&[("a", "points = 4\nscore = 'degrader.tuning_score / 100'\ncaps = \"D\"")]);
    let mut facts = facts(&book, &[]);
    let mut broken = fact(Value::Num(100.0));
    broken.source_error = Some("timed out".to_owned());
    facts.set(book.catalogue().id("degrader.tuning_score").unwrap(), broken);
    let full = grade(&book, &facts, &Waivers::new(), NOW_MS);
    assert_eq!((full.rules[0].outcome, full.score, full.band), (Outcome::Error, Some(100), Some(0)));
    put(&book, &mut facts, "degrader.tuning_score", 99.0);
    assert_eq!(grade(&book, &facts, &Waivers::new(), NOW_MS).band, book.band_index("D"));
}

#[test]
fn caps_hold_while_a_rule_is_not_passed() {
    let book = book(&[
        ("a", "points = 90\npass = 'service.tier > 0'"),
        ("b", "points = 0\npass = '!drills.regressed'\ncaps = { grade = \"B\", when = 'service.tier <= 2' }"),
        ("c", "points = 10\npass = 'degrader.settings_known'\ncaps = \"C\""),
    ]);
    let values = |tier, regressed, known| {
        [
            ("service.tier", Value::Int(tier)),
            ("drills.regressed", Value::Bool(regressed)),
            ("degrader.settings_known", Value::Bool(known)),
        ]
    };
    let letter = |grade: &Grade| book.bands()[grade.band.unwrap()].letter.clone();
    let both = graded(&book, &values(1, true, false));
    assert_eq!((both.score, letter(&both).as_str()), (Some(90), "C"));
    assert_eq!(both.uncapped_band, book.band_index("A"));
    assert_eq!(both.capped_by, ["c", "b"]);
    assert_eq!(letter(&graded(&book, &values(1, true, true))), "B");
    assert_eq!(letter(&graded(&book, &values(3, true, true))), "A+");
    assert_eq!(letter(&graded(&book, &values(1, false, true))), "A+");
    assert_eq!(letter(&graded(&book, &[("service.tier", Value::Int(1))])), "C");
}

#[test]
fn a_waiver_takes_the_rule_out_and_caps_at_a() {
    let book = book(&[("a", TIER), ("b", "points = 10\npass = 'degrader.settings_known'\ncaps = \"F\"")]);
    let facts = facts(&book, &[("service.tier", Value::Int(1))]);
    let grade = grade(&book, &facts, &waived(&["b"]), NOW_MS);
    assert_eq!((grade.score, grade.possible_milli, grade.band), (Some(100), 30_000, Some(1)));
    assert_eq!(grade.rules[1].outcome, Outcome::Waived);
    assert_eq!(grade.capped_by, ["waiver"]);
    assert!(next_steps(&book, &facts, &waived(&["b"]), NOW_MS, &grade).is_empty());
    assert_eq!(path_to_next_band(&book, &facts, &waived(&["b"]), NOW_MS, &grade), None);
}

#[test]
fn a_rule_that_has_not_started_is_previewed() {
    let book = book(&[("a", TIER), ("b", &format!("{KNOWN}\nstarts = 2026-12-01\nreview_by = 2027-01-31"))]);
    let values = facts(&book, &[("service.tier", Value::Int(1))]);
    let start_ms = book.rule("b").unwrap().starts.unwrap().start_ms();
    let before = grade(&book, &values, &Waivers::new(), start_ms - 1);
    assert_eq!((before.score, before.rules[1].previewed), (Some(100), true));
    assert_eq!(before.rules[1].outcome, Outcome::NotApplicable);
    let after = grade(&book, &values, &Waivers::new(), start_ms);
    assert_eq!((after.score, after.rules[1].previewed), (Some(75), false));
    assert!(!book.rule("b").unwrap().is_past_review(start_ms));
    assert!(book.rule("b").unwrap().is_past_review(start_ms + 70 * DAY_MS));
}

#[test]
fn steps_come_by_points_per_effort_and_lead_to_the_next_grade() {
    let book = book(&[
        ("base", "points = 70\npass = 'service.tier > 0'"),
        ("big-days", "points = 16\neffort = \"days\"\npass = 'degrader.settings_known'"),
        ("mid-hours", "points = 8\npass = 'service.has_owner'"),
        ("small-minutes", "points = 6\neffort = \"minutes\"\npass = 'service.has_database'"),
        ("lift", "points = 0\npass = '!drills.regressed'\ncaps = \"D\""),
    ]);
    let values = facts(&book, &[("service.tier", Value::Int(1)), ("drills.regressed", Value::Bool(true))]);
    let graded = grade(&book, &values, &Waivers::new(), NOW_MS);
    assert_eq!((graded.score, graded.band), (Some(70), book.band_index("D")));
    let steps = next_steps(&book, &values, &Waivers::new(), NOW_MS, &graded);
    let ids: Vec<&str> = steps.iter().map(|step| book.rules()[step.rule].id.as_str()).collect();
    assert_eq!(ids, ["small-minutes", "mid-hours", "big-days", "lift"]);
    assert_eq!((steps[0].points, steps[0].score_after, steps[0].effort), (6, 76, Effort::Minutes));
    assert_eq!(steps[0].band_after, book.band_index("D").unwrap());
    assert_eq!(steps[3].band_after, book.band_index("C").unwrap());
    let path = path_to_next_band(&book, &values, &Waivers::new(), NOW_MS, &graded).unwrap();
    assert_eq!((path.target_band, path.target_min), (book.band_index("C").unwrap(), 70));
    assert_eq!(path.steps.len(), 1);
    assert_eq!(book.rules()[path.steps[0].rule].id, "lift");

    let values = facts(&book, &[("service.tier", Value::Int(1)), ("drills.regressed", Value::Bool(false))]);
    let graded = grade(&book, &values, &Waivers::new(), NOW_MS);
    let path = path_to_next_band(&book, &values, &Waivers::new(), NOW_MS, &graded).unwrap();
    assert_eq!(path.target_band, book.band_index("B").unwrap());
    let scores: Vec<u8> = path.steps.iter().map(|step| step.score_after).collect();
    assert_eq!(scores, [76, 84]);
}

#[test]
fn nothing_is_left_to_do_at_the_top() {
    let book = book(&[("a", TIER)]);
    let values = facts(&book, &[("service.tier", Value::Int(1))]);
    let grade = grade(&book, &values, &Waivers::new(), NOW_MS);
    assert!(next_steps(&book, &values, &Waivers::new(), NOW_MS, &grade).is_empty());
    assert_eq!(path_to_next_band(&book, &values, &Waivers::new(), NOW_MS, &grade), None);
}

#[test]
fn a_gate_denies_what_is_not_known_and_says_why() {
    let mut values = facts(&DEFAULT, &[("service.tier", Value::Int(1))]);
    let denied = DEFAULT.gate("deploy", &values, NOW_MS).unwrap();
    assert!(!denied.allow);
    assert_eq!(
        denied.reasons,
        ["grade.rank is not known: no data", "drills.regressed is not known: no data"]
    );
    let graded = grade(&DEFAULT, &values, &Waivers::new(), NOW_MS);
    DEFAULT.set_grade_facts(&mut values, &graded, NOW_MS);
    put(&DEFAULT, &mut values, "drills.regressed", false);
    let denied = DEFAULT.gate("deploy", &values, NOW_MS).unwrap();
    assert_eq!(denied.reasons, ["grade.rank >= rank(\"B\") does not hold: the grade is F"]);
    put(&DEFAULT, &mut values, "grade.rank", DEFAULT.rank(2));
    assert!(DEFAULT.gate("deploy", &values, NOW_MS).unwrap().allow);
    put(&DEFAULT, &mut values, "drills.regressed", true);
    let denied = DEFAULT.gate("deploy", &values, NOW_MS).unwrap();
    assert_eq!(denied.reasons, ["!drills.regressed does not hold: drills.regressed is yes"]);
    assert_eq!(DEFAULT.gate("launch", &values, NOW_MS), None);
}

#[test]
fn an_organisation_adds_facts_of_its_own() {
    let mut files =
        pack(&[("a", "points = 1\npass = 'security.open_criticals == 0 && security.stage != \"red\"'")]);
    let declared = "[security.open_criticals]\ntype = \"int\"\nttl_days = 7\nhelp = \"Open criticals.\"\nexample = 2\n\
        [security.stage]\ntype = \"text\"\nhelp = \"Stage.\"\nchoices = [\"red\", \"green\"]\nexample = \"red\"\n";
    files.insert("facts.toml".to_owned(), declared.to_owned());
    let book = load(&files);
    let values = [("security.open_criticals", Value::Int(0)), ("security.stage", Value::from("green"))];
    let mut facts = facts(&book, &values);
    assert_eq!(grade(&book, &facts, &Waivers::new(), NOW_MS).score, Some(100));
    assert_eq!(grade(&book, &facts, &Waivers::new(), NOW_MS + 8 * DAY_MS).score, Some(0));
    facts.clear();
    assert_eq!(facts.iter().count(), 0);
    let spec = book.catalogue().spec(book.catalogue().id("security.stage").unwrap());
    assert!(spec.posted && spec.accepts(&Value::from("red")) && !spec.accepts(&Value::from("blue")));
}

#[test]
fn outcomes_survive_storage_as_one_character() {
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        let json = serde_json::to_string(&outcome).unwrap();
        assert_eq!(json, format!("\"{outcome}\""));
    }
    assert_eq!(Outcome::from_code('x'), None);
}

#[test]
fn values_are_bare_json() {
    let json = r#"[true,12,0.5,"passed",["a","b"]]"#;
    let values: Vec<Value> = serde_json::from_str(json).unwrap();
    assert_eq!(values[1], Value::Int(12));
    assert_eq!(values[2], Value::Num(0.5));
    assert_eq!(serde_json::to_string(&values).unwrap(), json);
}
