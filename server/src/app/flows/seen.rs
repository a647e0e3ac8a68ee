//! Calls that somebody's traces showed: which edges nobody declared, and how much goes over each.

use std::collections::{BTreeMap, BTreeSet};

use scoring_rules::flows::EXTERNAL;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::names;
use crate::app::{Tx, owners};
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::flows::SeenRow;
use crate::types::{MAX_NAME_BYTES, Timestamp};

/// Most calls in one request.
pub const MAX_SEEN: usize = 1_000;
/// Most callees that are kept of one service: nobody calls more, and nobody may fill the disk.
const MAX_CALLEES: usize = 2_000;
/// Calls not seen for so many days are forgotten.
pub(super) const KEPT_DAYS: i64 = 90;
/// More calls a second nobody makes.
const MAX_RATE: f64 = 1e9;

/// A call that was seen.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenCall {
    /// Who calls: slug or catalog reference of a service of the catalog.
    pub from: String,
    /// Who is called: slug, catalog reference, or `external:` and a name.
    pub to: String,
    /// How often; absent where nobody counted.
    #[serde(default)]
    pub calls_per_second: Option<f64>,
    /// When it was seen last; now, if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub seen_at: Option<Timestamp>,
}

/// What became of calls that were seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenAnswer {
    /// Calls stored, each pair once.
    pub stored: usize,
    /// Those of them that no flow declares.
    pub undeclared: usize,
}

/// Stores calls that were seen, all or none.
///
/// # Errors
///
/// [`Error::Invalid`] names every field that makes no sense; then nothing is stored.
pub fn record(tx: &mut Tx<'_>, calls: &[SeenCall]) -> Result<SeenAnswer> {
    if calls.len() > MAX_SEEN {
        return Err(Error::invalid("", format!("{} calls; a request takes at most {MAX_SEEN}", calls.len())));
    }
    let rows = check(tx, calls)?;
    let callers: BTreeSet<String> = rows.keys().map(|(from, _)| from.clone()).collect();
    let callers: Vec<String> = callers.into_iter().collect();
    let services = store::services::by_refs(tx.conn, &callers)?;
    for service in &services {
        owners::require_writer(tx, service)?;
    }
    let mut callees: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let before = tx.now.plus_days(-KEPT_DAYS).0;
    let held = store::flows::seen(tx.conn, &callers, before)?;
    let pairs = held.iter().map(|row| (&row.from_ref, &row.to_ref));
    for (from, to) in pairs.chain(rows.keys().map(|(from, to)| (from, to))) {
        callees.entry(from).or_default().insert(to);
    }
    if let Some((from, all)) = callees.iter().find(|(_, all)| all.len() > MAX_CALLEES) {
        let detail = format!("{from} would have {} callees; at most {MAX_CALLEES} are kept", all.len());
        return Err(Error::invalid("", detail));
    }
    let declared: BTreeSet<(String, String)> = store::flows::leaving(tx.conn, &callers)?
        .into_iter()
        .map(|edge| (edge.from_ref, edge.to_ref))
        .collect();
    let undeclared = rows.keys().filter(|pair| !declared.contains(*pair)).count();
    let rows: Vec<SeenRow> = rows.into_values().collect();
    store::flows::put_seen(tx.conn, &rows, before)?;
    if !rows.is_empty() {
        let sentence = format!("{} told of {} calls between services.", tx.actor.name, rows.len());
        let data = json!({ "stored": rows.len(), "undeclared": undeclared });
        tx.emit("calls_recorded", None, None, sentence, &data);
    }
    Ok(SeenAnswer { stored: rows.len(), undeclared })
}

/// The calls as rows, by caller and callee; of one pair said twice the last word stays.
fn check(tx: &mut Tx<'_>, calls: &[SeenCall]) -> Result<BTreeMap<(String, String), SeenRow>> {
    let mut wrong = Vec::new();
    let clean = |name: &str| {
        let name = name.trim().to_lowercase();
        name.strip_prefix(EXTERNAL).map(|rest| format!("{EXTERNAL}{}", rest.trim())).unwrap_or(name)
    };
    for (n, call) in calls.iter().enumerate() {
        for (key, name) in [("from", &call.from), ("to", &call.to)] {
            let name = clean(name);
            let bare = name.strip_prefix(EXTERNAL).unwrap_or(&name);
            if bare.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
                wrong.push(FieldError::new(format!("/{n}/{key}"), "expected a name of up to 255 bytes"));
            }
        }
        if call.calls_per_second.is_some_and(|rate| !(0.0..=MAX_RATE).contains(&rate)) {
            wrong.push(FieldError::new(format!("/{n}/calls_per_second"), "expected 0 or more"));
        }
        if let Some(at) = call.seen_at
            && let Some(error) = crate::formats::check_times(at, at, tx.now).into_iter().next()
        {
            wrong.push(FieldError::new(format!("/{n}/seen_at"), error.detail));
        }
    }
    let names: BTreeSet<String> = calls.iter().flat_map(|c| [clean(&c.from), clean(&c.to)]).collect();
    let refs = names::refs(tx, &names)?;
    let known = names::Known::load(tx, refs.values())?;
    let mut rows = BTreeMap::new();
    for (n, call) in calls.iter().enumerate() {
        let (Some(from), Some(to)) = (refs.get(&clean(&call.from)), refs.get(&clean(&call.to))) else {
            continue;
        };
        if !known.linked(from) {
            let shown: String = call.from.chars().take(120).collect();
            wrong.push(FieldError::new(format!("/{n}/from"), format!("There is no service `{shown}`.")));
            continue;
        }
        let at = call.seen_at.unwrap_or(tx.now).0;
        let row = SeenRow {
            from_ref: from.clone(),
            to_ref: to.clone(),
            calls_per_second: call.calls_per_second,
            first_at: at,
            last_at: at,
            sender: tx.actor.name.clone(),
        };
        rows.insert((from.clone(), to.clone()), row);
    }
    if wrong.is_empty() { Ok(rows) } else { Err(Error::Invalid { fields: wrong }) }
}
