//! Gates: named expressions over a scorecard, such as whether a service may be deployed.

use serde::Serialize;

use crate::book::Rulebook;
use crate::expr::{Expr, Scope, Wanted, clauses};
use crate::fact::{EvidenceClass, Fact, Facts, Value};
use crate::form::{Doc, Form, compile};
use crate::grade::{Grade, holds};
use crate::grades::is_id;

/// A named gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    /// Its name.
    pub id: String,
    /// What must hold.
    pub allow: Expr,
    /// The parts of `allow`, each of which must hold.
    #[serde(skip)]
    clauses: Vec<Expr>,
}

/// Whether a gate is open, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateResult {
    /// Whether it is open.
    pub allow: bool,
    /// One sentence for each part that does not hold.
    pub reasons: Vec<String>,
}

pub(crate) fn read(doc: &Doc<'_>, scope: &Scope<'_>) -> Vec<Policy> {
    let Some(table) = doc.parse() else { return Vec::new() };
    let mut policies = Vec::new();
    for (id, at, value) in Form::new(doc, &table, 0).entries() {
        if !is_id(id) {
            doc.report(at, format!("a policy name is lower-case letters, digits and dashes, not `{id}`"));
        }
        if let Some(allow) = compile(doc, id, value, Wanted::Bool, scope) {
            let parts: Result<Vec<Expr>, _> = clauses(allow.text())
                .into_iter()
                .map(|part| Expr::compile(part, Wanted::Bool, scope))
                .collect();
            let clauses = parts.unwrap_or_else(|_| vec![allow.clone()]);
            policies.push(Policy { id: id.to_owned(), allow, clauses });
        }
    }
    policies
}

impl Rulebook {
    /// Whether a policy allows. What is not known denies, and is named. Absent when no policy has this name.
    pub fn gate(&self, policy: &str, facts: &Facts, now_ms: i64) -> Option<GateResult> {
        let policy = self.policies().iter().find(|known| known.id == policy)?;
        let mut reasons: Vec<String> = Vec::new();
        let mut allow = true;
        for clause in &policy.clauses {
            match holds(clause, facts, self.catalogue(), now_ms) {
                Ok(true) => continue,
                Ok(false) => {
                    reasons.push(format!("{} does not hold{}", clause.text(), self.given(clause, facts)));
                }
                Err(missing) if missing.is_empty() => {
                    reasons.push(format!(
                        "{} cannot be computed{}",
                        clause.text(),
                        self.given(clause, facts)
                    ));
                }
                Err(missing) => {
                    for missing in missing {
                        let name = &self.catalogue().spec(missing.fact).name;
                        let reason = format!("{name} is not known: {}", missing.why);
                        if !reasons.contains(&reason) {
                            reasons.push(reason);
                        }
                    }
                }
            }
            allow = false;
        }
        Some(GateResult { allow, reasons })
    }

    /// The facts a clause read, as they are.
    fn given(&self, clause: &Expr, facts: &Facts) -> String {
        let known = clause.facts().iter().filter_map(|id| {
            let value = &facts.get(*id)?.value;
            let name = self.catalogue().spec(*id).name.as_str();
            let band = match value {
                Value::Int(rank) if name == "grade.rank" => self.band_of_rank(*rank),
                _ => None,
            };
            Some(band.map_or_else(|| format!("{name} is {value}"), |band| format!("the grade is {band}")))
        });
        let known: Vec<String> = known.collect();
        if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) }
    }

    fn band_of_rank(&self, rank: i64) -> Option<&str> {
        let index = self.bands().len().checked_sub(usize::try_from(rank).ok()?)?;
        self.bands().get(index).map(|band| band.letter.as_str())
    }

    /// Sets `grade.*`, which policies read. Of a service that is not graded, they stay unknown.
    pub fn set_grade_facts(&self, facts: &mut Facts, grade: &Grade, now_ms: i64) {
        let values = [
            ("grade.score", grade.score.map(i64::from)),
            ("grade.rank", grade.band.map(|band| self.rank(band))),
            ("grade.coverage_pct", grade.score.map(|_| i64::from(grade.coverage_pct))),
        ];
        for (name, value) in values {
            let Some(id) = self.catalogue().id(name) else { continue };
            match value {
                Some(value) => {
                    let evidence = EvidenceClass::Observed;
                    let value = Value::Int(value);
                    facts.set(id, Fact { value, as_of_ms: now_ms, evidence, source_error: None });
                }
                None => facts.remove(id),
            }
        }
    }
}
