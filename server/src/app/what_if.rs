//! What if: a scorecard as it would be with some rules passed and some facts changed. It only reads.

use std::collections::BTreeSet;

use scoring_rules::{
    EvidenceClass, Fact, FactSpec, FactType, Facts, Grade, RuleResult, Rulebook, Value, Waivers, next_steps,
    path_to_next_band, suppose,
};

use super::grading::letter;
use super::scorecard::explain;
use super::views::{
    Points, ServiceDetail, WhatIfFact, WhatIfGrade, WhatIfMove, WhatIfPractice, WhatIfStep, WhatIfView,
};
use super::{Tx, services};
use crate::error::{Error, FieldError, Result};
use crate::types::Timestamp;

/// Rules taken as passed at most.
pub const MOST_RULES: usize = 60;
/// Facts edited at most.
pub const MOST_FACTS: usize = 20;
/// Characters of one value at most.
const MOST_CHARS: usize = 200;
/// Items of a list at most.
const MOST_ITEMS: usize = 20;
/// What stands for "nobody knows" in place of a value.
pub const UNKNOWN: &str = "unknown";

/// What is supposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskWhatIf {
    /// Ids of rules taken as passed, in order.
    pub pass: Vec<String>,
    /// Facts by name, with their values as written.
    pub facts: Vec<(String, String)>,
}

/// What came of it, with what the page offers to change.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// What the catalog says of the service.
    pub detail: ServiceDetail,
    /// The answer; of what was asked, whatever is right.
    pub view: WhatIfView,
    /// What of the question was wrong.
    pub errors: Vec<FieldError>,
    /// Rules that are open, now or then, or ticked: the cheapest points first.
    pub steps: Vec<WhatIfStep>,
    /// Ids of the rules on the cheapest path to the next grade, and that grade.
    pub path: Option<(String, Vec<String>)>,
    /// Facts that may be edited: those that rules read.
    pub offered: Vec<FactSpec>,
}

/// The scorecard of a service under suppositions; whoever only wants an answer takes [`WhatIf::whole`].
pub fn what_if(tx: &mut Tx<'_>, name: &str, ask: &AskWhatIf) -> Result<WhatIf> {
    let explained = explain(tx, name, None)?;
    let detail = services::detail_of(tx, &explained.service)?;
    let book = explained.book.rules();
    let (real, now) = (&explained.judged.sheet.facts, &explained.judged.grade);
    let at = explained.at;
    let mut errors = Vec::new();
    let rules = rules_of(book, &ask.pass, &mut errors);
    let (facts, edits) = edited(book, real, &ask.facts, at, &mut errors);
    let supposed = suppose(book, &facts, &Waivers::new(), at.0, &rules);
    let then = &supposed.grade;
    let known = |facts: &Facts, id| facts.get(id).map(|fact: &Fact| json(&fact.value));
    let change = |id, value: Option<&Value>| WhatIfFact {
        fact: book.catalogue().spec(id).name.clone(),
        unit: book.catalogue().spec(id).unit.clone(),
        before: known(real, id),
        after: value.map(json),
    };
    let view = WhatIfView {
        service: explained.service.slug.clone(),
        hypothetical: true,
        graded_at: at,
        rulebook: book.hash().to_owned(),
        now: grade_view(book, now),
        then: grade_view(book, then),
        pass: rules.iter().filter_map(|rule| Some(book.rules().get(*rule)?.id.clone())).collect(),
        facts: edits.iter().map(|(id, value)| change(*id, value.as_ref())).collect(),
        supposed: supposed.changes.iter().map(|(id, value)| change(*id, Some(value))).collect(),
        taken: supposed.taken.iter().filter_map(|rule| Some(book.rules().get(*rule)?.id.clone())).collect(),
        rules: moves(book, now, then),
        practices: practices(book, now, then),
    };
    let path = path_to_next_band(book, real, &Waivers::new(), at.0, now).map(|path| {
        let ids = path.steps.iter().filter_map(|step| Some(book.rules().get(step.rule)?.id.clone()));
        (letter(book, Some(path.target_band)), ids.collect())
    });
    Ok(WhatIf {
        steps: steps(book, real, now, then, &rules, at),
        offered: offered(book),
        detail,
        view,
        errors,
        path,
    })
}

impl WhatIf {
    /// The answer, if the whole of the question was right.
    pub fn whole(self) -> Result<WhatIfView> {
        if self.errors.is_empty() { Ok(self.view) } else { Err(Error::Invalid { fields: self.errors }) }
    }
}

/// The rules named, each once.
fn rules_of(book: &Rulebook, ids: &[String], errors: &mut Vec<FieldError>) -> Vec<usize> {
    if ids.len() > MOST_RULES {
        errors.push(FieldError::new(
            "?pass",
            format!("names {} rules; at most {MOST_RULES} can be tried", ids.len()),
        ));
    }
    let mut rules = Vec::new();
    for id in ids.iter().take(MOST_RULES) {
        match book.rule_index(id) {
            Some(rule) if !rules.contains(&rule) => rules.push(rule),
            Some(_) => {}
            None => {
                let known: Vec<&str> = book.rules().iter().map(|rule| rule.id.as_str()).collect();
                let shown: String = id.chars().take(60).collect();
                let near =
                    if id.len() <= MOST_CHARS { crate::config::nearest(id, &known) } else { String::new() };
                errors.push(FieldError::new("?pass", format!("no rule `{shown}` in the rulebook{near}")));
            }
        }
    }
    rules
}

/// A fact's slot with the value it is given; none: nobody knows it.
type Edit = (scoring_rules::FactId, Option<Value>);

/// The facts with the edits in them, each as if proven now.
fn edited(
    book: &Rulebook,
    real: &Facts,
    asked: &[(String, String)],
    at: Timestamp,
    errors: &mut Vec<FieldError>,
) -> (Facts, Vec<Edit>) {
    if asked.len() > MOST_FACTS {
        let detail = format!("{} facts are changed; at most {MOST_FACTS} can be tried", asked.len());
        errors.push(FieldError::new("?", detail));
    }
    let mut facts = real.clone();
    let mut edits: Vec<Edit> = Vec::new();
    for (name, text) in asked.iter().take(MOST_FACTS) {
        match edit(book, name, text) {
            Err(detail) => {
                let shown: String = name.chars().take(60).collect();
                errors.push(FieldError::new(format!("?{shown}"), detail));
            }
            Ok((id, _)) if edits.iter().any(|(known, _)| *known == id) => {
                errors.push(FieldError::new(format!("?{name}"), "is given twice"));
            }
            Ok((id, value)) => {
                match &value {
                    Some(value) => {
                        let evidence = EvidenceClass::ExecutedCi;
                        facts.set(
                            id,
                            Fact { value: value.clone(), as_of_ms: at.0, evidence, source_error: None },
                        );
                    }
                    None => facts.remove(id),
                }
                edits.push((id, value));
            }
        }
    }
    (facts, edits)
}

fn edit(book: &Rulebook, name: &str, text: &str) -> std::result::Result<Edit, String> {
    if name.len() > MOST_CHARS {
        return Err("no fact has so long a name".to_owned());
    }
    let Some(id) = book.catalogue().id(name) else {
        let near = book
            .catalogue()
            .nearest(name)
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(format!("no such parameter: `pass` or the name of a fact is expected{near}"));
    };
    let spec = book.catalogue().spec(id);
    if spec.group() == "grade" {
        return Err("is what grading works out, so it cannot be supposed".to_owned());
    }
    if text.chars().count() > MOST_CHARS {
        return Err(format!("is longer than {MOST_CHARS} characters"));
    }
    if text == UNKNOWN && !spec.choices.iter().any(|choice| choice == UNKNOWN) {
        return Ok((id, None));
    }
    read(spec, text).map(|value| (id, Some(value)))
}

/// A value as the catalogue has it.
fn read(spec: &FactSpec, text: &str) -> std::result::Result<Value, String> {
    let value = match spec.kind {
        FactType::Bool => match text {
            "true" | "yes" => Some(Value::Bool(true)),
            "false" | "no" => Some(Value::Bool(false)),
            _ => None,
        },
        FactType::Int => text.parse::<i64>().ok().map(Value::Int),
        FactType::Number => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Num),
        FactType::Text => Some(Value::from(text.to_owned())),
        FactType::List => {
            let items: Vec<String> =
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
            (items.len() <= MOST_ITEMS).then_some(Value::List(items))
        }
    };
    value.filter(|value| spec.accepts(value)).ok_or_else(|| expected(spec))
}

fn expected(spec: &FactSpec) -> String {
    let unit = spec.unit.as_ref().map_or_else(String::new, |unit| format!(" ({unit})"));
    let what = match spec.kind {
        FactType::Bool => "yes or no".to_owned(),
        FactType::Int => format!("a whole number{unit}"),
        FactType::Number => format!("a number{unit}"),
        FactType::Text if spec.choices.is_empty() => "a text".to_owned(),
        FactType::Text => format!("one of {}", spec.choices.join(", ")),
        FactType::List => format!("a list of at most {MOST_ITEMS}, separated by commas"),
    };
    format!("expected {what}, or `{UNKNOWN}`")
}

fn json(value: &Value) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn grade_view(book: &Rulebook, grade: &Grade) -> WhatIfGrade {
    WhatIfGrade {
        score: grade.score,
        grade: grade.band.map(|_| letter(book, grade.band)),
        uncapped_grade: grade.uncapped_band.map(|_| letter(book, grade.uncapped_band)),
        coverage: grade.coverage_pct,
        earned: Points(grade.earned_milli),
        possible: Points(grade.possible_milli),
        capped_by: grade.capped_by.clone(),
    }
}

/// Rules whose outcome, points or cap differ.
fn moves(book: &Rulebook, now: &Grade, then: &Grade) -> Vec<WhatIfMove> {
    let cap = |result: &RuleResult| result.caps.map(|band| letter(book, Some(band)));
    let differ = |a: &RuleResult, b: &RuleResult| {
        (a.outcome, a.earned_milli, a.possible_milli, a.caps)
            != (b.outcome, b.earned_milli, b.possible_milli, b.caps)
    };
    let pairs = now.rules.iter().zip(&then.rules).filter(|(a, b)| differ(a, b));
    pairs
        .filter_map(|(before, after)| {
            let rule = book.rules().get(before.rule)?;
            Some(WhatIfMove {
                id: rule.id.clone(),
                title: rule.title.clone(),
                practice: rule.practice.clone(),
                before: before.outcome.as_str().to_owned(),
                after: after.outcome.as_str().to_owned(),
                earned_before: Points(before.earned_milli),
                earned_after: Points(after.earned_milli),
                possible_before: Points(before.possible_milli),
                possible_after: Points(after.possible_milli),
                caps_before: cap(before),
                caps_after: cap(after),
            })
        })
        .collect()
}

fn practices(book: &Rulebook, now: &Grade, then: &Grade) -> Vec<WhatIfPractice> {
    let titled = book.practices().iter().zip(now.practices.iter().zip(&then.practices));
    titled
        .map(|(practice, (before, after))| WhatIfPractice {
            id: practice.id.clone(),
            title: practice.title.clone(),
            before: before.score,
            after: after.score,
        })
        .collect()
}

/// What may be ticked: next steps in their order, then what opens on the way, then what else is ticked.
fn steps(
    book: &Rulebook,
    real: &Facts,
    now: &Grade,
    then: &Grade,
    ticked: &[usize],
    at: Timestamp,
) -> Vec<WhatIfStep> {
    let singles = next_steps(book, real, &Waivers::new(), at.0, now);
    let open = |result: &&RuleResult| result.outcome.counts() && result.share_milli < 1_000;
    let opened = then.rules.iter().filter(open).map(|result| result.rule);
    let mut order: Vec<usize> = singles.iter().map(|step| step.rule).collect();
    order.extend(opened.chain(ticked.iter().copied()));
    let mut seen = BTreeSet::new();
    order.retain(|rule| seen.insert(*rule));
    order
        .into_iter()
        .filter_map(|index| {
            let rule = book.rules().get(index)?;
            let single = singles.iter().find(|step| step.rule == index);
            let practice = book.practices().iter().find(|practice| practice.id == rule.practice);
            Some(WhatIfStep {
                rule: rule.id.clone(),
                title: rule.title.clone(),
                practice: practice.map_or_else(|| rule.practice.clone(), |practice| practice.title.clone()),
                outcome: now.rules.get(index).map_or("unknown", |result| result.outcome.as_str()).to_owned(),
                points: single.map_or(0, |step| step.points),
                lifts: now.rules.get(index)?.caps.map(|band| letter(book, Some(band))),
                effort: rule.effort.as_str().to_owned(),
                ticked: ticked.contains(&index),
            })
        })
        .collect()
}

/// The facts that some rule reads.
fn offered(book: &Rulebook) -> Vec<FactSpec> {
    let reads = |rule: &scoring_rules::Rule| {
        let asides = rule.when.iter().chain(rule.caps.iter().filter_map(|cap| cap.when.as_ref()));
        rule.facts().iter().chain(asides.flat_map(scoring_rules::Expr::facts)).copied().collect::<Vec<_>>()
    };
    let read: BTreeSet<_> = book.rules().iter().flat_map(reads).collect();
    let specs = read.into_iter().map(|id| book.catalogue().spec(id));
    specs.filter(|spec| spec.group() != "grade").cloned().collect()
}
