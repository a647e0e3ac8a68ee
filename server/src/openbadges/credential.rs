//! A certificate as a credential: an `OpenBadgeCredential` with the claims of a JWT beside its own.

use serde_json::{Value, json};

use super::CONTEXTS;
use crate::types::Timestamp;

/// What was achieved.
#[derive(Clone, Debug)]
pub struct Achievement {
    /// Address of its description.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What whoever holds it has shown.
    pub description: String,
    /// Where its criteria stand.
    pub criteria_id: String,
    /// Its criteria, in words.
    pub criteria: String,
}

/// One piece of evidence.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Its address.
    pub id: String,
    /// What it is.
    pub name: String,
    /// What it shows.
    pub narrative: String,
}

/// Where a verifier learns whether the credential still holds.
#[derive(Clone, Debug)]
pub struct Status {
    /// Address of the list.
    pub list: String,
    /// Place in it.
    pub index: usize,
}

/// Who holds what, since when and until when.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Address of the certificate: the credential's id.
    pub id: String,
    /// Its title, with the holder's name.
    pub name: String,
    /// Who issued it: an `issuer` profile.
    pub issuer: Value,
    /// Address of the holder.
    pub holder: String,
    /// What it is for.
    pub achievement: Achievement,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Earned.
    pub from: Timestamp,
    /// Holds until then.
    pub until: Timestamp,
    /// Whether it still holds.
    pub status: Status,
}

/// An instant as credentials write it: whole seconds, since `nbf` and `exp` must mean the same.
pub fn instant(at: Timestamp) -> (String, i64) {
    let seconds = at.0.div_euclid(1_000);
    (Timestamp(seconds * 1_000).to_datetime().format("%Y-%m-%dT%H:%M:%SZ").to_string(), seconds)
}

/// The credential, ready to be signed.
pub fn credential(holding: &Holding) -> Value {
    let Holding { achievement, status, .. } = holding;
    let (from, nbf) = instant(holding.from);
    let (until, exp) = instant(holding.until);
    let evidence: Vec<Value> = holding
        .evidence
        .iter()
        .map(|e| json!({ "id": e.id, "type": ["Evidence"], "name": e.name, "narrative": e.narrative }))
        .collect();
    let mut credential = json!({
        "@context": CONTEXTS,
        "id": holding.id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": holding.name,
        "issuer": holding.issuer,
        "validFrom": from,
        "validUntil": until,
        "credentialSubject": {
            "id": holding.holder,
            "type": ["AchievementSubject"],
            "achievement": {
                "id": achievement.id,
                "type": ["Achievement"],
                "achievementType": "Certification",
                "name": achievement.name,
                "description": achievement.description,
                "criteria": { "id": achievement.criteria_id, "narrative": achievement.criteria },
            },
        },
        "credentialStatus": {
            "id": format!("{}#{}", status.list, status.index),
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": status.index.to_string(),
            "statusListCredential": status.list,
        },
        "iss": holding.issuer.get("id"),
        "jti": holding.id,
        "sub": holding.holder,
        "nbf": nbf,
        "exp": exp,
    });
    if let (Some(all), false) = (credential.as_object_mut(), evidence.is_empty()) {
        all.insert("evidence".into(), Value::Array(evidence));
    }
    credential
}
