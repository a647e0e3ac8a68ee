//! Facts that others post: settings known, coverage measured elsewhere, the organisation's own.

use scoring_rules::{EvidenceClass, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

use super::evidence::{Evidence, Posted};
use super::facts::class_code;
use super::grading::{Cause, regrade};
use super::{Tx, owners};
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::facts::FactRow;
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// Most facts in one request.
pub const MAX_FACTS: usize = 1_000;

/// One posted fact.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostFact {
    /// Slug or catalog reference.
    pub service: String,
    /// Name from the fact catalogue, of those marked as posted.
    pub fact: String,
    /// Value of the fact's type.
    #[schema(value_type = serde_json::Value)]
    pub value: serde_json::Value,
    /// The instant the value tells of; now, if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub as_of: Option<Timestamp>,
}

/// What became of posted facts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactsAnswer {
    /// Facts stored.
    pub stored: usize,
    /// Facts that said nothing new, or were older than what is known.
    pub unchanged: usize,
    /// Each service with its score before and after.
    pub services: Vec<FactsService>,
}

/// A service whose facts were posted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactsService {
    /// Slug.
    pub service: String,
    /// Score before and after.
    pub score: super::views::Change<i16>,
    /// Letter before and after.
    pub grade: super::views::Change<String>,
}

/// Stores facts, all or none, and judges their services.
pub fn post(tx: &mut Tx<'_>, facts: &[PostFact]) -> Result<FactsAnswer> {
    if facts.len() > MAX_FACTS {
        return Err(Error::invalid(
            "",
            format!("{} facts; a request takes at most {MAX_FACTS}", facts.len()),
        ));
    }
    let checked = check(tx, facts)?;
    for (service, _) in &checked {
        owners::require_writer(tx, service)?;
    }
    let answer = record(tx, checked, &|tx, service| {
        let sentence = format!("{}: facts arrived from {}.", service.name, tx.actor.name);
        tx.emit("facts_recorded", Some(&service.id), service.team_id.as_deref(), sentence, &json!({}));
    })?;
    Ok(FactsAnswer { stored: answer.stored, unchanged: facts.len() - answer.stored, ..answer })
}

/// Stores values that have been checked, judges their services, and has it told of each that something was new of.
pub(super) fn record(
    tx: &mut Tx<'_>,
    facts: Vec<(ServiceRow, FactRow)>,
    tell: &dyn Fn(&mut Tx<'_>, &ServiceRow),
) -> Result<FactsAnswer> {
    let mut services: BTreeMap<String, ServiceRow> = BTreeMap::new();
    for (service, _) in &facts {
        services.insert(service.id.clone(), service.clone());
    }
    let ids: Vec<String> = services.keys().cloned().collect();
    store::services::lock_all(tx.conn, &ids)?;
    let mut evidence = Evidence::of_services(tx.conn, &ids)?;
    let mut taken = Vec::new();
    for (service, row) in facts {
        let fact = Posted {
            fact: row.fact.clone(),
            value: RawValue::from_string(row.value.clone()).map_err(anyhow::Error::new)?,
            as_of: row.as_of,
            class: row.evidence_class,
            sender: row.sender.clone(),
            received_at: row.received_at,
        };
        if evidence.of_mut(&service.id).post(fact) {
            taken.push(row);
        }
    }
    store::facts::append(tx.conn, &taken)?;
    let stored = taken.len();
    let touched: BTreeSet<String> = taken.into_iter().map(|row| row.service_id).collect();
    let rows: Result<Vec<_>> = touched.iter().map(|id| evidence.of(id).row(id)).collect();
    store::evidence::put(tx.conn, &rows?)?;
    let mut answer = FactsAnswer { stored, unchanged: 0, services: Vec::new() };
    for service in services.values() {
        let (before, after) = regrade(tx, service, Cause::Evidence)?;
        if touched.contains(&service.id) {
            tell(tx, service);
        }
        let before = before.as_ref();
        answer.services.push(FactsService {
            service: service.slug.clone(),
            score: super::views::Change {
                before: before.and_then(super::drills::shown_score),
                after: super::drills::shown_score(&after),
            },
            grade: super::views::Change {
                before: before.and_then(super::drills::shown_grade),
                after: super::drills::shown_grade(&after),
            },
        });
    }
    Ok(answer)
}

fn check(tx: &mut Tx<'_>, facts: &[PostFact]) -> Result<Vec<(ServiceRow, FactRow)>> {
    let book = std::sync::Arc::clone(&tx.book);
    let catalogue = book.rulebook.catalogue();
    let mut fields = Vec::new();
    let mut rows = Vec::new();
    // Nobody ran anything here for us: what is posted as a fact is declared, unless a CI job proved that it ran.
    let class = if tx.actor.is_ci() { EvidenceClass::ExecutedCi } else { EvidenceClass::Declared };
    let mut found: std::collections::HashMap<&str, ServiceRow> = std::collections::HashMap::new();
    for (i, fact) in facts.iter().enumerate() {
        let Some(id) = catalogue.id(&fact.fact) else {
            let near = catalogue.nearest(&fact.fact);
            let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            fields.push(FieldError::new(format!("/{i}/fact"), format!("no fact `{}`{near}", fact.fact)));
            continue;
        };
        let spec = catalogue.spec(id);
        if !spec.posted {
            let detail = format!("`{}` is computed here and cannot be posted. {}", fact.fact, spec.send);
            fields.push(FieldError::new(format!("/{i}/fact"), detail));
            continue;
        }
        let value = serde_json::from_value::<Value>(fact.value.clone()).ok().filter(|v| spec.accepts(v));
        let Some(value) = value else {
            let detail =
                format!("`{}` takes a {}, for example {}", fact.fact, spec.kind, json!(spec.example));
            fields.push(FieldError::new(format!("/{i}/value"), detail));
            continue;
        };
        let as_of = fact.as_of.unwrap_or(tx.now);
        if let Some(error) = crate::formats::check_times(as_of, as_of, tx.now).into_iter().next() {
            fields.push(FieldError::new(format!("/{i}/as_of"), error.detail));
        }
        let service = match found.get(fact.service.as_str()) {
            Some(service) => Ok(service.clone()),
            None => owners::service(tx, &fact.service),
        };
        match service {
            Ok(service) => {
                found.entry(&fact.service).or_insert_with(|| service.clone());
                let row = FactRow {
                    id: tx.new_id(),
                    service_id: service.id.clone(),
                    fact: fact.fact.clone(),
                    value: json!(value).to_string(),
                    as_of: as_of.0,
                    evidence_class: class_code(class),
                    sender: tx.actor.name.clone(),
                    received_at: tx.now.0,
                };
                rows.push((service, row));
            }
            Err(error @ Error::NotFound { .. }) => {
                fields.push(FieldError::new(format!("/{i}/service"), error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    if fields.is_empty() { Ok(rows) } else { Err(Error::Invalid { fields }) }
}
