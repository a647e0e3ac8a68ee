//! What would make a rule pass: the smallest change of facts that its text and its own examples suggest.
//!
//! Rules are expressions, so there is no formula that turns "passed" back into facts. Candidates are therefore tried:
//! what is known, sent again as fresh and well proven; one fact made equal to another; values of passing examples;
//! numbers and words of the rule's text. Each is judged by the rule itself, so what is found does pass. What a rule's
//! `when` reads is left alone, as is what a service is (its tier, its lifecycle): to leave a rule's reach is not to pass it.

use crate::book::Rulebook;
use crate::example::Expected;
use crate::fact::{EvidenceClass, Fact, FactId, FactType, Facts, Value};
use crate::grade::judge_rule;
use crate::outcome::Outcome;
use crate::rule::Rule;

/// Judgements at most for one rule. The default pack takes fewer than 40.
const MOST_TRIALS: usize = 1_500;
/// Candidates at most for one fact.
const MOST_VALUES: usize = 16;
/// Facts changed at once at most, unless a whole example is taken over.
const MOST_CHANGED: usize = 2;
/// Facts of the service itself that a team can change.
const OWN_CHOICE: &str = "service.has_owner";

/// Facts, and the values they would have.
pub(crate) type Changes = Vec<(FactId, Value)>;

/// A fact as it were if somebody proved it now.
pub(crate) fn proven(value: Value, now_ms: i64) -> Fact {
    Fact { value, as_of_ms: now_ms, evidence: EvidenceClass::ExecutedCi, source_error: None }
}

/// Tries changes of facts on one rule; the facts are as before whenever no trial is under way.
struct Trial<'a> {
    book: &'a Rulebook,
    rule: &'a Rule,
    facts: &'a mut Facts,
    now_ms: i64,
    /// Facts that must be sent again whatever else changes: stale, too weakly proven, of a broken source.
    renewed: Changes,
    left: usize,
}

impl Trial<'_> {
    /// Whether the rule passes with these changes on top of what is renewed.
    fn passes(&mut self, changes: &[(FactId, Value)]) -> Option<Changes> {
        self.left = self.left.checked_sub(1)?;
        let renewed = self.renewed.iter().filter(|(id, _)| changes.iter().all(|(changed, _)| changed != id));
        let all: Changes = renewed.chain(changes).cloned().collect();
        let before: Vec<(FactId, Option<Fact>)> = all
            .iter()
            .map(|(id, value)| (*id, self.facts.replace(*id, Some(proven(value.clone(), self.now_ms)))))
            .collect();
        let verdict = judge_rule(self.rule, self.facts, self.book.catalogue(), self.now_ms);
        for (id, fact) in before {
            self.facts.replace(id, fact);
        }
        (verdict.outcome == Outcome::Pass).then_some(all)
    }

    /// Changes of one fact, then of two at once; `values` holds candidates by fact.
    fn search(&mut self, values: &[(FactId, Vec<Value>)], changed: usize) -> Option<Changes> {
        if changed == 1 {
            let singles = values.iter().flat_map(|(id, some)| some.iter().map(move |value| (*id, value)));
            return singles.into_iter().find_map(|(id, value)| self.passes(&[(id, value.clone())]));
        }
        for (at, (first, some)) in values.iter().enumerate() {
            for (second, others) in values.iter().skip(at + 1) {
                for (value, other) in
                    some.iter().flat_map(|value| others.iter().map(move |other| (value, other)))
                {
                    if let Some(found) = self.passes(&[(*first, value.clone()), (*second, other.clone())]) {
                        return Some(found);
                    }
                }
            }
        }
        None
    }
}

/// The facts that the remedies of a rule may change, the rule's own first: those that few other rules read, then as its
/// text names them.
pub(crate) fn within_reach(book: &Rulebook, rule: &Rule) -> Vec<FactId> {
    let held: &[FactId] = rule.when.as_ref().map_or(&[], |when| when.facts());
    let text = rule.judge_text();
    let mut ids: Vec<(usize, usize, FactId)> = rule
        .facts()
        .iter()
        .filter(|id| {
            let spec = book.catalogue().spec(**id);
            !held.contains(id) && (spec.group() != "service" || spec.name == OWN_CHOICE)
        })
        .map(|id| {
            let readers = book.rules().iter().filter(|other| other.facts().contains(id)).count();
            (readers, text.find(&book.catalogue().spec(*id).name).unwrap_or(usize::MAX), *id)
        })
        .collect();
    ids.sort_unstable();
    ids.into_iter().map(|(_, _, id)| id).collect()
}

/// The smallest change found that makes the rule pass; none when nothing tried does.
pub(crate) fn remedy(book: &Rulebook, rule: &Rule, facts: &mut Facts, now_ms: i64) -> Option<Changes> {
    let ids = within_reach(book, rule);
    let renewed = renewed(book, rule, facts, now_ms, &ids);
    let passing: Vec<Vec<(FactId, Vec<Value>)>> = passing_examples(rule, &ids, facts);
    let alike = alike(book, &ids, facts);
    let thought_of = thought_of(book, rule, &ids);
    let mut trial = Trial { book, rule, facts, now_ms, renewed, left: MOST_TRIALS };
    if !trial.renewed.is_empty()
        && let Some(found) = trial.passes(&[])
    {
        return Some(found);
    }
    for changed in 1..=MOST_CHANGED {
        for values in std::iter::once(&alike).chain(&passing) {
            if let Some(found) = trial.search(values, changed) {
                return Some(found);
            }
        }
    }
    for values in &passing {
        let whole: Changes =
            values.iter().filter_map(|(id, some)| Some((*id, some.first()?.clone()))).collect();
        if let Some(found) = trial.passes(&whole) {
            return Some(found);
        }
    }
    (1..=MOST_CHANGED).find_map(|changed| trial.search(&thought_of, changed))
}

/// Facts within reach that are known, but not well enough for the rule.
fn renewed(book: &Rulebook, rule: &Rule, facts: &Facts, now_ms: i64, ids: &[FactId]) -> Changes {
    let unsound = |id: &FactId, fact: &Fact| {
        let limits = book.catalogue().limits(*id);
        fact.source_error.is_some()
            || limits.is_some_and(|l| {
                now_ms.saturating_sub(fact.as_of_ms) > l.ttl_ms || l.classed && fact.evidence < rule.evidence
            })
    };
    let known = ids.iter().filter_map(|id| Some((*id, facts.get(*id)?)));
    known.filter(|(id, fact)| unsound(id, fact)).map(|(id, fact)| (id, fact.value.clone())).collect()
}

/// Of each passing example the values within reach that differ from what is.
fn passing_examples(rule: &Rule, ids: &[FactId], facts: &Facts) -> Vec<Vec<(FactId, Vec<Value>)>> {
    let passing = rule.examples.iter().filter(|example| example.expected == Expected::Pass);
    passing
        .map(|example| {
            let value = |id: &FactId| example.facts.iter().find(|(of, _)| of == id).map(|(_, value)| value);
            let differs = |id: &FactId, value: &Value| facts.get(*id).is_none_or(|fact| fact.value != *value);
            let values = ids.iter().filter_map(|id| Some((*id, value(id)?)));
            values
                .filter(|(id, value)| differs(id, value))
                .map(|(id, value)| (id, vec![value.clone()]))
                .collect()
        })
        .collect()
}

/// For each fact the values of the rule's other facts: as many fallbacks verified as there are edges.
fn alike(book: &Rulebook, ids: &[FactId], facts: &Facts) -> Vec<(FactId, Vec<Value>)> {
    let numeric = |id: &FactId| matches!(book.catalogue().spec(*id).kind, FactType::Int | FactType::Number);
    let numbers: Vec<FactId> = ids.iter().copied().filter(numeric).collect();
    let others = |id: FactId| {
        let values = numbers.iter().filter(move |other| **other != id).filter_map(|other| facts.get(*other));
        values.map(|fact| fact.value.clone()).filter(move |value| value.fits(book.catalogue().spec(id).kind))
    };
    numbers.iter().map(|id| (*id, others(*id).take(MOST_VALUES).collect())).collect()
}

/// Values that the rule's text and the types of its facts suggest.
fn thought_of(book: &Rulebook, rule: &Rule, ids: &[FactId]) -> Vec<(FactId, Vec<Value>)> {
    let text = rule.judge_text();
    let words: Vec<&str> = text.split(['"', '\'']).skip(1).step_by(2).collect();
    let written =
        text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| word.parse::<f64>().ok());
    let near = written.take(4).flat_map(|number| [number, number - 1.0, number + 1.0]);
    let numbers: Vec<f64> = near.chain([0.0, 1.0, 100.0]).collect();
    let values = |id: FactId| -> Vec<Value> {
        let spec = book.catalogue().spec(id);
        let mut values: Vec<Value> = match spec.kind {
            FactType::Bool => vec![Value::Bool(true), Value::Bool(false)],
            FactType::Int => numbers.iter().map(|number| Value::Int(*number as i64)).collect(),
            FactType::Number => numbers.iter().map(|number| Value::Num(*number)).collect(),
            FactType::Text if spec.choices.is_empty() => {
                words.iter().map(|word| Value::from((*word).to_owned())).collect()
            }
            FactType::Text => spec.choices.iter().map(|choice| Value::from(choice.clone())).collect(),
            FactType::List => words.iter().map(|word| Value::List(vec![(*word).to_owned()])).collect(),
        };
        values.push(spec.example.clone());
        values.truncate(MOST_VALUES);
        values
    };
    ids.iter().map(|id| (*id, values(*id))).collect()
}
