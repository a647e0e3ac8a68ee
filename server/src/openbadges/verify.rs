//! What a verifier checks: form, key, signature, the five equalities, the time, and whether it was revoked.

use std::fmt;

use serde_json::{Map, Value};

use super::jws::{Parts, parts};
use super::{CONTEXTS, MAX_TOKEN_BYTES, RsaJwks, StatusList};
use crate::types::Timestamp;

/// How far clocks may differ, seconds.
const LEEWAY_SECONDS: i64 = 60;
/// The part of a credential that names its status list.
const STATUS: &str = "credentialStatus";
/// The part that a status list is called by.
const LIST: &str = "status list";
/// As much of a foreign text is shown, characters.
const SHOWN: usize = 120;

/// Why a credential is not to be trusted: the part, what was found, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The part that is wrong.
    pub part: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.detail)
    }
}

fn refuse<T>(part: &'static str, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { part, detail: detail.into() })
}

/// What is known of its revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It names no status list.
    None,
    /// It names one that was not given: this address, this place.
    Unchecked(String, String),
    /// The list says it holds.
    Holds,
}

/// A credential that holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who issued it.
    pub issuer: String,
    /// Who holds it.
    pub holder: String,
    /// What for.
    pub achievement: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when; none: for ever.
    pub until: Option<Timestamp>,
    /// The key that signed it.
    pub key: String,
    /// Whether it was revoked.
    pub revocation: Revocation,
}

/// Verifies a credential: `text` as it was got, the issuer's keys, the instant, and status lists (their own credentials,
/// as got) where there are any.
///
/// # Errors
///
/// The first part that is wrong.
pub fn verify(text: &str, keys: &RsaJwks, lists: &[String], now: Timestamp) -> Result<Verified, Refusal> {
    let (payload, key) = signed(text, keys)?;
    conforms(&payload, "OpenBadgeCredential", &["AchievementCredential"])?;
    let context = payload.get("@context").and_then(Value::as_array).cloned().unwrap_or_default();
    let known = CONTEXTS.iter().zip(&context).filter(|(wanted, found)| found.as_str() == Some(**wanted));
    if known.count() != CONTEXTS.len() {
        return refuse("@context", format!("expected {} first", CONTEXTS.join(" and ")));
    }
    let subject = object(&payload, "credentialSubject")?;
    let Some(achievement) = subject.get("achievement").and_then(Value::as_object) else {
        return refuse("credentialSubject.achievement", "is missing: what was achieved");
    };
    let title = text_of(achievement, "name", "credentialSubject.achievement.name")?;
    if achievement.get("criteria").and_then(Value::as_object).is_none() {
        return refuse("credentialSubject.achievement.criteria", "is missing: what it takes");
    }
    let (from, until) = in_time(&payload, now)?;
    let revocation = revocation(&payload, keys, lists, now)?;
    Ok(Verified {
        id: text_of(&payload, "id", "id")?,
        name: payload.get("name").and_then(Value::as_str).unwrap_or(&title).to_owned(),
        issuer: issuer_of(&payload)?,
        holder: text_of(subject, "id", "credentialSubject.id")?,
        achievement: title,
        from,
        until,
        key,
        revocation,
    })
}

/// The payload of a token whose signature is good, and the id of the key.
fn signed(text: &str, keys: &RsaJwks) -> Result<(Map<String, Value>, String), Refusal> {
    let text = text.trim();
    if text.len() > MAX_TOKEN_BYTES {
        return refuse("token", format!("longer than {MAX_TOKEN_BYTES} bytes"));
    }
    if text.starts_with('{') {
        return refuse("proof", "this is a credential with an embedded proof; only VC-JWT is verified here");
    }
    let Parts { header, payload, signed, signature } =
        parts(text).map_err(|detail| Refusal { part: "token", detail })?;
    match header.get("alg").and_then(Value::as_str) {
        Some("RS256") => {}
        other => return refuse("alg", found(other, "RS256")),
    }
    if let Some(name) = header.keys().find(|name| !["alg", "kid", "typ"].contains(&name.as_str())) {
        let hint =
            if name == "jwk" { ": a key in the token itself proves nothing of who signed it" } else { "" };
        return refuse("header", format!("`{}` does not belong there{hint}", shown(name)));
    }
    if let Some(typ) = header.get("typ").filter(|typ| typ.as_str() != Some("JWT")) {
        return refuse("typ", found(typ.as_str(), "JWT"));
    }
    let Some(kid) = header.get("kid").and_then(Value::as_str) else {
        return refuse("kid", "is missing: the address of the key");
    };
    match keys.is_good(kid, signed.as_bytes(), &signature) {
        Some(true) => Ok((payload, kid.to_owned())),
        Some(false) => refuse("signature", format!("it is not of this text and the key `{}`", shown(kid))),
        None => {
            let known: Vec<String> = keys.ids().take(8).map(|id| format!("`{}`", shown(id))).collect();
            refuse("kid", found(Some(kid), &format!("one of {}", known.join(", "))))
        }
    }
}

/// What every credential must hold, and that the claims of the token say the same.
fn conforms(payload: &Map<String, Value>, kind: &str, also: &[&str]) -> Result<(), Refusal> {
    let types: Vec<&str> = payload
        .get("type")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_kind = types.contains(&kind) || also.iter().any(|other| types.contains(other));
    if !types.contains(&"VerifiableCredential") || !is_kind {
        let types: Vec<String> = types.into_iter().take(8).map(shown).collect();
        let found = if types.is_empty() { "nothing".to_owned() } else { format!("`{}`", types.join("`, `")) };
        return refuse("type", format!("found {found}, expected VerifiableCredential and {kind}"));
    }
    let subject = object(payload, "credentialSubject")?;
    let equal = |claim: &'static str, name: &str, expected: &str| {
        let said = payload.get(claim).and_then(Value::as_str);
        if said == Some(expected) {
            return Ok(());
        }
        refuse(claim, found(said, &format!("`{}`, as {name} says", shown(expected))))
    };
    equal("iss", "issuer.id", &issuer_of(payload)?)?;
    equal("jti", "id", &text_of(payload, "id", "id")?)?;
    equal("sub", "credentialSubject.id", &text_of(subject, "id", "credentialSubject.id")?)?;
    same_instant(payload, "nbf", "validFrom")?;
    same_instant(payload, "exp", "validUntil")
}

fn same_instant(
    payload: &Map<String, Value>,
    claim: &'static str,
    name: &'static str,
) -> Result<(), Refusal> {
    let said = payload.get(claim).map(Value::as_i64);
    let meant = match payload.get(name).map(|value| value.as_str()) {
        None => None,
        Some(text) => match text.and_then(|text| Timestamp::parse(text).ok()) {
            Some(at) => Some(Some(at.0.div_euclid(1_000))),
            None => return refuse(name, "is no instant such as 2026-11-01T00:00:00Z"),
        },
    };
    if said == meant {
        return Ok(());
    }
    let said = said.flatten().map(|n| n.to_string());
    let wanted = meant.flatten().map_or_else(|| "nothing".to_owned(), |n| n.to_string());
    refuse(claim, found(said.as_deref(), &format!("{wanted}, as {name} says")))
}

fn in_time(payload: &Map<String, Value>, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>), Refusal> {
    let at =
        |name: &str| payload.get(name).and_then(Value::as_str).and_then(|text| Timestamp::parse(text).ok());
    let Some(from) = at("validFrom") else { return refuse("validFrom", "is missing: since when it holds") };
    if now.0 + LEEWAY_SECONDS * 1_000 < from.0 {
        return refuse("validFrom", format!("it holds only from {from}"));
    }
    let until = at("validUntil");
    match until.filter(|until| now.0 >= until.0) {
        Some(until) => refuse("validUntil", format!("it has expired: it held until {until}")),
        None => Ok((from, until)),
    }
}

/// Whether the status list that it names, if that was given, says that it holds no more.
fn revocation(
    payload: &Map<String, Value>,
    keys: &RsaJwks,
    lists: &[String],
    now: Timestamp,
) -> Result<Revocation, Refusal> {
    let Some(status) = payload.get(STATUS) else {
        return if lists.is_empty() {
            Ok(Revocation::None)
        } else {
            refuse(LIST, "one was given, but the credential names none: its credentialStatus is missing")
        };
    };
    let text = |name: &str| status.get(name).and_then(Value::as_str).map(str::to_owned);
    if text("type").as_deref() != Some("BitstringStatusListEntry") {
        return refuse(STATUS, found(text("type").as_deref(), "a BitstringStatusListEntry"));
    }
    let (Some(address), Some(place)) = (text("statusListCredential"), text("statusListIndex")) else {
        return refuse(STATUS, "statusListCredential or statusListIndex is missing");
    };
    let mut others = Vec::new();
    for list in lists {
        let (list, _) = signed(list, keys)?;
        if let Err(Refusal { part, detail }) = conforms(&list, "BitstringStatusListCredential", &[]) {
            return refuse(LIST, format!("what was given as one is none: {part}: {detail}"));
        }
        let id = text_of(&list, "id", "id")?;
        if id != address {
            others.push(format!("`{}`", shown(&id)));
            continue;
        }
        return holds(payload, &list, &place, now);
    }
    if others.is_empty() {
        return Ok(Revocation::Unchecked(address, place));
    }
    refuse(
        LIST,
        format!("found {}, expected `{}`, which the credential names", others.join(", "), shown(&address)),
    )
}

/// What the status list that a credential names says of its place.
fn holds(
    payload: &Map<String, Value>,
    list: &Map<String, Value>,
    place: &str,
    now: Timestamp,
) -> Result<Revocation, Refusal> {
    if issuer_of(list)? != issuer_of(payload)? {
        return refuse(STATUS, "the status list is of another issuer");
    }
    in_time(list, now)?;
    let bits = object(list, "credentialSubject")?.get("encodedList").and_then(Value::as_str);
    let bits = bits.ok_or_else(|| "the list is missing".to_owned()).and_then(StatusList::decode);
    let bits = bits.map_err(|detail| Refusal { part: STATUS, detail })?;
    match place.parse().ok().and_then(|place| bits.is_set(place)) {
        Some(false) => Ok(Revocation::Holds),
        Some(true) => refuse(STATUS, "it was revoked by its issuer"),
        None => refuse(STATUS, format!("the list has no place `{}`", shown(place))),
    }
}

/// The address of the status list that a token names; nothing of it is proven.
pub fn status_address(token: &str) -> Option<String> {
    let payload = parts(token.trim()).ok()?.payload;
    payload.get("credentialStatus")?.get("statusListCredential")?.as_str().map(str::to_owned)
}

/// The issuer that a token names; nothing of it is proven.
pub fn issuer_address(token: &str) -> Option<String> {
    issuer_of(&parts(token.trim()).ok()?.payload).ok()
}

fn issuer_of(payload: &Map<String, Value>) -> Result<String, Refusal> {
    let issuer = payload.get("issuer");
    let id = issuer.and_then(|issuer| issuer.as_str().or_else(|| issuer.get("id").and_then(Value::as_str)));
    id.map(str::to_owned).ok_or(Refusal { part: "issuer", detail: "is missing: who issued it".into() })
}

fn object<'a>(
    payload: &'a Map<String, Value>,
    name: &'static str,
) -> Result<&'a Map<String, Value>, Refusal> {
    match payload.get(name).and_then(Value::as_object) {
        Some(object) => Ok(object),
        None => refuse(name, "is missing, or no object"),
    }
}

fn text_of(object: &Map<String, Value>, name: &str, part: &'static str) -> Result<String, Refusal> {
    match object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()) {
        Some(text) => Ok(text.to_owned()),
        None => refuse(part, "is missing, or no text"),
    }
}

fn found(found: Option<&str>, expected: &str) -> String {
    match found {
        Some(found) => format!("found `{}`, expected {expected}", shown(found)),
        None => format!("found nothing, expected {expected}"),
    }
}

/// A foreign text, cut and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
