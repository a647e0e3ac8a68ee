//! The exchange: an identity token of a CI job for a short token of ours.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::job::Job;
use super::{Binding, audience, binding_of, keys, strings};
use crate::app::actor::Credential;
use crate::app::openid::{self, Claims, Expect, LEEWAY_SECONDS, Named, ShownBy, mismatch, shown, unproven};
use crate::app::tokens::{self, ShortToken};
use crate::app::{Actor, Tx};
use crate::config::{CiConfig, IssuerConfig, Provider};
use crate::error::{Error, Result};
use crate::store;
use crate::store::publishers::PublisherRow;
use crate::types::Timestamp;

/// How long a token of ours holds, ms.
const HOLDS_MS: i64 = 15 * 60_000;
/// Publishers of one repository whose mismatch is told.
const TOLD: usize = 5;
/// Seconds after which keys may be asked for again.
const AGAIN: u32 = 60;

/// A job whose identity is proven, and that some publisher means.
#[derive(Clone, Debug)]
pub struct Proven {
    issuer: String,
    claims: Claims,
    job: Job,
}

/// A short token.
#[derive(Clone, Serialize, ToSchema)]
pub struct Exchanged {
    /// The token: wb_…
    pub token: String,
    /// When it ends: 15 minutes from now.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// What it may do.
    pub scopes: Vec<String>,
    /// For which services; null: by teams only.
    pub services: Option<Vec<String>>,
    /// For services of which teams; null: by services only.
    pub teams: Option<Vec<String>>,
    /// Id of the trusted publisher.
    pub publisher: String,
}

/// The configured issuer that a token names, and the key. Nothing is proven by that.
///
/// # Errors
///
/// What is no token, and tokens of issuers that the settings do not name.
pub fn issuer_of<'a>(config: &'a CiConfig, token: &str) -> Result<(&'a IssuerConfig, Named)> {
    let named = openid::named(token, ShownBy::Job)?;
    if let Some(issuer) = config.issuer(&named.issuer) {
        return Ok((issuer, named));
    }
    let known: Vec<String> = config.issuers.iter().map(|one| format!("`{}`", one.url)).collect();
    let expected = format!("an issuer of the settings: {}", known.join(", "));
    Err(unproven(&mismatch("iss", Some(&named.issuer), &expected)))
}

/// Whose token it is, if it holds and some publisher means the job. Writes nothing.
///
/// # Errors
///
/// [`Error::Unauthenticated`] for a token that does not hold, [`Error::Forbidden`] for a job that nobody trusts, each with
/// the part that does not match; [`Error::Unavailable`] while the keys of the issuer cannot be read.
pub fn prove(tx: &mut Tx<'_>, token: &str) -> Result<Proven> {
    let (issuer, named) = issuer_of(&tx.config.ci, token)?;
    let audience = audience(&tx.config.ci, tx.config.public_url.as_deref())?;
    let published = keys::published(tx, &issuer.url)?;
    if published.keys.find(&named.kid).is_none() {
        return Err(unknown_key(issuer, &named, &published));
    }
    let expect = Expect { issuer: &issuer.url, audience: &audience, now: tx.now, shown_by: ShownBy::Job };
    let claims = openid::verify(token, &published.keys, &expect)?;
    // An issuer of the settings of CI always says whose.
    let provider = issuer.provider.unwrap_or(Provider::GitHub);
    let job = Job::of(provider, &issuer.url, &claims).ok_or_else(|| {
        let expected = format!("the repository, as {} tells it", provider.as_str());
        Error::Forbidden { detail: format!("{}.", mismatch("repository", None, &expected)) }
    })?;
    let issuer = issuer.url.clone();
    chosen(tx, &issuer, &job)?;
    Ok(Proven { issuer, claims, job })
}

fn unknown_key(issuer: &IssuerConfig, named: &Named, published: &keys::Published) -> Error {
    let key = shown(&named.kid);
    if let Some(why) = &published.error {
        let url = &issuer.url;
        let why = shown(why);
        let detail =
            format!("The key `{key}` is not known here, and the keys of {url} cannot be read now: {why}");
        return Error::Unavailable { detail, retry_after_seconds: AGAIN };
    }
    let at = published.fetched_at.map_or_else(String::new, |at| format!(" (read at {at})"));
    let expected = format!("one of the keys of {}{at}: {}", issuer.url, published.keys.ids());
    unproven(&mismatch("kid", Some(&named.kid), &expected))
}

/// The oldest publisher that means a job.
fn chosen(tx: &mut Tx<'_>, issuer: &str, job: &Job) -> Result<PublisherRow> {
    let rows = store::publishers::of_repository(tx.conn, issuer, &job.repository.to_lowercase())?;
    let repository = shown(&job.repository);
    if rows.is_empty() {
        let detail = format!(
            "No trusted publisher is registered for the repository `{repository}` of {issuer}. An administrator adds one: \
             /admin/publishers."
        );
        return Err(Error::Forbidden { detail });
    }
    let mut why = Vec::new();
    for row in rows {
        match binding_of(&row).as_ref().and_then(|binding: &Binding| binding.mismatch(job)) {
            None => return Ok(row),
            Some(part) if why.len() < TOLD => why.push(format!("{part} (publisher {})", row.id)),
            Some(_) => {}
        }
    }
    let detail = format!("No trusted publisher of `{repository}` means this job. {}.", why.join("; "));
    Err(Error::Forbidden { detail })
}

/// Gives a job its token, once for each identity token.
///
/// # Errors
///
/// As [`prove`]; and [`Error::Unauthenticated`] for an identity token that was exchanged before.
pub fn exchange(tx: &mut Tx<'_>, proven: &Proven) -> Result<Exchanged> {
    let Proven { issuer, claims, job } = proven;
    // Asked again: a publisher may have been removed, or met its first job, since.
    let row = chosen(tx, issuer, job)?;
    let until = claims.exp.saturating_add(LEEWAY_SECONDS).saturating_mul(1_000);
    if !store::publishers::use_once(tx.conn, issuer, &claims.jti, until)? {
        let expected = "a token that was not exchanged before: ask the CI system for a new one";
        return Err(unproven(&mismatch("jti", Some(&claims.jti), expected)));
    }
    let (owner, repository) = (id(job.owner_id.as_ref())?, id(job.repository_id.as_ref())?);
    if !store::publishers::used(tx.conn, &row.id, owner, repository, tx.now.0)? {
        let detail =
            "The trusted publisher changed at this moment. Ask again with a new identity token.".to_owned();
        return Err(Error::Conflict { detail });
    }
    let name = format!("{}:{}", row.provider, row.repository);
    let proof = json!({
        "issuer": issuer,
        "repository": job.repository,
        "owner_id": job.owner_id,
        "repository_id": job.repository_id,
        "workflow": job.workflow,
        "environment": job.environment,
        "ref": job.git_ref,
        "sha": job.sha,
        "run_id": job.run_id,
        "event": job.event,
    });
    let short = ShortToken {
        name: name.clone(),
        scopes: strings(&row.scopes),
        services: row.services.as_deref().map(strings),
        teams: row.teams.as_deref().map(strings),
        expires_at: Timestamp(tx.now.0 + HOLDS_MS),
        publisher_id: row.id.clone(),
        proof: proof.to_string(),
    };
    let (view, token) = tokens::create_short(tx, short)?;
    tell(tx, &row, &view.id, &name, &proof);
    Ok(Exchanged {
        token,
        expires_at: Timestamp(tx.now.0 + HOLDS_MS),
        scopes: view.scopes,
        services: view.services,
        teams: view.teams,
        publisher: row.id,
    })
}

/// The log keeps what was proven; the token itself is swept away soon after its end.
fn tell(tx: &mut Tx<'_>, row: &PublisherRow, token: &str, name: &str, proof: &serde_json::Value) {
    let actor = Actor::new(name, token, Vec::new(), None, None)
        .known_by(Credential::Ci { token: token.to_owned(), publisher: row.id.clone() })
        .calling_from(std::sync::Arc::clone(&tx.actor.origin));
    let first = row.owner_id.is_none() || row.repository_id.is_none();
    tx.acting(&actor, |tx| {
        let data = json!({ "token": token, "publisher": row.id, "proof": proof });
        tx.emit(
            "ci_token_issued",
            None,
            None,
            format!("A job of {} proved who it is.", row.repository),
            &data,
        );
        if first {
            let sentence = format!("The first job of {} came: its ids are kept.", row.repository);
            tx.emit(
                "publisher_pinned",
                None,
                None,
                sentence,
                &json!({ "publisher": row.id, "proof": proof }),
            );
        }
    });
}

fn id(found: Option<&String>) -> Result<&str> {
    found
        .map(String::as_str)
        .ok_or_else(|| Error::Internal(anyhow::anyhow!("a job without ids was let through")))
}

/// Ends the token that a job was given, at its own wish.
///
/// # Errors
///
/// [`Error::Forbidden`] for any other credential.
pub fn end_own(tx: &mut Tx<'_>) -> Result<()> {
    match &tx.actor.credential {
        Credential::Ci { token, .. } => {
            let id = token.clone();
            tokens::revoke(tx, &id)
        }
        _ => Err(Error::Forbidden {
            detail: "This ends the token that a CI job was given; yours is another credential.".to_owned(),
        }),
    }
}
