//! A goal that proved its worth becomes a rule: a draft with examples, to be put into the rulebook's directory.

use std::collections::BTreeMap;

use scoring_rules::{Fact, Facts, Rulebook, Value};

use super::goal::{self, Goal, NONE_OVERDUE, Per};
use super::rule_text::POINTS;
use super::rule_text::{Rule, capital, quoted};
pub use super::rule_text::{RuleDraft, RuleFile};
use super::scope::{self, ChallengeScope};
use super::stored;
use crate::app::Tx;
use crate::error::Result;
use crate::store;
use crate::store::challenges::ChallengeRow as Row;
use crate::types::{DrillKind, Failure};

/// What the goal of a challenge comes to as a rule.
pub fn draft(tx: &mut Tx<'_>, slug: &str) -> Result<RuleDraft> {
    let row = stored(tx, slug)?;
    let spec = goal::read(&row);
    let scope = scope::read(&row);
    let book = std::sync::Arc::clone(&tx.book);
    let book = &book.rulebook;
    let mut notes = Vec::new();
    let goal = match spec.compile(book) {
        Ok(goal) => goal,
        Err(wrong) => {
            let said = wrong
                .iter()
                .map(|w| format!("The goal cannot be judged any more: {}: {}.", w.pointer, w.detail));
            return Ok(RuleDraft { files: Vec::new(), notes: said.collect() });
        }
    };
    if !scope.teams.is_empty() || !scope.services.is_empty() {
        notes.push(
            "A rule cannot name teams or services; it applies to all that its `when` holds.".to_owned(),
        );
    }
    let rules = match &goal {
        Goal::Grade { .. } => return Ok(gate(&row, &spec, book)),
        Goal::Fallbacks { .. } => {
            let note = "Facts tell of a service's calls in all flows together: the rule asks of all flows what the \
                        challenge asked of one. The shipped rule fallback-verified does so too; keep one of them.";
            notes.push(note.to_owned());
            vec![of_fallbacks(&row, book, &scope)]
        }
        Goal::Drills { failures, fresh_days, per: Per::Failure } => {
            of_failures(&row, book, &scope, failures, *fresh_days)
        }
        Goal::Drills { failures, fresh_days, per } => {
            counted(&row, book, &scope, (failures, *fresh_days, *per), &mut notes)
        }
        Goal::Facts(compiled) => vec![of_facts(&row, book, &scope, compiled)],
    };
    let mut files = Vec::new();
    for rule in rules {
        files.push(RuleFile { path: format!("rules/{}.toml", rule.id), text: rule.toml() });
    }
    notes.push(format!("{POINTS} points are a guess. Add `caps` if it must hold, and preview who moves."));
    check(tx, &mut files, &mut notes)?;
    Ok(RuleDraft { files, notes })
}

/// So many drills, in one rule where that fits into an expression, else in one for each class.
fn counted(
    row: &Row,
    book: &Rulebook,
    scope: &ChallengeScope,
    (failures, fresh_days, per): (&[Failure], i64, Per),
    notes: &mut Vec<String>,
) -> Vec<Rule> {
    let count = if let Per::Service(count) = per {
        count
    } else {
        let note = "So many drills in all are no matter of one service; the rule asks one of each.";
        notes.push(note.to_owned());
        1
    };
    notes.push(
        "The challenge counts drills by target and environment, facts by failure class only.".to_owned(),
    );
    match of_count(row, book, scope, (failures, fresh_days, count)) {
        Ok(rule) => vec![rule],
        Err(why) => {
            notes.push(format!("{why} So there is a rule for each class; keep those that matter to you."));
            of_failures(row, book, scope, failures, fresh_days)
        }
    }
}

/// A grade is made from rules, so that no rule can read it; a gate can.
fn gate(row: &Row, spec: &goal::ChallengeGoal, book: &Rulebook) -> RuleDraft {
    let letter = spec.grade.clone().unwrap_or_default();
    let name = format!("at-least-{}", letter.to_lowercase().replace('+', "-plus"));
    let why = format!(
        "A grade is made from rules, so no rule can read one. A gate can: this line for policies.toml denies a \
         deployment below {letter}."
    );
    let taken = book.policies().iter().any(|policy| policy.id == name);
    let name = if taken { format!("{name}-{}", row.slug.replace(['.', '_'], "-")) } else { name };
    let text = format!("{name} = 'grade.rank >= rank({})'\n", quoted(&letter));
    RuleDraft { files: vec![RuleFile { path: "policies.toml".to_owned(), text }], notes: vec![why] }
}

/// A rule for each failure class.
fn of_failures(
    row: &Row,
    book: &Rulebook,
    scope: &ChallengeScope,
    failures: &[Failure],
    fresh_days: i64,
) -> Vec<Rule> {
    failures.iter().map(|failure| of_failure(row, book, scope, *failure, fresh_days)).collect()
}

/// Proven fallbacks, as the shipped rule counts them.
fn of_fallbacks(row: &Row, book: &Rulebook, scope: &ChallengeScope) -> Rule {
    const NAMES: [&str; 3] = ["fallbacks.flows", "fallbacks.verified", "fallbacks.noncore_edges"];
    let (when, given) = when(scope, None);
    let facts = |verified: i64| {
        let mut facts = given.clone();
        facts.extend(NAMES.map(str::to_owned).into_iter().zip([1, verified, 4].map(Value::Int)));
        facts
    };
    Rule {
        id: id_of(row),
        title: "Every fallback is proved by a drill".to_owned(),
        practice: practice(book, "fallbacks.verified"),
        why: why(row),
        fix: "Make a non-core dependency fail in staging, check that the flow holds, and post the result: see /help/flows."
            .to_owned(),
        when,
        judge: (
            "score",
            "fallbacks.flows > 0 ? share(fallbacks.verified, fallbacks.noncore_edges) : 0".to_owned(),
        ),
        evidence: "declared",
        examples: vec![
            (facts(4), "\"pass\"".to_owned()),
            (facts(2), "{ partial = 0.5 }".to_owned()),
            (facts(0), "\"fail\"".to_owned()),
            (given.clone(), "\"unknown\"".to_owned()),
        ],
    }
}

fn of_failure(row: &Row, book: &Rulebook, scope: &ChallengeScope, failure: Failure, days: i64) -> Rule {
    let prefix = failure.fact_prefix();
    let (since, outcome) = (format!("{prefix}_days_since_passed"), format!("{prefix}_last_outcome"));
    let (when, given) = when(scope, (failure == Failure::Schema).then_some("service.has_database"));
    let facts = |last: Option<&str>, age: Option<i64>| {
        let mut facts = given.clone();
        if let Some(last) = last {
            facts.insert(outcome.clone(), Value::from(last.to_owned()));
        }
        if let Some(age) = age {
            facts.insert(since.clone(), Value::Int(age));
        }
        facts
    };
    let expires = days * 2;
    let mut examples = vec![
        (facts(Some("passed"), Some(days)), "\"pass\"".to_owned()),
        (facts(Some("passed"), Some(expires)), "\"fail\"".to_owned()),
        (facts(None, None), "\"unknown\"".to_owned()),
    ];
    if days % 2 == 0 {
        examples.insert(1, (facts(Some("passed"), Some(days + days / 2)), "{ partial = 0.5 }".to_owned()));
    }
    let what = if failure.kind() == DrillKind::Rollback { "rollback" } else { "drill" };
    Rule {
        id: format!("{}-{}", id_of(row), failure.as_str().replace('_', "-")),
        title: format!("{} {what} passed within {days} days", capital(&failure.label())),
        practice: practice(book, &since),
        why: why(row),
        fix: format!(
            "Run the drill `{failure}` of kind {} and post its result: see /help/drills.",
            failure.kind()
        ),
        when,
        judge: ("score", format!("{outcome} == \"passed\" ? fresh({since}, {days}, {expires}) : tried")),
        evidence: "executed",
        examples,
    }
}

fn of_count(
    row: &Row,
    book: &Rulebook,
    scope: &ChallengeScope,
    (failures, days, count): (&[Failure], i64, i64),
) -> std::result::Result<Rule, String> {
    let names: Vec<String> =
        failures.iter().map(|f| format!("{}_days_since_passed", f.fact_prefix())).collect();
    if (names.len() as i64) < count {
        return Err(format!(
            "The challenge asks for {count} drills of {} failure classes, and facts count each class once.",
            names.len()
        ));
    }
    let one = |name: &String| format!("(has({name}) && {name} <= {days} ? 1 : 0)");
    let pass = format!("{} >= {count}", names.iter().map(one).collect::<Vec<_>>().join(" + "));
    if book.goal(&pass).is_err() {
        return Err(format!(
            "{count} of {} failure classes do not fit into one expression of a rule.",
            names.len()
        ));
    }
    let (when, given) = when(scope, None);
    let facts = |fresh: i64| {
        let mut facts = given.clone();
        let ages = names.iter().enumerate().filter(|(n, _)| (*n as i64) < fresh);
        facts.extend(ages.map(|(_, name)| (name.clone(), Value::Int(1))));
        facts
    };
    let first = names.first().cloned().unwrap_or_default();
    Ok(Rule {
        id: id_of(row),
        title: format!("{count} of {} drills passed within {days} days", names.len()),
        practice: practice(book, &first),
        why: why(row),
        fix: "Run the drills that are missing and post their results: see /help/drills.".to_owned(),
        when,
        judge: ("pass", pass),
        evidence: "executed",
        examples: vec![(facts(count), "\"pass\"".to_owned()), (facts(count - 1), "\"fail\"".to_owned())],
    })
}

/// An expression is taken over as it is; its examples are the catalogue's typical values, and what is not known.
fn of_facts(row: &Row, book: &Rulebook, scope: &ChallengeScope, goal: &scoring_rules::Goal) -> Rule {
    let catalogue = book.catalogue();
    let (when, given) = when(scope, None);
    let mut typical = given.clone();
    for id in goal.facts() {
        let spec = catalogue.spec(*id);
        typical.entry(spec.name.clone()).or_insert_with(|| spec.example.clone());
    }
    let expected = |named: &BTreeMap<String, Value>| {
        let mut facts = Facts::new(catalogue.len());
        for (name, value) in named {
            if let Some(id) = catalogue.id(name) {
                let evidence = scoring_rules::EvidenceClass::ExecutedCi;
                facts.set(id, Fact { value: value.clone(), as_of_ms: 0, evidence, source_error: None });
            }
        }
        match book.meets(goal, &facts, 0) {
            Ok(true) => "\"pass\"",
            Ok(false) => "\"fail\"",
            Err(_) => "\"unknown\"",
        }
        .to_owned()
    };
    let mut examples = vec![(typical.clone(), expected(&typical))];
    if given.len() < typical.len() {
        examples.push((given.clone(), expected(&given)));
    }
    let overdue = goal.text() == NONE_OVERDUE;
    let first = goal.facts().first().map_or_else(String::new, |id| catalogue.spec(*id).name.clone());
    Rule {
        id: id_of(row),
        title: if overdue { "No follow-through action overdue".to_owned() } else { row.title.clone() },
        practice: practice(book, &first),
        why: why(row),
        fix: "Look at the facts that it reads, and send what is missing: see /help/facts.".to_owned(),
        when,
        judge: ("pass", goal.text().to_owned()),
        evidence: "declared",
        examples,
    }
}

/// Where the rule applies, and facts of which that holds.
fn when(scope: &ChallengeScope, more: Option<&str>) -> (Option<String>, BTreeMap<String, Value>) {
    let mut parts = Vec::new();
    let mut facts = BTreeMap::new();
    let list = |words: &[String]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
    if let Some(tier) = scope.tiers.first() {
        let tiers: Vec<String> = scope.tiers.iter().map(ToString::to_string).collect();
        parts.push(format!("service.tier in [{}]", tiers.join(", ")));
        facts.insert("service.tier".to_owned(), Value::Int(i64::from(*tier)));
    }
    if let Some(lifecycle) = scope.lifecycles.first() {
        parts.push(format!("service.lifecycle in [{}]", list(&scope.lifecycles)));
        facts.insert("service.lifecycle".to_owned(), Value::from(lifecycle.clone()));
    }
    if let Some(label) = scope.labels.first() {
        let one = |label: &String| format!("{} in service.labels", quoted(label));
        let any: Vec<String> = scope.labels.iter().map(one).collect();
        parts.push(if any.len() == 1 { any.concat() } else { format!("({})", any.join(" || ")) });
        facts.insert("service.labels".to_owned(), Value::List(vec![label.clone()]));
    }
    if let Some(fact) = more {
        parts.push(fact.to_owned());
        facts.insert(fact.to_owned(), Value::Bool(true));
    }
    ((!parts.is_empty()).then(|| parts.join(" && ")), facts)
}

/// The practice of the rules that read the same fact, or else of its group.
fn practice(book: &Rulebook, fact: &str) -> String {
    let catalogue = book.catalogue();
    let group = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let by = |same: &dyn Fn(&str) -> bool| {
        let reads =
            |rule: &&scoring_rules::Rule| rule.facts().iter().any(|id| same(&catalogue.spec(*id).name));
        book.rules().iter().find(reads).map(|rule| rule.practice.clone())
    };
    by(&|name| name == fact)
        .or_else(|| by(&|name| group(name) == group(fact)))
        .or_else(|| book.practices().first().map(|practice| practice.id.clone()))
        .unwrap_or_default()
}

/// An id that a rule file may have: lower-case letters, digits and dashes.
fn id_of(row: &Row) -> String {
    let id: String = row.slug.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let id = id.trim_matches('-').to_owned();
    if id.starts_with(|c: char| c.is_ascii_alphabetic()) { id } else { format!("challenge-{id}") }
}

fn why(row: &Row) -> String {
    if row.why.is_empty() {
        format!("The challenge {} showed that it can be done.", row.title)
    } else {
        row.why.clone()
    }
}

/// Loads the rulebook in force with the draft: what it would refuse is not offered as if it were good.
fn check(tx: &mut Tx<'_>, files: &mut Vec<RuleFile>, notes: &mut Vec<String>) -> Result<()> {
    let hash = tx.book.rulebook.hash().to_owned();
    let Some(held) = store::books::book(tx.conn, &hash)? else { return Ok(()) };
    let mut pack: scoring_rules::PackFiles = serde_json::from_str(&held.files).map_err(anyhow::Error::new)?;
    for file in files.iter_mut() {
        // A challenge that came again, or a rule that was taken over before.
        if pack.contains_key(&file.path) {
            notes.push(format!(
                "The rulebook in force has a {} already; this would take its place.",
                file.path
            ));
        }
        pack.insert(file.path.clone(), file.text.clone());
    }
    if let Err(errors) = Rulebook::load(&pack) {
        files.clear();
        notes.clear();
        notes.extend(errors.iter().take(5).map(|error| format!("No rule can be made of it: {error}")));
    }
    Ok(())
}
