//! Certificates for verifiers outside: the signed credential, who issued it, what it is for, which hold no more.

use scoring_rules::AwardKind;
use serde_json::{Value, json};

use super::{IN_FORCE, kind_code, show, state_word};
use crate::app::{Tx, keys, rulebook};
use crate::error::{Error, Result};
use crate::openbadges::{
    Achievement, CONTEXTS, Evidence, Holding, LIST_BITS, Status, StatusList, credential as write, instant,
    status_list as list_of,
};
use crate::store;
use crate::store::awards::AwardRow;
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// Name of the issuer where the settings give none.
const ISSUER: &str = "Waterbear";
/// Status lists there are.
const LISTS: usize = 128;
/// A status list is signed as of the hour, so that it is the same within one, ms.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// It must be read again after a day, ms.
const LIST_HOLDS_MS: i64 = 24 * HOUR_MS;

/// Who issues: the profile that credentials name.
pub fn issuer(tx: &Tx<'_>) -> Value {
    let base = &tx.base_url;
    let name = tx.config.certificates.issuer_name.as_deref().unwrap_or(ISSUER);
    json!({ "id": format!("{base}/issuer"), "type": ["Profile"], "name": name, "url": format!("{base}/") })
}

/// What a certificate of the rulebook in force is for.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn achievement(tx: &Tx<'_>, id: &str) -> Result<Value> {
    let Some(award) = tx.book.rulebook.award(AwardKind::Certificate, id) else {
        return Err(Error::not_found("achievement", id.chars().take(60).collect::<String>()));
    };
    let base = &tx.base_url;
    Ok(json!({
        "@context": CONTEXTS,
        "id": format!("{base}/achievements/{id}"),
        "type": ["Achievement"],
        "achievementType": "Certification",
        "name": award.title,
        "description": award.why,
        "criteria": { "id": format!("{base}/help/certificates"), "narrative": award.fix },
    }))
}

/// The signed credential of a certificate that is in force; none while there is no key to sign with.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Unauthenticated`] as for the certificate; [`Error::Conflict`] for one that is not in
/// force, and where the key cannot be opened.
pub fn credential(tx: &mut Tx<'_>, id: &str) -> Result<Option<String>> {
    let (row, service, _) = show::found(tx, id)?;
    let (Some(until), Some(index)) = (row.valid_until, row.status_index) else {
        let why = if row.kind == kind_code(AwardKind::Badge) {
            "A badge has no credential: only certificates have.".to_owned()
        } else {
            format!(
                "This certificate is {} and cannot be shown: {}.",
                state_word(row.state).replace('_', " "),
                row.reason
            )
        };
        return Err(Error::Conflict { detail: why });
    };
    // The pass that judges runs each night at least; until then what is over is over.
    if row.state != IN_FORCE || until <= tx.now.0 {
        return Err(Error::Conflict { detail: "This certificate has ended.".to_owned() });
    }
    let Some(signer) = keys::certificate_signer(tx)? else { return Ok(None) };
    let holding = holding(tx, &row, &service, Timestamp(until), index)?;
    Ok(Some(signer.sign(&write(&holding)).map_err(anyhow::Error::msg)?))
}

/// The number of the list of a place, and the place within it.
fn place(index: i64) -> (usize, usize) {
    let index = usize::try_from(index).unwrap_or(0);
    (index / LIST_BITS, index % LIST_BITS)
}

/// The address of the status list of a place.
pub(super) fn list_url(base: &str, index: i64) -> String {
    format!("{base}/status/{}", place(index).0)
}

fn holding(
    tx: &mut Tx<'_>,
    row: &AwardRow,
    service: &ServiceRow,
    until: Timestamp,
    index: i64,
) -> Result<Holding> {
    let book = rulebook::by_hash(tx, &row.book_hash)?;
    let award = book.as_ref().and_then(|book| book.award(AwardKind::Certificate, &row.award));
    let base = tx.base_url.clone();
    let id = format!("{base}/certificates/{}", row.id);
    let rules = book.as_ref().map_or(&[][..], |book| book.rules());
    let title = |id: &str| rules.iter().find(|r| r.id == id).map_or(id.to_owned(), |r| r.title.clone());
    Ok(Holding {
        name: format!("{}: {}", row.title, service.name),
        issuer: issuer(tx),
        holder: format!("{base}/services/{}", service.slug),
        achievement: Achievement {
            id: format!("{base}/achievements/{}", row.award),
            name: row.title.clone(),
            description: award.map_or_else(String::new, |a| a.why.clone()),
            criteria_id: format!("{base}/help/certificates"),
            criteria: award.map_or_else(String::new, |a| a.fix.clone()),
        },
        evidence: evidence(row, &id, title),
        from: Timestamp(row.earned_at),
        until,
        status: Status { list: list_url(&base, index), index: place(index).1 },
        id,
    })
}

/// The digest of all that the certificate rests on, and each rule that a drill decided.
fn evidence(row: &AwardRow, id: &str, title: impl Fn(&str) -> String) -> Vec<Evidence> {
    let whole = Evidence {
        id: format!("{id}#evidence"),
        name: format!("Scorecard: {} at {}, {} % of its points known", row.grade, row.score, row.coverage),
        narrative: format!("Rulebook {}. SHA-256 of the evidence: {}.", row.book_hash, row.proof_sha256),
    };
    let proof: Value = serde_json::from_str(&row.proof).unwrap_or_default();
    let rules = proof.get("rules").and_then(Value::as_array).cloned().unwrap_or_default();
    let drilled = rules.iter().filter_map(|rule| {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let facts = rule.get("facts")?.as_object()?;
        let fact = facts.values().find(|fact| fact.get("drill").is_some())?;
        let rule_id = text(rule, "rule")?;
        let day: String = text(fact, "as_of")?.chars().take(10).collect();
        Some(Evidence {
            id: format!("{id}#rule-{rule_id}"),
            name: title(&rule_id),
            narrative: format!(
                "{}, evidence {} of {day}.",
                text(rule, "outcome")?,
                text(fact, "evidence")?.replace('_', " ")
            ),
        })
    });
    let mut all = vec![whole];
    all.extend(drilled);
    all
}

/// The signed status list of this number; none while there is no key to sign with.
///
/// # Errors
///
/// [`Error::NotFound`] for a number that no list has.
pub fn status_list(tx: &mut Tx<'_>, number: usize) -> Result<Option<String>> {
    if number >= LISTS {
        return Err(Error::not_found("status list", number.to_string()));
    }
    let Some(signer) = keys::certificate_signer(tx)? else { return Ok(None) };
    let first = i64::try_from(number * LIST_BITS).unwrap_or(i64::MAX);
    let end = first.saturating_add(i64::try_from(LIST_BITS).unwrap_or(0));
    let places = store::awards::revoked_places(tx.conn, first, end)?;
    let list = StatusList::of(places.iter().filter_map(|place| usize::try_from(place - first).ok()));
    let from = Timestamp(tx.now.0 - tx.now.0.rem_euclid(HOUR_MS));
    let until = Timestamp(from.0 + LIST_HOLDS_MS);
    let ((from, nbf), (until, exp)) = (instant(from), instant(until));
    let id = format!("{}/status/{number}", tx.base_url);
    let payload =
        list_of(&id, &issuer(tx), &list, (&from, nbf), (&until, exp)).map_err(anyhow::Error::msg)?;
    Ok(Some(signer.sign(&payload).map_err(anyhow::Error::msg)?))
}

/// The number of the status list that a credential says to stand on; nothing of that is proven.
pub fn status_number(token: &str) -> Option<usize> {
    let list = crate::openbadges::status_address(token)?;
    list.rsplit('/').next()?.parse().ok()
}

/// The address of the installation that a credential says to be of; nothing of that is proven.
pub fn issuer_base(token: &str) -> Option<String> {
    Some(crate::openbadges::issuer_address(token)?.strip_suffix("/issuer")?.to_owned())
}
