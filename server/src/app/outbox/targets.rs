//! Whom is told: added with a secret that is shown once, changed, tested, paused, removed.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::kinds::DIGEST;
use super::note::Note;
use super::sealed::Sealed;
use super::views::{self, DeliveryView, TargetView};
use super::wish::check;
use super::{Kind, MOST_TARGETS, message, queue, webhook};
use crate::app::audit::Sides;
use crate::app::views::Page;
use crate::app::{Tx, tokens};
use crate::error::{Error, Result};
use crate::store;
use crate::store::outbox::TargetRow;
use crate::types::{DAY_MS, random_text};

/// Kinds of targets, with what they are.
pub const KINDS: &[(&str, &str)] =
    &[("webhook", "a signed webhook"), ("slack", "a Slack channel"), ("mail", "a mail address")];
/// A secret that was replaced signs for so much longer, beside the new one.
const OVERLAP_MS: i64 = DAY_MS;
/// Why a target is paused whose mail somebody ended; such a one is not resumed here.
pub(super) const LEFT: &str = "The recipient asked for no more mail.";

/// An example of what adds a target.
pub const EXAMPLE: &str = r#"{"kind": "webhook", "name": "On-call tool", "url": "https://oncall.shop.example/hooks/waterbear",
 "events": ["regression", "certificate", "digest"]}"#;

/// A target that is wished for.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddTarget {
    /// webhook (unless said otherwise), slack or mail.
    #[serde(default)]
    pub kind: Option<String>,
    /// Name.
    pub name: String,
    /// Where a webhook or Slack is told; shown never again in full.
    #[serde(default)]
    pub url: Option<String>,
    /// Whom mail is sent to.
    #[serde(default)]
    pub address: Option<String>,
    /// Only events of this team (slug) and of those below it; everything unless given.
    #[serde(default)]
    pub team: Option<String>,
    /// regression, certificate, challenge, digest; all of them unless given.
    #[serde(default)]
    pub events: Option<Vec<String>>,
}

/// What of a target is to change.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTarget {
    /// `true`: nothing is sent until it is resumed; `false`: it is told again, what waits first.
    pub paused: bool,
}

/// A target with the secret that is shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct Made {
    /// What signs its webhooks (`whsec_…`); null where nothing is signed.
    pub secret: Option<String>,
    /// The target.
    #[serde(flatten)]
    pub target: TargetView,
}

/// Adds a target.
pub fn create(tx: &mut Tx<'_>, cmd: &AddTarget) -> Result<Made> {
    let wish = check(tx, cmd)?;
    if store::outbox::count(tx.conn)? >= MOST_TARGETS {
        let detail = format!("There are {MOST_TARGETS} targets already. Remove some that nobody needs.");
        return Err(Error::Conflict { detail });
    }
    let secret = (wish.kind == Kind::Webhook).then(webhook::new_secret).transpose()?;
    let leave = (wish.kind == Kind::Mail).then(random_text::<32>).transpose()?;
    let unsubscribe = leave.as_deref().map(tokens::hash);
    let id = tx.new_id();
    let sealed = Sealed { address: wish.address, secret: secret.clone(), previous: None, leave };
    let head = store::events::newest_seq(tx.conn)?;
    let digest = wish.events.iter().any(|word| word == DIGEST);
    let row = TargetRow {
        kind: wish.kind.code(),
        name: cmd.name.trim().to_owned(),
        team_id: wish.team.as_ref().map(|(id, _)| id.clone()),
        wants: json!(wish.events).to_string(),
        shown: wish.shown,
        sealed: sealed.seal(tx, &id)?,
        unsubscribe,
        paused: false,
        why: String::new(),
        since: tx.now.0,
        created_by: tx.actor.name.clone(),
        created_at: tx.now.0,
        from_seq: head,
        digest_at: if digest { next_digest(tx) } else { None },
        digest_seq: head,
        due_at: None,
        failures: 0,
        pending: 0,
        skipped: 0,
        delivered: 0,
        failed: 0,
        tried_at: None,
        succeeded_at: None,
        error: String::new(),
        owner: String::new(),
        lease_until: 0,
        id,
    };
    store::outbox::insert(tx.conn, &row)?;
    let sentence = format!("“{}” is told by {}.", row.name, wish.kind.as_str());
    let sides = Sides::made(described(&row, wish.team.as_ref().map(|(_, slug)| slug.as_str())));
    tx.emit_change(
        "target_added",
        None,
        row.team_id.as_deref(),
        sentence,
        &json!({ "target": row.id }),
        sides,
    );
    Ok(Made { secret, target: view(tx, &row)? })
}

pub(super) fn next_digest(tx: &Tx<'_>) -> Option<i64> {
    tx.config.notifications.next_digest(tx.config.time_zone, tx.now).map(|at| at.0)
}

fn view(tx: &mut Tx<'_>, row: &TargetRow) -> Result<TargetView> {
    let mut all = views::views(tx, std::slice::from_ref(row))?;
    all.pop().ok_or_else(|| Error::Internal(anyhow::anyhow!("a target without a view")))
}

fn described(row: &TargetRow, team: Option<&str>) -> serde_json::Value {
    let events: Vec<String> = serde_json::from_str(&row.wants).unwrap_or_default();
    json!({ "id": row.id, "kind": Kind::from_code(row.kind).as_str(), "name": row.name, "team": team,
            "events": events, "address": row.shown, "paused": row.paused })
}

fn held(tx: &mut Tx<'_>, id: &str) -> Result<TargetRow> {
    let shown = || Error::not_found("notification target", id.chars().take(60).collect::<String>());
    store::outbox::held(tx.conn, id)?.ok_or_else(shown)
}

/// Every target, newest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<TargetView>> {
    let rows = store::outbox::all(tx.conn)?;
    views::views(tx, &rows)
}

/// One target.
pub fn one(tx: &mut Tx<'_>, id: &str) -> Result<TargetView> {
    let shown = || Error::not_found("notification target", id.chars().take(60).collect::<String>());
    let row = store::outbox::by_id(tx.conn, id)?.ok_or_else(shown)?;
    view(tx, &row)
}

/// What was sent to a target and what waits, newest first.
pub fn deliveries(tx: &mut Tx<'_>, id: &str, before: Option<&str>, limit: i64) -> Result<Page<DeliveryView>> {
    let _ = one(tx, id)?;
    let mut rows = store::outbox::page(tx.conn, id, before, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Page { items: rows.iter().map(views::delivery).collect(), next })
}

/// Removes a target and everything that waits for it.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let row = held(tx, id)?;
    store::outbox::delete(tx.conn, id)?;
    let sentence = format!("“{}” is told no more.", row.name);
    let data = json!({ "target": row.id, "dropped": row.pending });
    let sides = Sides::gone(described(&row, None));
    tx.emit_change("target_removed", None, row.team_id.as_deref(), sentence, &data, sides);
    Ok(())
}

/// Pauses or resumes.
pub fn change(tx: &mut Tx<'_>, id: &str, cmd: &ChangeTarget) -> Result<TargetView> {
    if cmd.paused { pause(tx, id) } else { resume(tx, id) }
}

/// Sends nothing more until it is resumed; what happens meanwhile waits.
pub fn pause(tx: &mut Tx<'_>, id: &str) -> Result<TargetView> {
    let mut row = held(tx, id)?;
    if !row.paused {
        let why = format!("{} paused it.", tx.actor.name);
        stop(tx, &mut row, why);
        store::outbox::save(tx.conn, &row)?;
    }
    view(tx, &row)
}

/// Marks a target as paused, and tells the log why.
pub(super) fn stop(tx: &mut Tx<'_>, row: &mut TargetRow, why: String) {
    let before = described(row, None);
    row.paused = true;
    row.why = why;
    row.since = tx.now.0;
    row.owner = String::new();
    row.lease_until = 0;
    let sentence = format!("“{}” is paused: {}", row.name, row.why);
    let sides = Sides::changed(before, described(row, None));
    let data = json!({ "target": row.id, "why": row.why });
    tx.emit_change("target_paused", None, row.team_id.as_deref(), sentence, &data, sides);
}

/// Tells a target again: what waits first, with a schedule that begins anew.
pub fn resume(tx: &mut Tx<'_>, id: &str) -> Result<TargetView> {
    let mut row = held(tx, id)?;
    if row.paused {
        if row.why == LEFT {
            let detail = "The recipient asked for no more mail. If that was a mistake, remove the target and add it again.";
            return Err(Error::Conflict { detail: detail.to_owned() });
        }
        // What cannot be opened would be paused again at once: the reason is told here.
        Sealed::open(tx.config, &row)?;
        let before = described(&row, None);
        row.paused = false;
        row.why = String::new();
        row.since = tx.now.0;
        row.failures = 0;
        row.due_at = (row.pending > 0 || row.skipped > 0).then_some(tx.now.0);
        store::outbox::try_anew(tx.conn, &row.id, tx.now.0)?;
        store::outbox::save(tx.conn, &row)?;
        let sentence = format!("“{}” is told again.", row.name);
        let sides = Sides::changed(before, described(&row, None));
        tx.emit_change(
            "target_changed",
            None,
            row.team_id.as_deref(),
            sentence,
            &json!({ "target": row.id }),
            sides,
        );
    }
    view(tx, &row)
}

/// Gives a webhook a new secret. The old one signs beside it for a day.
pub fn rotate(tx: &mut Tx<'_>, id: &str) -> Result<Made> {
    let mut row = held(tx, id)?;
    if Kind::from_code(row.kind) != Kind::Webhook {
        let detail = "Only webhooks are signed; this target has no secret.";
        return Err(Error::Conflict { detail: detail.to_owned() });
    }
    let mut sealed = Sealed::open(tx.config, &row)?;
    let secret = webhook::new_secret()?;
    sealed.previous = sealed.secret.take().map(|old| (old, tx.now.0 + OVERLAP_MS));
    sealed.secret = Some(secret.clone());
    row.sealed = sealed.seal(tx, &row.id)?;
    store::outbox::save(tx.conn, &row)?;
    let sentence = format!("“{}” has a new secret.", row.name);
    let sides = Sides::changed(json!({ "secret": "old" }), json!({ "secret": "new" }));
    tx.emit_change(
        "target_changed",
        None,
        row.team_id.as_deref(),
        sentence,
        &json!({ "target": row.id }),
        sides,
    );
    Ok(Made { secret: Some(secret), target: view(tx, &row)? })
}

/// Sends a message that says that it is a test.
pub fn test(tx: &mut Tx<'_>, id: &str) -> Result<DeliveryView> {
    let mut row = held(tx, id)?;
    if row.paused {
        let detail = "It is paused, so nothing is sent. Resume it first.";
        return Err(Error::Conflict { detail: detail.to_owned() });
    }
    let note = Note::test(&tx.base_url, tx.now, &row.name);
    let test = message(tx, &row.id, None, &note)?;
    queue(tx, &mut row, std::slice::from_ref(&test))?;
    // Whoever tests wants to know now.
    row.due_at = Some(tx.now.0);
    store::outbox::save(tx.conn, &row)?;
    let sentence = format!("“{}” was sent a test.", row.name);
    tx.emit("target_changed", None, row.team_id.as_deref(), sentence, &json!({ "target": row.id }));
    Ok(views::delivery(&test))
}

/// Whom mail is sent that ends by this key: as much of the address as tells the recipient which.
pub fn leaving(tx: &mut Tx<'_>, key: &str) -> Result<(String, bool)> {
    let row = by_key(tx, key)?;
    let (name, domain) = row.shown.split_once('@').unwrap_or((&row.shown, ""));
    let first: String = name.chars().take(1).collect();
    Ok((format!("{first}…@{domain}"), row.paused && row.why == LEFT))
}

fn by_key(tx: &mut Tx<'_>, key: &str) -> Result<TargetRow> {
    let found = store::outbox::by_unsubscribe(tx.conn, &tokens::hash(key))?;
    found.ok_or_else(|| Error::not_found("subscription", "of this link"))
}

/// Ends mail by the key of its link: nothing more is sent, and what waits is dropped. Once more is no error.
pub fn leave(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    let id = by_key(tx, key)?.id;
    let mut row = held(tx, &id)?;
    if row.paused && row.why == LEFT {
        return Ok(());
    }
    store::outbox::drop_waiting(tx.conn, &row.id)?;
    row.pending = 0;
    row.skipped = 0;
    row.due_at = None;
    row.digest_at = None;
    stop(tx, &mut row, LEFT.to_owned());
    store::outbox::save(tx.conn, &row)?;
    Ok(())
}
