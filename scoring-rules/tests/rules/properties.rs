//! Properties that hold for every pack and every set of facts.

use proptest::prelude::*;
use scoring_rules::{
    Expected, Fact, FactId, FactType, Facts, Outcome, PackFiles, Rulebook, Value, Waivers, default_pack,
    grade, next_steps, path_to_next_band,
};

use crate::support::{DEFAULT, NOW_MS, fact, load};

/// A value for each fact, or none: drawn from numbers, so that every type has its share of the range.
fn value(id: FactId, draw: u16) -> Option<Value> {
    let spec = DEFAULT.catalogue().spec(id);
    if draw.is_multiple_of(4) || spec.group() == "grade" {
        return None;
    }
    let number = i64::from(draw / 4) % 130;
    Some(match spec.kind {
        FactType::Bool => Value::Bool(number % 2 == 0),
        FactType::Int if spec.name == "service.tier" => Value::Int(1 + number % 4),
        FactType::Int => Value::Int(number),
        FactType::Number if spec.unit.as_deref() == Some("share") => Value::Num(number as f64 / 129.0),
        FactType::Number => Value::Num(number as f64),
        FactType::Text if spec.choices.is_empty() => Value::from("api"),
        FactType::Text => {
            Value::from(spec.choices[usize::try_from(number).unwrap() % spec.choices.len()].clone())
        }
        FactType::List => Value::List(vec!["pci".to_owned()]),
    })
}

pub(crate) fn chosen() -> impl Strategy<Value = Vec<(FactId, Fact)>> {
    proptest::collection::vec(any::<u16>(), DEFAULT.catalogue().len()).prop_map(|draws| {
        let ids = DEFAULT.catalogue().iter().map(|(id, _)| id);
        ids.zip(draws).filter_map(|(id, draw)| Some((id, fact(value(id, draw)?)))).collect()
    })
}

fn waivers() -> impl Strategy<Value = Waivers> {
    proptest::collection::vec(0..DEFAULT.rules().len(), 0..3)
        .prop_map(|picked| picked.into_iter().map(|index| DEFAULT.rules()[index].id.clone()).collect())
}

pub(crate) fn gather<'a>(chosen: impl IntoIterator<Item = &'a (FactId, Fact)>) -> Facts {
    let mut facts = Facts::new(DEFAULT.catalogue().len());
    for (id, fact) in chosen {
        facts.set(*id, fact.clone());
    }
    facts
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sums_add_up_and_caps_hold(chosen in chosen(), waivers in waivers()) {
        let facts = gather(&chosen);
        let grade = grade(&DEFAULT, &facts, &waivers, NOW_MS);
        prop_assert!(grade.score.is_none_or(|score| score <= 100) && grade.coverage_pct <= 100);
        prop_assert_eq!(grade.earned_milli, grade.rules.iter().map(|result| result.earned_milli).sum::<i64>());
        prop_assert_eq!(grade.possible_milli, grade.practices.iter().map(|practice| practice.possible_milli).sum::<i64>());
        for result in &grade.rules {
            prop_assert!(result.share_milli <= 1_000 && result.earned_milli <= result.possible_milli);
            prop_assert_eq!(result.missing.is_empty(), result.outcome != Outcome::Unknown);
            if !result.outcome.counts() {
                prop_assert_eq!((result.possible_milli, result.earned_milli, result.caps), (0, 0, None));
            }
            if let (Some(cap), Some(band)) = (result.caps, grade.band) {
                prop_assert!(band >= cap);
            }
        }
        if grade.rules.iter().any(|result| result.outcome == Outcome::Waived) {
            prop_assert!(grade.band.is_none_or(|band| band >= 1));
        }
        prop_assert!(grade.band >= grade.uncapped_band);
        prop_assert_eq!(grade.band == grade.uncapped_band, grade.capped_by.is_empty());
        // Without the caps of a regression it is between what it is and what the score alone would earn.
        let rank = |band: Option<usize>| band.map(|band| DEFAULT.rank(band));
        let without = DEFAULT.rank_without_regression(&grade, &facts);
        prop_assert!(without >= rank(grade.band) && without <= rank(grade.uncapped_band));
        let regressed = facts.get(DEFAULT.catalogue().id("drills.regressed").unwrap());
        if regressed.is_none_or(|fact| fact.value != Value::Bool(true)) {
            prop_assert_eq!(without, rank(grade.band));
        }
    }

    #[test]
    fn equal_input_gives_equal_bytes_in_any_order(chosen in chosen(), waivers in waivers()) {
        let forwards = grade(&DEFAULT, &gather(&chosen), &waivers, NOW_MS);
        let backwards = grade(&DEFAULT, &gather(chosen.iter().rev()), &waivers, NOW_MS);
        prop_assert_eq!(serde_json::to_vec(&forwards).unwrap(), serde_json::to_vec(&backwards).unwrap());
    }

    #[test]
    fn passing_one_rule_never_lowers_a_score(chosen in chosen(), pick in any::<prop::sample::Index>()) {
        let mut facts = gather(&chosen);
        let before = grade(&DEFAULT, &facts, &Waivers::new(), NOW_MS);
        let index = pick.index(DEFAULT.rules().len());
        let rule = &DEFAULT.rules()[index];
        let passing = rule.examples.iter().find(|example| example.expected == Expected::Pass).unwrap();
        // Only what the rule itself reads: to move a service to another tier is not to pass a rule.
        for (id, value) in passing.facts.iter().filter(|(id, _)| rule.facts().contains(id)) {
            if DEFAULT.catalogue().spec(*id).name != "rollback.failed_in_incident_days" {
                facts.set(*id, fact(value.clone()));
            }
        }
        let after = grade(&DEFAULT, &facts, &Waivers::new(), NOW_MS);
        if after.rules[index].outcome == Outcome::Pass {
            prop_assert!(after.score >= before.score, "{}: {:?} after {:?}", rule.id, after.score, before.score);
        }
    }

    #[test]
    fn one_more_passed_drill_never_lowers_a_score(chosen in chosen(), pick in any::<prop::sample::Index>()) {
        let catalogue = DEFAULT.catalogue();
        let drills: Vec<&str> =
            catalogue.iter().filter_map(|(_, spec)| spec.name.strip_suffix("_days_since_passed")).collect();
        let mut facts = gather(&chosen);
        let before = grade(&DEFAULT, &facts, &Waivers::new(), NOW_MS);
        let drill = drills[pick.index(drills.len())];
        let id = |end: &str| catalogue.id(&format!("{drill}_{end}")).unwrap();
        facts.set(id("days_since_passed"), fact(Value::Int(0)));
        facts.set(id("last_outcome"), fact(Value::from("passed")));
        let after = grade(&DEFAULT, &facts, &Waivers::new(), NOW_MS);
        prop_assert!(after.score >= before.score && after.band <= before.band);
    }

    #[test]
    fn steps_tell_the_truth(chosen in chosen(), waivers in waivers()) {
        let facts = gather(&chosen);
        let grade = grade(&DEFAULT, &facts, &waivers, NOW_MS);
        for step in next_steps(&DEFAULT, &facts, &waivers, NOW_MS, &grade) {
            prop_assert_eq!(Some(step.score_after), grade.score.map(|score| score + step.points));
            prop_assert!(step.score_after <= 100 && Some(step.band_after) <= grade.band);
        }
        if let Some(path) = path_to_next_band(&DEFAULT, &facts, &waivers, NOW_MS, &grade) {
            let last = path.steps.last().unwrap();
            prop_assert_eq!(Some(path.target_band + 1), grade.band);
            prop_assert!(last.band_after <= path.target_band && last.score_after >= path.target_min);
            let sum: u16 = path.steps.iter().map(|step| u16::from(step.points)).sum();
            prop_assert_eq!(u16::from(last.score_after), u16::from(grade.score.unwrap()) + sum);
        }
    }

    #[test]
    fn a_spoilt_file_is_refused_or_read_but_never_breaks(
        at in any::<prop::sample::Index>(), file in any::<prop::sample::Index>(), junk in "\\PC{0,6}|[\\[\\]{}\"'=#\\n.]{1,4}"
    ) {
        let mut files = default_pack();
        let paths: Vec<String> = files.keys().cloned().collect();
        let path = &paths[file.index(paths.len())];
        let keep = ["grades.toml", "policies.toml", "rules/learning-postmortem.toml", path];
        files.retain(|path, _| keep.contains(&path.as_str()));
        let text = files.get_mut(path).unwrap();
        let mut at = at.index(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, &junk);
        if let Err(errors) = Rulebook::load(&files) {
            prop_assert!(errors.iter().all(|error| error.line >= 1 && error.column >= 1));
        }
    }

    #[test]
    fn any_text_in_any_place_is_refused(text in "\\PC{0,60}") {
        for path in ["grades.toml", "facts.toml", "policies.toml", "rules/x.toml"] {
            let _ = Rulebook::load(&PackFiles::from([(path.to_owned(), text.clone())]));
        }
    }
}

#[test]
fn files_in_any_order_are_the_same_book() {
    let reversed: PackFiles = default_pack().into_iter().rev().collect();
    let again = load(&reversed);
    assert_eq!(again.hash(), DEFAULT.hash());
    assert_eq!(again.rules(), DEFAULT.rules());
}
