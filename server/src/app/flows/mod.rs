//! Core flows: which calls users cannot do without, which have a fallback, and which fallbacks a drill has proved.

pub(in crate::app) mod facts;
mod import;
mod list;
mod names;
mod seen;
mod service;
mod view;

use std::collections::BTreeSet;

use scoring_rules::degrader::Problem;
use scoring_rules::flows::{EXTERNAL, Flow, MAX_EDGES};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use facts::{Check, Proof, State};
pub(in crate::app) use import::{FlowPlan, apply, plan};
pub use list::{list, single_points};
pub use seen::{MAX_SEEN, SeenAnswer, SeenCall, record as record_seen};
pub use service::{gaps_first, of_service};
pub use view::{FlowPage, detail, preview};

pub(in crate::app) use names::is_covered;

use super::audit::Sides;
use super::{Tx, owners};
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::flows::{EdgeRow, FlowRow as StoredFlow};
use crate::types::hex;

/// A flow as it may be sent.
pub const EXAMPLE: &str = r#"{
  "title": "Buy something",
  "owner": "checkout-platform",
  "entry": "checkout-api",
  "steps": ["browse", "pay"],
  "edges": [
    {"from": "checkout-api", "to": "cart-api", "core": true, "deadline_ms": 300, "step": "browse"},
    {"from": "checkout-api", "to": "recs-api", "core": false, "deadline_ms": 80, "traffic": 120, "step": "browse",
     "fallback": {"strategy": "trade_feature", "how": "Show the best sellers of the day."}},
    {"from": "checkout-api", "to": "external:card-scheme", "core": true, "deadline_ms": 2000, "step": "pay"}
  ]
}"#;

/// What is read of a document that somebody sends.
///
/// # Errors
///
/// [`Error::Invalid`] with every field that cannot be read.
pub fn read(document: &Value) -> Result<Flow> {
    scoring_rules::flows::read(document).map_err(|problems| Error::Invalid { fields: fields(problems) })
}

/// The same errors, as the server tells them.
pub(in crate::app) fn fields(problems: Vec<Problem>) -> Vec<FieldError> {
    problems.into_iter().map(|p| FieldError::new(p.pointer, p.detail)).collect()
}

/// Writes a flow; true when it is new. Its services are judged again.
///
/// # Errors
///
/// [`Error::Invalid`] where the document or the slug cannot be read; then nothing is stored.
pub fn put(tx: &mut Tx<'_>, slug: &str, document: &Value) -> Result<bool> {
    let mut wrong = Vec::new();
    if !is_slug(slug) {
        let detail = "a slug has 1 to 63 of a-z, 0-9, - _ . and begins and ends with a letter or digit";
        wrong.push(FieldError::new("/slug", detail));
    }
    let flow = match scoring_rules::flows::read(document) {
        Ok(flow) => flow,
        Err(problems) => {
            wrong.extend(fields(problems));
            return Err(Error::Invalid { fields: wrong });
        }
    };
    if !wrong.is_empty() {
        return Err(Error::Invalid { fields: wrong });
    }
    let source = format!("single:{}", tx.actor.name);
    let written = write(tx, slug, flow, &source)?;
    if let Some(touched) = written.touched {
        facts::refresh(tx, &touched)?;
    }
    Ok(written.new)
}

/// Removes a flow; what it declared counts no longer.
pub fn remove(tx: &mut Tx<'_>, slug: &str) -> Result<()> {
    let touched = delete(tx, slug)?;
    facts::refresh(tx, &touched)
}

/// Whether text may be a slug.
pub(in crate::app) fn is_slug(text: &str) -> bool {
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= 63
        && end(text.chars().next())
        && end(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
}

/// What writing a flow came to.
struct Written {
    new: bool,
    /// Services whose edges may have changed; none if the flow says nothing new.
    touched: Option<BTreeSet<String>>,
}

/// Writes a flow without judging anybody.
fn write(tx: &mut Tx<'_>, slug: &str, flow: Flow, source: &str) -> Result<Written> {
    let (flow, body, sha) = sealed(tx, flow)?;
    let held = store::flows::by_slug(tx.conn, slug)?;
    let same = held.as_ref().is_some_and(|h| h.content_sha256 == sha);
    if same && held.as_ref().is_some_and(|h| h.source == source) {
        return Ok(Written { new: false, touched: None });
    }
    let mut touched: BTreeSet<String> = ends(&flow);
    for edge in store::flows::edges(tx.conn, slug)? {
        touched.extend([edge.from_ref, edge.to_ref]);
    }
    let row = StoredFlow {
        slug: slug.to_owned(),
        title: flow.title.clone(),
        owner_ref: flow.owner.clone(),
        source: source.to_owned(),
        body,
        content_sha256: sha,
        created_at: held.as_ref().map_or(tx.now.0, |h| h.created_at),
        updated_at: tx.now.0,
    };
    store::flows::put(tx.conn, &row, &edge_rows(slug, &flow)?)?;
    if !same {
        let noncore = flow.edges.iter().filter(|e| !e.core).count();
        let verb = if held.is_some() { "changed" } else { "was declared" };
        let sentence =
            format!("The flow {} {verb}: {} edges, {noncore} of them non-core.", row.title, flow.edges.len());
        let data = json!({ "flow": slug, "edges": flow.edges.len(), "noncore": noncore, "source": source,
                           "content_sha256": row.content_sha256 });
        let sides = match &held {
            Some(held) => Sides::changed(body_of(held), body_of(&row)),
            None => Sides::made(body_of(&row)),
        };
        tell(tx, "flow_changed", &row, sentence, (&data, sides))?;
    }
    Ok(Written { new: held.is_none(), touched: (!same).then_some(touched) })
}

/// A flow with every name as a catalog reference, as text, and the hash of that.
fn sealed(tx: &mut Tx<'_>, flow: Flow) -> Result<(Flow, String, String)> {
    let flow = names::canonical(tx, flow)?;
    let body = serde_json::to_string(&flow).map_err(anyhow::Error::new)?;
    let sha = hex(&Sha256::digest(body.as_bytes()));
    Ok((flow, body, sha))
}

/// Deletes a flow without judging anybody; gives the services whose edges it had.
fn delete(tx: &mut Tx<'_>, slug: &str) -> Result<BTreeSet<String>> {
    let row = stored(tx, slug)?;
    let edges = store::flows::edges(tx.conn, slug)?;
    store::flows::delete(tx.conn, slug)?;
    let sentence = format!("The flow {} was removed.", row.title);
    let data = json!({ "flow": slug, "content_sha256": row.content_sha256 });
    tell(tx, "flow_removed", &row, sentence, (&data, Sides::gone(body_of(&row))))?;
    let mut touched: BTreeSet<String> = edges.into_iter().flat_map(|e| [e.from_ref, e.to_ref]).collect();
    touched.extend(read_body(&row)?.entry);
    Ok(touched)
}

fn tell(
    tx: &mut Tx<'_>,
    kind: &str,
    row: &StoredFlow,
    sentence: String,
    (data, sides): (&Value, Sides),
) -> Result<()> {
    let team = names::owner(tx, row.owner_ref.as_deref())?.map(|team| team.id);
    tx.emit_change(kind, None, team.as_deref(), sentence, data, sides);
    Ok(())
}

/// A stored flow for the audit.
fn body_of(row: &StoredFlow) -> Value {
    serde_json::from_str(&row.body).unwrap_or_default()
}

/// The stored flow of exactly this slug; none where its owner is hidden from the actor.
pub(in crate::app) fn known(tx: &mut Tx<'_>, slug: &str) -> Result<Option<StoredFlow>> {
    let veil = tx.veil()?;
    let row = store::flows::by_slug(tx.conn, slug)?;
    Ok(row.filter(|row| !veil.hides_owner(row.owner_ref.as_ref())))
}

/// The stored flow of a slug.
fn stored(tx: &mut Tx<'_>, slug: &str) -> Result<StoredFlow> {
    let wanted = slug.trim().to_lowercase();
    let veil = tx.veil()?;
    if let Some(row) = known(tx, &wanted)? {
        return Ok(row);
    }
    let key: String = slug.chars().take(120).collect();
    let all = store::flows::after(tx.conn, "", 500, veil.team_refs())?;
    let slugs: Vec<String> = all.into_iter().map(|row| row.slug).collect();
    let nearest = if key.len() <= 63 { owners::nearest(&wanted, &slugs) } else { None };
    Err(Error::NotFound { what: "flow", key, nearest })
}

/// The flow of a row, its names being catalog references.
fn read_body(row: &StoredFlow) -> Result<Flow> {
    let value: Value = serde_json::from_str(&row.body).map_err(anyhow::Error::new)?;
    scoring_rules::flows::read(&value)
        .map_err(|p| Error::Internal(anyhow::anyhow!("the stored flow {} cannot be read: {p:?}", row.slug)))
}

/// The services of a flow.
fn ends(flow: &Flow) -> BTreeSet<String> {
    let names = flow.edges.iter().flat_map(|e| [&e.from, &e.to]).chain(&flow.entry);
    names.filter(|name| !name.starts_with(EXTERNAL)).cloned().collect()
}

fn edge_rows(slug: &str, flow: &Flow) -> Result<Vec<EdgeRow>> {
    let row = |(n, edge): (usize, &scoring_rules::flows::Edge)| {
        Ok(EdgeRow {
            flow: slug.to_owned(),
            n: i32::try_from(n).map_err(|_| Error::invalid("/edges", format!("at most {MAX_EDGES}")))?,
            from_ref: edge.from.clone(),
            to_ref: edge.to.clone(),
            core: edge.core,
            fallback: edge.fallback.is_some(),
        })
    };
    flow.edges.iter().enumerate().map(row).collect()
}
