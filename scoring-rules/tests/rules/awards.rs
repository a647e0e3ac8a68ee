//! Awards: their files, their conditions, their life, and what is remembered for them.

use proptest::prelude::*;
use scoring_rules::{
    Award, AwardExpected, AwardKind, AwardStep, Reading, Record, Rulebook, Standing, StandingState, Value,
    Waivers, advance, default_pack, grade,
};

use crate::support::{DAY_MS, DEFAULT, NOW_MS, facts, load};

const CERTIFIED: &str = "waterbear-certified";

fn certificate() -> &'static Award {
    DEFAULT.award(AwardKind::Certificate, CERTIFIED).unwrap()
}

const GOOD: Reading = Reading { met: true, hold: false, suspend: false };

#[test]
fn every_award_of_the_pack_has_examples_of_both_kinds_and_a_way_to_it() {
    assert_eq!(DEFAULT.awards().len(), 7);
    for award in DEFAULT.awards() {
        let has = |wanted| award.examples.iter().any(|example| example.expected == wanted);
        assert!(has(AwardExpected::Earned), "{}", award.id);
        assert!(has(AwardExpected::NotEarned) || has(AwardExpected::Suspended), "{}", award.id);
        assert!(!award.fix.is_empty() && award.why.ends_with('.'), "{}", award.id);
    }
}

/// The errors of the default pack with one file more.
fn errors_with(path: &str, text: &str) -> Vec<String> {
    let mut files = default_pack();
    files.insert(path.to_owned(), text.to_owned());
    Rulebook::load(&files).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_mistake_in_an_award_is_told_with_its_place() {
    let head = "title = 't'\nwhy = 'w.'\nfix = 'f'\n";
    for (text, wanted) in [
        (
            format!("{head}earn = 'streak.days_at_a_plas > 3'"),
            "4:9: `earn`: unknown fact `streak.days_at_a_plas`; did you mean `streak.days_at_a_plus`?",
        ),
        (
            format!("{head}earn = 'true'\nvalid_day = 3"),
            "5:1: unknown key `valid_day`; did you mean `valid_days`?",
        ),
        (
            format!("{head}earn = 'grade.score'"),
            "4:9: `earn`: the expression must yield a bool, but it yields a whole number",
        ),
        (
            format!("{head}earn = 'true'\nmedal = 'gold'"),
            "5:9: `medal` is \"gold\"; it must be practice, upkeep or recognition",
        ),
        (
            format!("{head}earn = 'true'\nrenew_before_days = 1"),
            "5:21: `renew_before_days` is only for awards with `valid_days`",
        ),
        (
            format!("{head}earn = 'true'\nvalid_days = 9\nrenew_before_days = 9"),
            "6:21: `renew_before_days` is 9; it must be from 1 to 8",
        ),
        (
            format!("{head}earn = 'true'\n[[example]]\nfacts = {{}}\nexpect = 'not_earned'"),
            "7:10: this example does not hold: what earns it is true",
        ),
    ] {
        assert_eq!(errors_with("badges/x.toml", &text), [format!("badges/x.toml:{wanted}")], "{text}");
    }
    let lacking = errors_with("certificates/x.toml", &format!("{head}earn = 'true'"));
    assert_eq!(
        lacking,
        ["certificates/x.toml:1:1: `valid_days` is missing: a certificate says until when it holds"]
    );
    let rule = errors_with(
        "rules/x.toml",
        "title = 't'\npractice = 'drills'\nwhy = 'w'\nfix = 'f'\neffort = 'hours'\npoints = 1\npass = 'history.best_rank > 1'",
    );
    assert!(rule[0].contains("neither rules nor policies can read it"), "{rule:?}");
}

#[test]
fn what_is_lacking_is_said_part_by_part() {
    let values = [
        ("streak.days_at_a_plus", Value::Int(20)),
        ("grade.rank", Value::Int(6)),
        ("grade.coverage_pct", Value::Int(90)),
        ("grade.capped", Value::Bool(false)),
        ("grade.must_haves_open", Value::Int(0)),
        ("grade.rank_without_regression", Value::Int(6)),
        ("drills.regressed", Value::Bool(true)),
    ];
    let facts = facts(&DEFAULT, &values);
    let lacking = certificate().lacking(&DEFAULT, &facts, NOW_MS);
    assert_eq!(lacking.len(), 2, "{lacking:?}");
    assert!(lacking[0].starts_with("grade.coverage_pct >= 95 does not hold"), "{lacking:?}");
    let reading = certificate().read(&DEFAULT, &facts, NOW_MS);
    assert_eq!(reading, Reading { met: false, hold: true, suspend: false });
}

#[test]
fn a_certificate_is_earned_renewed_warned_of_and_lapses() {
    let award = certificate();
    let day = |n: i64| NOW_MS + n * DAY_MS;
    let (held, steps) = advance(award, None, GOOD, Some(day(0)), day(0));
    assert_eq!(steps, [AwardStep::Earned]);
    assert_eq!(held.unwrap().until_ms, Some(day(90)));
    assert_eq!(advance(award, held, GOOD, Some(day(0)), day(59)).1, []);
    let (renewed, steps) = advance(award, held, GOOD, Some(day(0)), day(60));
    assert_eq!(
        (renewed.unwrap().until_ms, steps.as_slice()),
        (Some(day(150)), [AwardStep::Renewed].as_slice())
    );
    // Not good enough any more to be renewed, though nothing is wrong: told two weeks before, gone at the end.
    let unmet = Reading { met: false, ..GOOD };
    assert_eq!(advance(award, held, unmet, None, day(75)).1, []);
    let (warned, steps) = advance(award, held, unmet, None, day(76));
    assert_eq!(steps, [AwardStep::Expiring]);
    assert_eq!(advance(award, warned, unmet, None, day(80)).1, []);
    assert_eq!(advance(award, warned, unmet, None, day(90)), (None, vec![AwardStep::Lapsed]));
    // Met in the last moment.
    assert_eq!(advance(award, warned, GOOD, Some(day(89)), day(89)).1, [AwardStep::Renewed]);
}

#[test]
fn a_certificate_goes_on_hold_is_suspended_resumes_and_is_revoked() {
    let award = certificate();
    let day = |n: i64| NOW_MS + n * DAY_MS;
    let held = advance(award, None, GOOD, Some(day(0)), day(0)).0;
    let regressed = Reading { met: false, hold: true, suspend: false };
    let below = Reading { met: false, hold: true, suspend: true };
    let (on_hold, steps) = advance(award, held, regressed, None, day(1));
    assert_eq!(
        (on_hold.unwrap().state, steps.as_slice()),
        (StandingState::OnHold, [AwardStep::Held].as_slice())
    );
    let (suspended, steps) = advance(award, on_hold, below, None, day(2));
    assert_eq!(steps, [AwardStep::Suspended]);
    assert_eq!(suspended.unwrap().bad_since_ms, Some(day(1)), "counted from when it left good standing");
    let unmet = Reading { met: false, ..GOOD };
    let (again, steps) = advance(award, suspended, unmet, None, day(14));
    assert_eq!(
        (again.unwrap().state, steps.as_slice()),
        (StandingState::Good, [AwardStep::Resumed].as_slice())
    );
    assert_eq!(advance(award, suspended, below, None, day(15)), (None, vec![AwardStep::Revoked]));
}

/// What the shipped certificate makes of a service of tier 1: `own` is worth 100 points, the rehearsal of configuration
/// rollbacks 10 and a cap, and a regression caps as it is shipped.
fn shipped(regressed: bool, own: bool, config: &str, config_passed: bool) -> (i64, Reading) {
    let mut files = default_pack();
    let kept = ["rules/drill-no-regression.toml", "rules/rollback-config.toml"];
    files.retain(|path, _| !path.starts_with("rules/") || kept.contains(&path.as_str()));
    let rule = "title = 't'\npractice = 'drills'\nwhy = 'w'\nfix = 'f'\neffort = 'hours'\npoints = 100\n\
        pass = 'drills.fresh >= 1'";
    files.insert("rules/own.toml".to_owned(), rule.to_owned());
    let book = load(&files);
    let mut values = vec![
        ("service.tier", Value::Int(1)),
        ("service.lifecycle", Value::from("production")),
        ("drills.fresh", Value::Int(i64::from(own))),
        ("drills.regressed", Value::Bool(regressed)),
        ("rollback.config_last_outcome", Value::from(config.to_owned())),
    ];
    if config_passed {
        values.push(("rollback.config_days_since_passed", Value::Int(10)));
    }
    let mut sheet = facts(&book, &values);
    let grade = grade(&book, &sheet, &Waivers::new(), NOW_MS);
    book.set_grade_facts(&mut sheet, &grade, NOW_MS);
    let award = book.award(AwardKind::Certificate, CERTIFIED).unwrap();
    (book.rank(grade.band.unwrap()), award.read(&book, &sheet, NOW_MS))
}

#[test]
fn a_regression_by_itself_holds_the_shipped_certificate_and_does_not_suspend_it() {
    let reading = |hold: bool, suspend: bool| Reading { met: false, hold, suspend };
    assert_eq!(shipped(false, true, "passed", true), (6, reading(false, false)));
    // The letter falls to B by the cap of the regression.
    assert_eq!(shipped(true, true, "passed", true), (4, reading(true, false)));
    // What failed is itself a must-have: its cap comes from the same regression.
    assert_eq!(shipped(true, true, "failed", true), (4, reading(true, false)));
    // A must-have that was never proven is lacking anyway, and so are points.
    assert_eq!(shipped(true, true, "failed", false), (4, reading(true, true)));
    assert_eq!(shipped(true, false, "passed", true), (1, reading(true, true)));
    assert_eq!(shipped(false, true, "failed", false), (4, reading(false, true)));
}

#[test]
fn an_example_that_says_on_hold_is_not_one_of_a_suspended_award() {
    let text = "title = 't'\nwhy = 'w.'\nfix = 'f'\nearn = 'true'\nvalid_days = 9\nhold = 'drills.regressed'\n\
        suspend = 'drills.regressed'\n[[example]]\nfacts = { \"drills.regressed\" = true }\nexpect = 'on_hold'";
    assert_eq!(
        errors_with("certificates/x.toml", text),
        ["certificates/x.toml:10:10: this example does not hold: it is suspended"]
    );
}

#[test]
fn a_badge_without_a_term_holds_while_it_is_true() {
    let award = DEFAULT.award(AwardKind::Badge, "drill-veteran").unwrap();
    let day = |n: i64| NOW_MS + n * DAY_MS;
    assert_eq!(advance(award, None, GOOD, Some(day(0)), day(89)), (None, vec![]));
    let (held, steps) = advance(award, None, GOOD, Some(day(0)), day(90));
    assert_eq!((held.unwrap().until_ms, steps.as_slice()), (None, [AwardStep::Earned].as_slice()));
    let stale = award.read(
        &DEFAULT,
        &facts(&DEFAULT, &[("drills.expected", Value::Int(3)), ("drills.fresh", Value::Int(2))]),
        NOW_MS,
    );
    assert!(stale.suspend && !stale.met);
    let (worse, _) = advance(award, held, stale, None, day(100));
    assert_eq!(advance(award, worse, stale, None, day(106)).1, []);
    assert_eq!(advance(award, worse, stale, None, day(107)), (None, vec![AwardStep::Revoked]));
}

/// The grade of a production service of tier 1 whose facts are all as in a rule's good example, or none.
fn graded(good: bool) -> scoring_rules::Grade {
    let book = load(&crate::support::pack(&[("only", "points = 1\npass = 'drills.fresh >= 1'")]));
    let values = [("drills.fresh", Value::Int(i64::from(good)))];
    grade(&book, &facts(&book, &values), &Waivers::new(), NOW_MS)
}

#[test]
fn streaks_begin_with_a_grade_and_end_when_it_falls() {
    let book = load(&crate::support::pack(&[("only", "points = 1\npass = 'drills.fresh >= 1'")]));
    let day = |n: i64| NOW_MS + n * DAY_MS;
    let mut record = Record::default();
    let at = |record: &Record, good: bool, n: i64| {
        let mut sheet = facts(&book, &[]);
        book.set_record_facts(&mut sheet, record, &graded(good), 0, day(n));
        let read = |name: &str| {
            let id = book.catalogue().id(name).unwrap();
            sheet.get(id).map(|fact| fact.value.clone())
        };
        (
            read("streak.days_at_a_plus"),
            read("streak.days_at_f"),
            read("history.best_rank"),
            read("history.gained_30d"),
            read("history.ranks_up_30d"),
            read("streak.days_without_regression"),
        )
    };
    let int = |n: i64| Some(Value::Int(n));
    record.take(&book, &graded(false), 0, None, day(0));
    assert_eq!(at(&record, false, 5), (int(0), int(5), int(1), None, int(0), int(5)));
    record.take(&book, &graded(true), 0, None, day(10));
    assert_eq!(at(&record, true, 25), (int(15), int(25), int(6), None, int(5), int(25)));
    assert_eq!(at(&record, true, 35).3, int(100));
    assert_eq!(at(&record, true, 41).4, int(0), "all of the last 30 days were as good");
    record.take(&book, &graded(false), 1, None, day(40));
    assert_eq!(at(&record, false, 40), (int(0), int(40), int(6), int(-100), int(0), None));
    // Of what lies long behind, only how the window began is kept.
    for n in 41..400 {
        record.take(&book, &graded(n % 2 == 0), 0, None, day(n));
    }
    assert!(serde_json::to_string(&record).unwrap().len() < 3_000);
    assert_eq!(at(&record, false, 399).1, int(399));
}

fn readings() -> impl Strategy<Value = Vec<(Reading, i64)>> {
    let reading = (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(met, hold, suspend)| Reading {
        met,
        hold,
        suspend,
    });
    prop::collection::vec((reading, 0_i64..20), 1..60)
}

proptest! {
    #[test]
    fn the_life_of_a_certificate_holds_its_promises(walk in readings()) {
        let award = certificate();
        let (mut now, mut held, mut since): (i64, Option<Standing>, Option<i64>) = (NOW_MS, None, None);
        let mut bad_from: Option<i64> = None;
        for (reading, days) in walk {
            now += days * DAY_MS;
            since = if reading.met { since.or(Some(now)) } else { None };
            let good = !reading.hold && !reading.suspend;
            let before = held;
            let (after, steps) = advance(award, held, reading, since, now);
            // Whatever is held and in force now deserves it now.
            prop_assert_eq!(after.is_some_and(|a| a.state == StandingState::Good), after.is_some() && good);
            // Its end only moves when what earns it is true.
            if let (Some(before), Some(after)) = (before, after)
                && !steps.contains(&AwardStep::Earned)
                && after.until_ms != before.until_ms
            {
                prop_assert!(reading.met && good && after.until_ms > before.until_ms);
            }
            prop_assert!(after.is_none_or(|a| a.until_ms > Some(now)));
            // Nobody is out of good standing for longer than allowed.
            bad_from = if good || after.is_none() { None } else { bad_from.or(Some(now)) };
            prop_assert!(bad_from.is_none_or(|from| now - from < 14 * DAY_MS));
            // The same instant again changes nothing.
            prop_assert_eq!(advance(award, after, reading, since, now), (after, vec![]));
            held = after;
        }
    }
}

/// What happens to a record in one pass: the grade is good or bad, drills stand regressed, conditions of awards hold.
fn passes() -> impl Strategy<Value = Vec<(bool, i32, [bool; 2], i64)>> {
    prop::collection::vec((any::<bool>(), 0_i32..2, any::<[bool; 2]>(), 0_i64..60), 1..40)
}

proptest! {
    #[test]
    fn a_record_says_itself_whether_it_must_be_written(passes in passes()) {
        let book = load(&crate::support::pack(&[("only", "points = 1\npass = 'drills.fresh >= 1'")]));
        let (mut kept, mut now) = (String::new(), NOW_MS);
        for (good, regressions, met, days) in passes {
            now += days * DAY_MS;
            let before: Record = serde_json::from_str(&kept).unwrap_or_default();
            let mut record = before.clone();
            prop_assert!(!record.moved());
            record.take(&book, &graded(good), regressions, None, now);
            for (award, met) in ["certified@01020304", "veteran@05060708"].into_iter().zip(met) {
                let since = record.met(award, met, now);
                prop_assert_eq!(since, record.met_since(award));
                prop_assert_eq!(since.is_some(), met);
            }
            prop_assert_eq!(record.moved(), record != before);
            kept = serde_json::to_string(&record).unwrap();
        }
    }
}
