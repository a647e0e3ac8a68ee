//! API tokens: made once, shown once, kept as SHA-256, checked on every write.

use scoring_rules::EvidenceClass;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::actor::{Credential, SCOPES};
use super::audit::Sides;
use super::{Actor, Tx};
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::tokens::TokenRow;
use crate::types::{MAX_NAME_BYTES, Timestamp, hex, random_text};

/// Prefix of every token, for secret scanners.
pub const PREFIX: &str = "wb_";

/// How often a use is noted.
const TOUCH_MS: i64 = 10 * 60 * 1000;

/// What a new token may do.
#[derive(Clone, Debug, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Name shown with everything it sends.
    pub name: String,
    /// read, drills:write, evidence:write, catalog:write, admin.
    pub scopes: Vec<String>,
    /// Only for these services (slugs or references).
    #[serde(default)]
    pub services: Vec<String>,
    /// Only for services of these teams and the teams below them.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Ends then; none: never.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// A token without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Services it is limited to; null: not limited.
    pub services: Option<Vec<String>>,
    /// Teams it is limited to; null: not limited.
    pub teams: Option<Vec<String>>,
    /// Made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Ended by an administrator.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// Last used, to ten minutes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

/// Makes a token; the text is returned this once and kept nowhere.
pub fn create(tx: &mut Tx<'_>, cmd: &CreateToken) -> Result<(TokenView, String)> {
    check(tx, cmd)?;
    let text = new_text()?;
    let list = |l: &Vec<String>| (!l.is_empty()).then(|| json!(l).to_string());
    let row = TokenRow {
        id: tx.new_id(),
        name: cmd.name.trim().to_owned(),
        sha256: hash(&text),
        scopes: json!(cmd.scopes).to_string(),
        services: list(&cmd.services),
        teams: list(&cmd.teams),
        created_at: tx.now.0,
        expires_at: cmd.expires_at.map(|t| t.0),
        revoked_at: None,
        last_used_at: None,
        publisher_id: None,
        proof: None,
    };
    store::tokens::insert(tx.conn, &row)?;
    let sentence = format!("Token “{}” was created.", row.name);
    let data = json!({ "token": row.id, "scopes": cmd.scopes });
    tx.emit_change("token_created", None, None, sentence, &data, Sides::made(described(&row)));
    Ok((view(&row), text))
}

fn new_text() -> Result<String> {
    Ok(format!("{PREFIX}{}", random_text::<32>()?))
}

/// A token for a CI job that proved who it is.
#[derive(Clone, Debug)]
pub struct ShortToken {
    /// Name shown with everything it sends.
    pub name: String,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Services it is limited to.
    pub services: Option<Vec<String>>,
    /// Teams it is limited to.
    pub teams: Option<Vec<String>>,
    /// Ends then.
    pub expires_at: Timestamp,
    /// The trusted publisher whose job it is.
    pub publisher_id: String,
    /// JSON of what the job proved.
    pub proof: String,
}

/// Makes a token for a CI job; whoever calls tells the log.
pub fn create_short(tx: &mut Tx<'_>, short: ShortToken) -> Result<(TokenView, String)> {
    let text = new_text()?;
    let list = |l: &Vec<String>| json!(l).to_string();
    let row = TokenRow {
        id: tx.new_id(),
        name: short.name.chars().take(MAX_NAME_BYTES).collect(),
        sha256: hash(&text),
        scopes: json!(short.scopes).to_string(),
        services: short.services.as_ref().map(list),
        teams: short.teams.as_ref().map(list),
        created_at: tx.now.0,
        expires_at: Some(short.expires_at.0),
        revoked_at: None,
        last_used_at: None,
        publisher_id: Some(short.publisher_id),
        proof: Some(short.proof),
    };
    store::tokens::insert(tx.conn, &row)?;
    Ok((view(&row), text))
}

fn check(tx: &mut Tx<'_>, cmd: &CreateToken) -> Result<()> {
    let mut fields = Vec::new();
    if cmd.name.trim().is_empty() || cmd.name.len() > MAX_NAME_BYTES || cmd.name.chars().any(char::is_control)
    {
        fields.push(FieldError::new("/name", "expected a name of 1 to 255 bytes"));
    }
    if cmd.scopes.is_empty() {
        fields.push(FieldError::new("/scopes", format!("expected at least one of {}", SCOPES.join(", "))));
    }
    for (i, scope) in cmd.scopes.iter().enumerate().filter(|(_, s)| !SCOPES.contains(&s.as_str())) {
        let near = crate::config::nearest(scope, SCOPES);
        let detail = format!("unknown scope `{scope}`{near} Known: {}", SCOPES.join(", "));
        fields.push(FieldError::new(format!("/scopes/{i}"), detail));
    }
    check_limits(tx, &cmd.services, &cmd.teams, &mut fields)?;
    if cmd.expires_at.is_some_and(|t| t <= tx.now) {
        fields.push(FieldError::new("/expires_at", "lies in the past"));
    }
    if fields.is_empty() { Ok(()) } else { Err(Error::Invalid { fields }) }
}

/// Tells of services and teams that are not there.
pub(super) fn check_limits(
    tx: &mut Tx<'_>,
    services: &[String],
    teams: &[String],
    fields: &mut Vec<FieldError>,
) -> Result<()> {
    for (i, name) in services.iter().enumerate() {
        match super::owners::service(tx, name) {
            Ok(_) => {}
            Err(Error::NotFound { key, nearest, .. }) => {
                let near = nearest.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
                fields.push(FieldError::new(format!("/services/{i}"), format!("no service `{key}`{near}")));
            }
            Err(other) => return Err(other),
        }
    }
    for (i, slug) in teams.iter().enumerate() {
        if store::services::team_by_slug(tx.conn, slug)?.is_none() {
            let shown: String = slug.chars().take(120).collect();
            fields.push(FieldError::new(format!("/teams/{i}"), format!("no team `{shown}`")));
        }
    }
    Ok(())
}

/// A token that was found good.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Its holder.
    pub actor: Actor,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// Its id, when this use is worth noting.
    pub worth_noting: Option<String>,
}

/// Finds the holder of a token.
pub fn authenticate(tx: &mut Tx<'_>, text: &str) -> Result<Verified> {
    let refuse = |detail: &str| Err(Error::Unauthenticated { detail: detail.to_owned() });
    if !text.starts_with(PREFIX) {
        return refuse("The credential is not a Waterbear token (wb_…).");
    }
    let Some(row) = store::tokens::by_hash(tx.conn, &hash(text))? else {
        return refuse("This token is not known here.");
    };
    still_good(&row, tx.now)?;
    let worth = row.last_used_at.is_none_or(|t| t + TOUCH_MS < tx.now.0);
    let v = view(&row);
    let mut actor = Actor::new(&v.name, &v.id, v.scopes, v.services, v.teams);
    if let Some(publisher) = &row.publisher_id {
        actor = actor.known_by(Credential::Ci { token: row.id.clone(), publisher: publisher.clone() });
        actor.evidence = EvidenceClass::ExecutedCi;
    }
    Ok(Verified { actor, expires_at: v.expires_at, worth_noting: worth.then_some(row.id) })
}

/// Refuses a token that has ended.
pub fn still_good(row: &TokenRow, now: Timestamp) -> Result<()> {
    let refuse = |detail: &str| Err(Error::Unauthenticated { detail: detail.to_owned() });
    if row.revoked_at.is_some() {
        return refuse("This token was revoked.");
    }
    if row.expires_at.is_some_and(|t| t <= now.0) {
        return refuse("This token has expired.");
    }
    Ok(())
}

/// Notes a use.
pub fn touch(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    store::tokens::touch(tx.conn, id, tx.now.0)?;
    Ok(())
}

/// All tokens that administrators made, newest first; those of CI jobs come and go by the minute.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<TokenView>> {
    Ok(store::tokens::all(tx.conn)?.iter().map(view).collect())
}

/// Ends a token at once.
pub fn revoke(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let row = store::tokens::by_id(tx.conn, id)?.ok_or_else(|| Error::not_found("token", id))?;
    if row.revoked_at.is_none() {
        store::tokens::revoke(tx.conn, id, tx.now.0)?;
        let sentence = format!("Token “{}” was revoked.", row.name);
        let data = json!({ "token": id });
        tx.emit_change("token_revoked", None, None, sentence, &data, Sides::gone(described(&row)));
    }
    Ok(())
}

/// A token for the audit.
fn described(row: &TokenRow) -> serde_json::Value {
    let v = view(row);
    json!({ "id": v.id, "name": v.name, "scopes": v.scopes, "services": v.services, "teams": v.teams,
            "expires_at": v.expires_at })
}

/// Whose token this is, or was: also of one that has ended; none if it never was one.
pub fn holder(tx: &mut Tx<'_>, text: &str) -> Result<Option<Actor>> {
    let row = store::tokens::by_hash(tx.conn, &hash(text))?;
    Ok(row.map(|row| {
        let v = view(&row);
        Actor::new(&v.name, &v.id, v.scopes, v.services, v.teams)
    }))
}

fn view(row: &TokenRow) -> TokenView {
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
    TokenView {
        id: row.id.clone(),
        name: row.name.clone(),
        scopes: list(&row.scopes),
        services: row.services.as_deref().map(list),
        teams: row.teams.as_deref().map(list),
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
        last_used_at: row.last_used_at.map(Timestamp),
    }
}

/// Under which a secret text of 256 bits is known: so much needs neither salt nor a slow hash.
pub(super) fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
