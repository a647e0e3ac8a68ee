//! Reading reviews and answering them; for who looks after the programme, and nobody else.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::kind::ReviewKind;
use super::views::{ReviewDetail, ReviewEvidence, ReviewView};
use crate::app::actor::{Credential, Role};
use crate::app::audit::Sides;
use crate::app::views::Page;
use crate::app::{Actor, Tx};
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::reviews::{CLOSED, OPEN, ReviewRow};
use crate::types::Timestamp;

/// What a review may be found to be.
pub const FINDINGS: [&str; 3] = ["nothing_wrong", "corrected", "rules_to_change"];
/// The states of reviews.
pub const STATES: [&str; 2] = [OPEN, CLOSED];
/// Evidence that is shown; more is not kept.
const SHOWN: i64 = 100;
/// Longest note, in bytes.
const MAX_NOTE: usize = 4_096;
/// Open reviews are counted so far.
const COUNTED: i64 = 100;

/// An answer to a review.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerReview {
    /// `closed` or `open`; as it is unless given.
    pub state: Option<String>,
    /// `nothing_wrong`, `corrected` or `rules_to_change`; needed to close it.
    pub finding: Option<String>,
    /// What was found out; 4,096 bytes at most.
    pub note: Option<String>,
}

/// Whether somebody may read reviews: a person who looks after the programme, the program itself, a token for everything.
/// A token that writes the catalog is no person, and may lie in any pipeline.
fn may(actor: &Actor) -> bool {
    let person = actor.person.as_ref().is_some_and(|person| person.role >= Role::Owner);
    person || actor.credential == Credential::Machine || (actor.has("admin") && !actor.is_limited())
}

fn require(tx: &Tx<'_>) -> Result<()> {
    if may(tx.actor) {
        return Ok(());
    }
    let detail = "Reviews are for who looks after the programme: sign in as a person with the role `owner` or `admin`, or \
                  use a token with the scope `admin`.";
    Err(Error::Forbidden { detail: detail.to_owned() })
}

/// How many reviews are open, up to 100; none for who may not read them.
///
/// # Errors
///
/// Those of the database.
pub fn waiting(tx: &mut Tx<'_>) -> Result<Option<i64>> {
    if may(tx.actor) { Ok(Some(store::reviews::count_open(tx.conn, COUNTED)?)) } else { Ok(None) }
}

/// Reviews in a state, newest first; perhaps of one kind.
///
/// # Errors
///
/// [`Error::Forbidden`] for who may not read them.
pub fn list(
    tx: &mut Tx<'_>,
    state: &str,
    kind: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<ReviewView>> {
    require(tx)?;
    let limit = limit.clamp(1, store::MAX_PAGE);
    let mut rows = store::reviews::page(tx.conn, state, kind, cursor, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Page { items: views(tx, rows)?, next })
}

/// A review with its evidence.
///
/// # Errors
///
/// [`Error::Forbidden`] for who may not read it, [`Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_>, id: &str) -> Result<ReviewDetail> {
    let row = stored(tx, id)?;
    let kind = ReviewKind::parse(&row.kind);
    let evidence = store::reviews::evidence(tx.conn, &row.id, SHOWN)?;
    let review = views(tx, vec![row])?.pop().ok_or_else(|| Error::not_found("review", id))?;
    Ok(ReviewDetail {
        review,
        evidence: evidence
            .into_iter()
            .map(|row| ReviewEvidence {
                at: Timestamp(row.at),
                sentence: row.sentence,
                drill: row.drill_id,
                seq: row.seq,
            })
            .collect(),
        looks_for: kind.map_or("", ReviewKind::looks_for).to_owned(),
        often: kind.map_or(&[] as &[&str], ReviewKind::often).iter().map(|s| (*s).to_owned()).collect(),
    })
}

fn stored(tx: &mut Tx<'_>, id: &str) -> Result<ReviewRow> {
    require(tx)?;
    let key = || id.chars().take(60).collect::<String>();
    store::reviews::by_id(tx.conn, id)?.ok_or_else(|| Error::not_found("review", key()))
}

fn views(tx: &mut Tx<'_>, rows: Vec<ReviewRow>) -> Result<Vec<ReviewView>> {
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let sizes: HashMap<String, i64> = store::reviews::sizes(tx.conn, &ids)?.into_iter().collect();
    let ids: Vec<String> = rows.iter().filter_map(|row| row.service_id.clone()).collect();
    let services: HashMap<String, String> =
        store::services::by_ids(tx.conn, &ids)?.into_iter().map(|s| (s.id, s.slug)).collect();
    let ids: Vec<String> = rows.iter().filter_map(|row| row.team_id.clone()).collect();
    let teams: HashMap<String, String> =
        store::fleet::team_names(tx.conn, &ids)?.into_iter().map(|(id, slug, _)| (id, slug)).collect();
    let one = |row: ReviewRow| {
        let kind = ReviewKind::parse(&row.kind);
        ReviewView {
            noticed: sizes.get(&row.id).copied().unwrap_or(0),
            service: row.service_id.as_ref().and_then(|id| services.get(id)).cloned(),
            team: row.team_id.as_ref().and_then(|id| teams.get(id)).cloned(),
            title: kind.map_or("", ReviewKind::title).to_owned(),
            question: kind.map_or("", ReviewKind::question).to_owned(),
            id: row.id,
            kind: row.kind,
            state: row.state,
            opened_at: Timestamp(row.opened_at),
            changed_at: Timestamp(row.changed_at),
            finding: row.finding,
            note: row.note,
            closed_at: row.closed_at.map(Timestamp),
            closed_by: row.closed_by,
        }
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Closes a review with what was found, changes that, or opens it again.
///
/// # Errors
///
/// [`Error::Invalid`] for a wrong answer, [`Error::Conflict`] where another review of the same is open or somebody else was
/// faster, and as [`one`].
pub fn answer(tx: &mut Tx<'_>, id: &str, cmd: &AnswerReview) -> Result<ReviewDetail> {
    let row = stored(tx, id)?;
    let state = cmd.state.clone().unwrap_or_else(|| row.state.clone());
    check(cmd, &state)?;
    let was = row.state.clone();
    let mut next = row.clone();
    next.changed_at = tx.now.0;
    if let Some(note) = &cmd.note {
        next.note = crate::formats::redact_text(note.trim());
    }
    if state == OPEN {
        let open = store::reviews::open_about(tx.conn, &row.kind, std::slice::from_ref(&row.subject))?;
        if open.iter().any(|other| other.id != row.id) {
            let detail = "A newer review of the same kind about the same subject is open; answer that one.";
            return Err(Error::Conflict { detail: detail.to_owned() });
        }
        (next.finding, next.closed_at, next.closed_by) = (None, None, None);
    } else {
        next.finding.clone_from(&cmd.finding);
        (next.closed_at, next.closed_by) = (Some(tx.now.0), Some(tx.actor.name.clone()));
    }
    next.state = state;
    if !store::reviews::answer(tx.conn, &next, &was)? {
        return Err(Error::Conflict { detail: "Somebody else has just answered this review.".into() });
    }
    let sides = Sides::changed(side(&row), side(&next));
    let data = json!({ "review": row.id, "kind": row.kind });
    let of = (row.service_id.as_deref(), row.team_id.as_deref());
    tx.emit_change("review_answered", of.0, of.1, "A review was answered.".into(), &data, sides);
    one(tx, id)
}

fn side(row: &ReviewRow) -> Value {
    json!({ "state": row.state, "finding": row.finding, "note": row.note })
}

fn check(cmd: &AnswerReview, state: &str) -> Result<()> {
    let mut fields = Vec::new();
    if !STATES.contains(&state) {
        fields.push(FieldError::new("/state", "expected `open` or `closed`"));
    }
    match &cmd.finding {
        Some(finding) if !FINDINGS.contains(&finding.as_str()) => {
            let detail = format!("expected one of {}", FINDINGS.join(", "));
            fields.push(FieldError::new("/finding", detail));
        }
        None if state == CLOSED => {
            let detail = format!("say what was found to close it: one of {}", FINDINGS.join(", "));
            fields.push(FieldError::new("/finding", detail));
        }
        Some(_) if state == OPEN => {
            fields.push(FieldError::new("/finding", "is for a review that is closed; send `state` too"));
        }
        _ => {}
    }
    if cmd.note.as_ref().is_some_and(|note| note.len() > MAX_NOTE) {
        fields.push(FieldError::new("/note", format!("expected at most {MAX_NOTE} bytes")));
    }
    if fields.is_empty() { Ok(()) } else { Err(Error::Invalid { fields }) }
}
