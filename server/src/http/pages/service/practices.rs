//! Practices of a scorecard with their rules, facts and evidence.

use serde::Serialize;

use crate::app::views::{FactView, PracticeView, RuleOutcomeView, ScorecardView};
use crate::http::charts::Bar;
use crate::http::pages::parts::{self, Evidence, Grade, Outcome, Span, When};
use crate::http::pages::words;
use crate::types::Timestamp;

/// One practice, folded until it is asked for.
#[derive(Serialize)]
pub(in crate::http::pages) struct Practice {
    id: String,
    icon: &'static str,
    title: String,
    open: bool,
    bar: Bar,
    bar_label: String,
    earned: String,
    possible: String,
    grade: Grade,
    /// `+4`: what the next steps of this practice bring.
    gain: Option<String>,
    rules: Vec<Rule>,
}

/// One rule's outcome.
#[derive(Serialize)]
pub(in crate::http::pages) struct Rule {
    id: String,
    title: String,
    outcome: Outcome,
    /// `5 / 10`; null when the rule leaves the sum.
    earned: Option<String>,
    possible: String,
    /// Null where the missing facts say it already.
    reason: Option<Vec<Span>>,
    caps: Option<String>,
    facts: Vec<Fact>,
    /// Set where the facts are folded away: the rule is passed.
    folded: Option<String>,
    missing: Vec<Missing>,
    fix: Option<Vec<Span>>,
}

/// A fact as the rule read it.
#[derive(Serialize)]
pub(in crate::http::pages) struct Fact {
    name: String,
    value: String,
    evidence: Evidence,
    at: When,
    /// `stale` or `too weak`, when the rule could not use it.
    unusable: Option<&'static str>,
    /// Address of the drill it was read from.
    drill: Option<String>,
    sender: Option<String>,
}

/// A fact the rule could not use, and how to send it.
#[derive(Serialize)]
pub(in crate::http::pages) struct Missing {
    tag: &'static str,
    detail: Vec<Span>,
}

/// All practices in the rulebook's order; the one with the first step is open.
pub(in crate::http::pages) fn list(card: &ScorecardView, now: Timestamp) -> Vec<Practice> {
    let steps = card.path.as_ref().map_or(&card.next_steps, |p| &p.steps);
    let first =
        steps.first().and_then(|s| card.rules.iter().find(|r| r.id == s.rule)).map(|r| r.practice.as_str());
    card.practices.iter().map(|p| practice(card, p, first == Some(p.id.as_str()), now)).collect()
}

fn practice(card: &ScorecardView, view: &PracticeView, open: bool, now: Timestamp) -> Practice {
    let of_practice = |id: &str| card.rules.iter().any(|r| r.id == id && r.practice == view.id);
    let gain: i64 =
        card.next_steps.iter().filter(|s| of_practice(&s.rule)).map(|s| i64::from(s.points)).sum();
    let score = view.score.map(i64::from);
    let mean = view.tier_mean.map(i64::from);
    let mut rules: Vec<&RuleOutcomeView> = card.rules.iter().filter(|r| r.practice == view.id).collect();
    rules.sort_by_key(|r| urgency(&r.outcome));
    Practice {
        id: view.id.clone(),
        icon: icon(&view.id),
        title: view.title.clone(),
        open,
        bar: Bar::new(score.unwrap_or(0), view.grade.as_deref(), mean),
        bar_label: bar_label(score, mean),
        earned: words::points(view.earned),
        possible: words::points(view.possible),
        grade: Grade::new(view.grade.as_deref()),
        gain: (gain > 0).then(|| format!("+{gain}")),
        rules: rules.into_iter().map(|r| rule(card, r, now)).collect(),
    }
}

fn bar_label(score: Option<i64>, mean: Option<i64>) -> String {
    let score = score.map_or_else(|| "no rule applies".to_owned(), |s| format!("{s} of 100"));
    mean.map_or_else(|| score.clone(), |m| format!("{score}, tier average {m}"))
}

/// What is open comes first, what does not apply last.
fn urgency(outcome: &str) -> u8 {
    match outcome {
        "fail" | "error" => 0,
        "partial" => 1,
        "unknown" => 2,
        "not_applicable" => 4,
        _ => 3,
    }
}

/// An icon for the practices of the shipped pack; an organisation's own share one.
pub(in crate::http::pages) fn icon(id: &str) -> &'static str {
    let has = |part: &str| id.contains(part);
    if has("drill") {
        "bolt"
    } else if has("rollback") {
        "loop"
    } else if has("degrader") || has("tuning") {
        "dial"
    } else if has("fallback") {
        "shield"
    } else if has("incident") || has("learning") || has("follow") {
        "check"
    } else {
        "stack"
    }
}

fn rule(card: &ScorecardView, view: &RuleOutcomeView, now: Timestamp) -> Rule {
    let slug = card.detail.row.slug.as_str();
    let counts = view.possible.0 > 0;
    let open = !matches!(view.outcome.as_str(), "pass" | "not_applicable" | "waived");
    Rule {
        id: view.id.clone(),
        title: view.title.clone(),
        outcome: Outcome::new(&view.outcome),
        earned: counts.then(|| words::points(view.earned)),
        possible: words::points(view.possible),
        reason: view.missing.is_empty().then(|| parts::linked(&view.reason, Some(slug))),
        caps: view.caps.clone(),
        facts: facts(slug, view, now),
        folded: (!open && !view.facts.is_empty()).then(|| words::count(view.facts.len() as i64, "fact")),
        missing: missing(slug, view),
        fix: open.then(|| parts::linked(&view.fix, Some(slug))),
    }
}

/// The facts a rule read; those it could not use say so.
fn facts(slug: &str, view: &RuleOutcomeView, now: Timestamp) -> Vec<Fact> {
    let unusable = |name: &str| view.missing.iter().find(|m| m.fact == *name).map(|m| missing_tag(&m.why));
    view.facts
        .iter()
        .map(|(name, fact)| Fact { unusable: unusable(name), ..Fact::new(slug, name, fact, now) })
        .collect()
}

/// What to send: the facts without any value, or else one of those that cannot be used.
fn missing(slug: &str, view: &RuleOutcomeView) -> Vec<Missing> {
    let unseen: Vec<_> = view.missing.iter().filter(|m| !view.facts.contains_key(&m.fact)).collect();
    let told = if unseen.is_empty() { view.missing.iter().take(1).collect() } else { unseen };
    told.into_iter()
        .map(|m| Missing { tag: missing_tag(&m.why), detail: parts::linked(&m.detail, Some(slug)) })
        .collect()
}

impl Fact {
    /// A fact of `service` with its evidence and age.
    pub(in crate::http::pages) fn new(service: &str, name: &str, view: &FactView, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            value: words::value(&view.value, view.unit.as_deref()),
            evidence: Evidence::new(&view.evidence),
            at: When::new(now, view.as_of),
            unusable: None,
            drill: view.drill.as_ref().map(|id| format!("/services/{service}/drills#drill-{id}")),
            sender: view.sender.clone(),
        }
    }
}

/// Why a fact could not be used, in two words.
pub(in crate::http::pages) fn missing_tag(why: &str) -> &'static str {
    match why {
        "stale" => "stale",
        "too_weak" => "too weak",
        _ => "no data",
    }
}
