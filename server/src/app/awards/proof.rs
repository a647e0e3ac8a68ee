//! What a certificate rests on, written down when it is earned or renewed: the same input gives the same bytes.

use std::collections::BTreeMap;

use scoring_rules::{Outcome, Rulebook};
use serde::Serialize;
use serde_json::Value as Json;

use crate::app::evidence::ServiceEvidence;
use crate::app::facts::Slots;
use crate::app::grading::{judge, letter};
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

#[derive(Serialize)]
struct Proof<'a> {
    service: &'a str,
    as_of: Timestamp,
    rulebook: &'a str,
    score: Option<u8>,
    grade: String,
    coverage_pct: u8,
    rules: Vec<Decided<'a>>,
}

#[derive(Serialize)]
struct Decided<'a> {
    rule: &'a str,
    outcome: &'static str,
    earned_milli: i64,
    possible_milli: i64,
    facts: BTreeMap<&'a str, Known>,
}

#[derive(Serialize)]
struct Known {
    value: Json,
    as_of: Timestamp,
    evidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    drill: Option<String>,
}

/// Every rule that applies, what it decided, and the facts it decided on, with their class and the drill behind each.
pub(super) fn of(
    book: &Rulebook,
    slots: &Slots,
    service: &ServiceRow,
    evidence: &ServiceEvidence,
    now: Timestamp,
) -> String {
    let judged = judge(book, slots, service, evidence, now, true);
    let sheet = &judged.sheet;
    let rules = judged.grade.rules.iter().filter(|r| r.outcome != Outcome::NotApplicable);
    let decided = rules.filter_map(|result| {
        let rule = book.rules().get(result.rule)?;
        let facts = rule.facts().iter().filter_map(|id| {
            let fact = sheet.facts.get(*id)?;
            let known = Known {
                value: serde_json::to_value(&fact.value).unwrap_or_default(),
                as_of: Timestamp(fact.as_of_ms),
                evidence: fact.evidence.as_str(),
                drill: sheet.trail.get(id).and_then(|trail| trail.drill.clone()),
            };
            Some((book.catalogue().spec(*id).name.as_str(), known))
        });
        Some(Decided {
            rule: &rule.id,
            outcome: result.outcome.as_str(),
            earned_milli: result.earned_milli,
            possible_milli: result.possible_milli,
            facts: facts.collect(),
        })
    });
    let proof = Proof {
        service: &service.slug,
        as_of: now,
        rulebook: book.hash(),
        score: judged.grade.score,
        grade: letter(book, judged.grade.band),
        coverage_pct: judged.grade.coverage_pct,
        rules: decided.collect(),
    };
    serde_json::to_string(&proof).unwrap_or_default()
}
