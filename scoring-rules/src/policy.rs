//! Gates: named expressions over a scorecard, such as whether a service may be deployed.

use serde::Serialize;

use crate::book::Rulebook;
use crate::expr::{Expr, Scope, Wanted, clauses};
use crate::fact::{Facts, Value};
use crate::form::{Doc, Form, compile};
use crate::grade::holds;
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
    clauses: Clauses,
}

/// The parts of a condition, each of which must hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clauses(Vec<Expr>);

impl Clauses {
    /// The parts of an expression that was compiled in the same scope.
    pub(crate) fn of(whole: &Expr, scope: &Scope<'_>) -> Self {
        let parts: Result<Vec<Expr>, _> =
            clauses(whole.text()).into_iter().map(|part| Expr::compile(part, Wanted::Bool, scope)).collect();
        Self(parts.unwrap_or_else(|_| vec![whole.clone()]))
    }

    /// One sentence for each part that does not hold, or that cannot be decided.
    pub(crate) fn failing(&self, book: &Rulebook, facts: &Facts, now_ms: i64) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        for clause in &self.0 {
            match holds(clause, facts, book.catalogue(), now_ms) {
                Ok(true) => {}
                Ok(false) => {
                    reasons.push(format!("{} does not hold{}", clause.text(), book.given(clause, facts)));
                }
                Err(missing) if missing.is_empty() => {
                    reasons.push(format!(
                        "{} cannot be computed{}",
                        clause.text(),
                        book.given(clause, facts)
                    ));
                }
                Err(missing) => {
                    for missing in missing {
                        let name = &book.catalogue().spec(missing.fact).name;
                        let reason = format!("{name} is not known: {}", missing.why);
                        if !reasons.contains(&reason) {
                            reasons.push(reason);
                        }
                    }
                }
            }
        }
        reasons
    }
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
            let clauses = Clauses::of(&allow, scope);
            policies.push(Policy { id: id.to_owned(), allow, clauses });
        }
    }
    policies
}

impl Rulebook {
    /// Whether a policy allows. What is not known denies, and is named. Absent when no policy has this name.
    pub fn gate(&self, policy: &str, facts: &Facts, now_ms: i64) -> Option<GateResult> {
        let policy = self.policies().iter().find(|known| known.id == policy)?;
        let reasons = policy.clauses.failing(self, facts, now_ms);
        Some(GateResult { allow: reasons.is_empty(), reasons })
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
}
