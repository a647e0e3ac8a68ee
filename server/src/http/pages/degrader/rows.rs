//! Rows of the page: values to change, values to try, hosts.

use scoring_rules::degrader::{Change, Row};
use serde::Serialize;

use super::words::requests;
use super::{Figure, figures};
use crate::app::degrader::{Instance, Study, Tried};
use crate::http::charts::{ms, percent};

#[derive(Serialize)]
pub(super) struct ChangeRow {
    field: String,
    from: String,
    to: String,
    score: String,
}

#[derive(Serialize)]
pub(super) struct Field {
    name: String,
    key: &'static str,
    value: String,
    unit: &'static str,
    changed: bool,
    error: Option<String>,
}

#[derive(Serialize)]
pub(super) struct TriedCtx {
    score: String,
    before: String,
    better: bool,
    figures: Vec<Figure>,
}

#[derive(Serialize)]
pub(super) struct InstanceRow {
    name: String,
    qps: String,
    p99: String,
    errors: String,
    bad: bool,
}

pub(super) fn fields(study: &Study, asked: &[(String, String)]) -> Vec<Field> {
    let Some(settings) = &study.settings else { return Vec::new() };
    settings
        .rows()
        .into_iter()
        .map(|Row { key, value, unit, .. }| {
            let typed = asked.iter().find(|(k, _)| k == key).map(|(_, text)| text.trim().to_owned());
            // A reader who empties a field sees what it was.
            let held = if value == "-" { String::new() } else { value };
            let error = study.problems.iter().find(|p| p.pointer.ends_with(&format!("/{key}")));
            Field {
                name: format!("set.{key}"),
                key,
                changed: typed.as_ref().is_some_and(|text| *text != held),
                value: typed.unwrap_or(held),
                unit,
                error: error.map(|p| p.detail.clone()),
            }
        })
        .collect()
}

impl ChangeRow {
    pub(super) fn new(change: &Change) -> Self {
        Self {
            field: change.field.clone(),
            from: change.from.clone(),
            to: change.to.clone(),
            score: format!("{:.0}", change.score),
        }
    }
}

impl TriedCtx {
    pub(super) fn new(tried: &Tried, before: f64) -> Self {
        Self {
            score: format!("{:.0}", tried.score),
            before: format!("{before:.0}"),
            better: tried.score >= before,
            figures: figures(&tried.judged, tried.score).into_iter().skip(1).collect(),
        }
    }
}

impl InstanceRow {
    pub(super) fn new(instance: &Instance) -> Self {
        Self {
            name: instance.name.clone(),
            qps: requests(instance.qps),
            p99: instance.p99_ms.map_or_else(|| "not known".to_owned(), ms),
            errors: percent(instance.error_rate),
            bad: instance.bad,
        }
    }
}
