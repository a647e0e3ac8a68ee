//! Who did what to what, when, from where, through which credential: written beside each event, part of its hash.
//!
//! What merely follows from a write (a grade that changed) carries none: the write itself does.

mod read;
mod refused;

use serde_json::{Map, Value as Json, json};

pub use read::{AskAudit, AuditActor, AuditCredential, AuditView, bound, page};
pub use refused::note as note_refused;

use super::Tx;
use super::actor::{Actor, Credential};
use crate::store::events::NewEvent;

/// Longest JSON of a side (before, after) that is kept whole, in bytes.
const MAX_SIDE: usize = 4_096;
/// As much is shown of a longer one, in characters.
const HEAD: usize = 1_000;

/// What a thing was and what it is now; secrets never.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    /// As it was; none for what is new.
    pub before: Option<Json>,
    /// As it is now; none for what is gone.
    pub after: Option<Json>,
}

impl Sides {
    /// Something new.
    pub fn made(after: Json) -> Self {
        Self { before: None, after: Some(after) }
    }

    /// Something that is gone.
    pub fn gone(before: Json) -> Self {
        Self { before: Some(before), after: None }
    }

    /// Something that changed: of two objects, only what differs.
    pub fn changed(before: Json, after: Json) -> Self {
        let (Json::Object(mut was), Json::Object(mut is)) = (before.clone(), after.clone()) else {
            return Self { before: Some(before), after: Some(after) };
        };
        let same = |a: &Map<String, Json>, b: &Map<String, Json>| -> Vec<String> {
            a.iter().filter(|(key, value)| b.get(*key) == Some(*value)).map(|(key, _)| key.clone()).collect()
        };
        for key in same(&was, &is) {
            was.remove(&key);
            is.remove(&key);
        }
        Self { before: Some(Json::Object(was)), after: Some(Json::Object(is)) }
    }
}

/// Who somebody is for the audit: kind and id, and of a person the name to sign in with.
fn actor_of(actor: &Actor) -> Json {
    let person = || {
        let of = |pick: fn(&super::actor::Person) -> &String| actor.person.as_deref().map(pick).cloned();
        json!({ "kind": "person", "id": of(|p| &p.id), "login": of(|p| &p.login) })
    };
    match &actor.credential {
        Credential::None => json!({ "kind": "anonymous" }),
        Credential::Machine => json!({ "kind": "machine", "id": actor.owner }),
        Credential::Token(id) => json!({ "kind": "token", "id": id }),
        Credential::Ci { publisher, .. } => json!({ "kind": "publisher", "id": publisher }),
        Credential::Hook(name) => json!({ "kind": "hook", "id": name }),
        Credential::Session(_) => person(),
    }
}

fn credential_of(actor: &Actor) -> Json {
    match &actor.credential {
        Credential::None => json!({ "kind": "none" }),
        Credential::Machine => json!({ "kind": "machine" }),
        Credential::Token(id) => json!({ "kind": "token", "id": id }),
        Credential::Ci { token, .. } => json!({ "kind": "ci", "id": token }),
        Credential::Hook(name) => json!({ "kind": "hook", "id": name }),
        Credential::Session(id) => json!({ "kind": "session", "id": id }),
    }
}

/// The text beside an event.
fn text(actor: &Actor, sides: Sides) -> String {
    let mut all = Map::new();
    all.insert("actor".into(), actor_of(actor));
    all.insert("credential".into(), credential_of(actor));
    let origin = &actor.origin;
    if let Some(address) = &origin.address {
        all.insert("address".into(), json!(address));
    }
    if !origin.request_id.is_empty() {
        all.insert("request_id".into(), json!(origin.request_id));
    }
    if !origin.action.is_empty() {
        all.insert("action".into(), json!(origin.action));
    }
    for (name, side) in [("before", sides.before), ("after", sides.after)] {
        if let Some(side) = side {
            all.insert(name.into(), bounded(clean(side)));
        }
    }
    Json::Object(all).to_string()
}

/// No database holds a zero character in JSON.
fn clean(value: Json) -> Json {
    match value {
        Json::String(text) if text.contains('\0') => Json::String(text.replace('\0', "\u{fffd}")),
        Json::Array(list) => Json::Array(list.into_iter().map(clean).collect()),
        Json::Object(map) => {
            Json::Object(map.into_iter().map(|(key, v)| (key.replace('\0', "\u{fffd}"), clean(v))).collect())
        }
        other => other,
    }
}

/// A side that is too long is cut, and says so.
fn bounded(value: Json) -> Json {
    let whole = value.to_string();
    if whole.len() <= MAX_SIDE {
        return value;
    }
    let head: String = whole.chars().take(HEAD).collect();
    json!({ "cut": true, "bytes": whole.len(), "begins": head })
}

impl Tx<'_> {
    /// An event to append, with the transaction's instant and actor.
    pub fn event(
        &self,
        kind: &str,
        service_id: Option<&str>,
        team_id: Option<&str>,
        sentence: String,
        data: &Json,
    ) -> NewEvent {
        self.event_of(kind, service_id, team_id, sentence, data, Sides::default())
    }

    /// An event of a change: what was, and what is.
    pub fn event_of(
        &self,
        kind: &str,
        service_id: Option<&str>,
        team_id: Option<&str>,
        sentence: String,
        data: &Json,
        sides: Sides,
    ) -> NewEvent {
        NewEvent {
            id: self.new_id(),
            at: self.now.0,
            kind: kind.to_owned(),
            service_id: service_id.map(str::to_owned),
            team_id: team_id.map(str::to_owned),
            actor: self.actor.name.clone(),
            sentence,
            data: data.to_string(),
            audit: Some(text(self.actor, sides)),
        }
    }

    /// Tells of one event.
    pub fn emit(
        &mut self,
        kind: &str,
        service_id: Option<&str>,
        team_id: Option<&str>,
        sentence: String,
        data: &Json,
    ) {
        self.emit_change(kind, service_id, team_id, sentence, data, Sides::default());
    }

    /// Tells of one change: what was, and what is.
    pub fn emit_change(
        &mut self,
        kind: &str,
        service_id: Option<&str>,
        team_id: Option<&str>,
        sentence: String,
        data: &Json,
        sides: Sides,
    ) {
        let event = self.event_of(kind, service_id, team_id, sentence, data, sides);
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::actor::Origin;

    #[test]
    fn a_record_names_actor_credential_origin_and_both_sides() {
        let origin = Origin {
            address: Some("192.0.2.7".into()),
            request_id: "r1".into(),
            action: "PUT /api/v1/services/{slug}".into(),
        };
        let actor = Actor::new("ci", "t1", vec!["admin".into()], None, None).calling_from(Arc::new(origin));
        let sides = Sides::changed(json!({"tier": 1, "name": "a"}), json!({"tier": 2, "name": "a"}));
        let record: Json = serde_json::from_str(&text(&actor, sides)).unwrap();
        let expected = json!({
            "actor": {"kind": "token", "id": "t1"}, "credential": {"kind": "token", "id": "t1"},
            "address": "192.0.2.7", "request_id": "r1", "action": "PUT /api/v1/services/{slug}",
            "before": {"tier": 1}, "after": {"tier": 2},
        });
        assert_eq!(record, expected);
    }

    #[test]
    fn a_long_side_is_cut_and_says_so_and_zeros_are_replaced() {
        let long = bounded(json!({ "text": "ä".repeat(MAX_SIDE) }));
        assert_eq!(long["cut"], true);
        assert_eq!(long["bytes"], 2 * MAX_SIDE + 11);
        assert!(long.to_string().len() < MAX_SIDE);
        assert_eq!(clean(json!({"a\0": ["b\0"]})), json!({"a\u{fffd}": ["b\u{fffd}"]}));
    }
}
