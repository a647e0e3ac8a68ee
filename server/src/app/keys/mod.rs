//! Keys that sign: made when first needed, sealed at rest, rotated with overlap, published as a JWK set.
//!
//! A new key is published for a while before it signs, so that who fetched the set a moment ago knows it in time; an
//! old one stays published after its last signature until all that it signed has ended.

mod certificates;
mod seal;
mod secret;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scoring_rules::MAX_VALID_DAYS;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use seal::Purpose as Sealing;

use super::Tx;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::store;
use crate::store::signing::KeyRow;
use crate::tickets::{Algorithm, KeyPair, public_jwk};
use crate::types::{DAY_MS, Timestamp};

/// How long whoever fetched the set may keep it, seconds.
pub const SET_AGE_SECONDS: i64 = 300;
/// A new key is published for so long before it signs, ms: twice the age of a kept set.
const LEAD_MS: i64 = 2 * SET_AGE_SECONDS * 1000;

pub use certificates::{certificate_signer, ensure_certificate_key, prepare};

/// What a key signs. Each has exactly one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Drill tickets.
    Tickets,
    /// Certificates.
    Certificates,
}

impl Purpose {
    /// Name of its algorithm.
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::Tickets => Algorithm::Es256.as_str(),
            Self::Certificates => "RS256",
        }
    }

    fn of(algorithm: &str) -> Option<Self> {
        [Self::Tickets, Self::Certificates].into_iter().find(|known| known.algorithm() == algorithm)
    }

    /// An old key is published for so long after its last signature, ms: longer than anything it signed holds.
    const fn tail_ms(self) -> i64 {
        match self {
            Self::Tickets => DAY_MS,
            Self::Certificates => (MAX_VALID_DAYS + 1) * DAY_MS,
        }
    }
}

/// The JWK set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// Public keys, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Value>,
}

/// A key without its private half.
#[derive(Clone, Debug, Serialize)]
pub struct KeyView {
    /// Its id (`kid`).
    pub id: String,
    /// Algorithm.
    pub alg: String,
    /// Made.
    pub created_at: Timestamp,
    /// Signs from then on.
    pub active_at: Timestamp,
    /// Signs no more from then on.
    pub retired_at: Option<Timestamp>,
    /// Is published until then; none: for as long as it signs.
    pub published_until: Option<Timestamp>,
}

/// The key that signs tickets now; made, with the secret key that seals it, when there is none.
///
/// # Errors
///
/// [`Error::Conflict`] says which setting is missing or does not fit.
pub fn signer(tx: &mut Tx<'_>) -> Result<KeyPair> {
    let row = match signing_now(tx, Purpose::Tickets)? {
        Some(row) => row,
        None => make_first(tx, Purpose::Tickets)?,
    };
    let private = open(tx, &row)?;
    Ok(KeyPair::from_pkcs8(&row.id, &private).map_err(anyhow::Error::msg)?)
}

/// The newest key that is active; of a set in which none is yet, the oldest: clocks of processes differ, and nobody waits
/// for the first key.
fn signing_now(tx: &mut Tx<'_>, purpose: Purpose) -> Result<Option<KeyRow>> {
    let now = tx.now.0;
    let mut rows = of(tx, purpose)?;
    rows.retain(|row| row.retired_at.is_none_or(|at| at > now));
    rows.sort_by(|a, b| (a.active_at, &a.id).cmp(&(b.active_at, &b.id)));
    let active = rows.iter().rposition(|row| row.active_at <= now).unwrap_or(0);
    Ok((active < rows.len()).then(|| rows.swap_remove(active)))
}

fn make_first(tx: &mut Tx<'_>, purpose: Purpose) -> Result<KeyRow> {
    let new_secret = store::signing::all(tx.conn)?.is_empty();
    make(tx, purpose, tx.now.0, new_secret, None)
}

/// The public keys.
pub fn published(tx: &mut Tx<'_>) -> Result<KeySet> {
    let now = tx.now.0;
    let rows = store::signing::all(tx.conn)?;
    let alive = rows.iter().filter(|row| row.published_until.is_none_or(|until| until > now));
    let base = tx.base_url.clone();
    Ok(KeySet { keys: alive.filter_map(|row| jwk(&base, row)).collect() })
}

/// One public key, if it is published.
pub fn one(tx: &mut Tx<'_>, id: &str) -> Result<Value> {
    let now = tx.now.0;
    let rows = store::signing::all(tx.conn)?;
    let row = rows.iter().find(|row| row.id == id && row.published_until.is_none_or(|until| until > now));
    let base = tx.base_url.clone();
    row.and_then(|row| jwk(&base, row)).ok_or_else(|| Error::not_found("public key", id))
}

/// Every key, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<KeyView>> {
    Ok(store::signing::all(tx.conn)?.iter().map(view).collect())
}

/// Makes a new key, which signs once everybody can know it. The ones before stay published until what they signed has
/// ended; if they are `compromised`, they go at once, the new one signs at once, and what they signed holds no more.
pub fn rotate(tx: &mut Tx<'_>, purpose: Purpose, compromised: bool) -> Result<KeyView> {
    let now = tx.now.0;
    let lead = if compromised { 0 } else { LEAD_MS };
    let tail = if compromised { 0 } else { purpose.tail_ms() };
    let old = of(tx, purpose)?;
    for row in old.iter().filter(|row| row.published_until.is_none_or(|until| until > now)) {
        let retired = row.retired_at.unwrap_or(now + lead).min(now + lead);
        store::signing::retire(tx.conn, &row.id, retired, (retired + tail).max(now))?;
    }
    // Nothing was published before the first key, so nobody waits for it.
    let active = if old.is_empty() { now } else { now + lead };
    // A secret key is only made anew where nothing is sealed with the old one.
    let new_secret = store::signing::all(tx.conn)?.iter().all(|row| row.alg == purpose.algorithm());
    let row = make(tx, purpose, active, new_secret && (compromised || old.is_empty()), None)?;
    Ok(view(&row))
}

/// Seals the address and the secrets of a notification target, by its id. With `first`, the secret key is made when there
/// is none yet and nothing was ever sealed with it.
///
/// # Errors
///
/// [`Error::Conflict`] says which setting is missing or does not fit.
pub fn seal_target(tx: &mut Tx<'_>, id: &str, plain: &[u8], first: bool) -> Result<String> {
    let new_secret = first && store::signing::all(tx.conn)?.is_empty();
    let secret = secret::secret_key(tx.config, new_secret)?;
    Ok(seal::seal(&secret, Sealing::Targets, id, plain)?)
}

/// Opens what [`seal_target`] sealed.
///
/// # Errors
///
/// [`Error::Conflict`]: there is no secret key, or another one than when it was sealed.
pub fn open_target(config: &Config, id: &str, sealed: &str) -> Result<Vec<u8>> {
    let secret = secret::secret_key(config, false)?;
    seal::open(&secret, Sealing::Targets, id, sealed).ok_or_else(|| Error::Conflict {
        detail: "Its address was sealed with another secret key than the one of the settings. Bring the old secret key \
                 back, or remove the target and add it again."
            .to_owned(),
    })
}

fn of(tx: &mut Tx<'_>, purpose: Purpose) -> Result<Vec<KeyRow>> {
    let mut rows = store::signing::all(tx.conn)?;
    rows.retain(|row| row.alg == purpose.algorithm());
    Ok(rows)
}

/// Stores a key: `given` as PKCS #8, or a new one.
fn make(
    tx: &mut Tx<'_>,
    purpose: Purpose,
    active_at: i64,
    new_secret: bool,
    given: Option<Vec<u8>>,
) -> Result<KeyRow> {
    let secret = secret::secret_key(tx.config, new_secret)?;
    let id = tx.new_id();
    let private = match (given, purpose) {
        (Some(private), _) => private,
        (None, Purpose::Tickets) => KeyPair::generate().map_err(anyhow::Error::msg)?,
        (None, Purpose::Certificates) => certificates::generate()?,
    };
    let public_key = match purpose {
        Purpose::Tickets => {
            let pair = KeyPair::from_pkcs8(&id, &private).map_err(anyhow::Error::msg)?;
            URL_SAFE_NO_PAD.encode(pair.public_point())
        }
        Purpose::Certificates => certificates::public_text(&private)?,
    };
    let row = KeyRow {
        public_key,
        private_key: seal::seal(&secret, Sealing::SigningKeys, &id, &private)?,
        alg: purpose.algorithm().to_owned(),
        created_at: tx.now.0,
        active_at,
        retired_at: None,
        published_until: None,
        id,
    };
    store::signing::insert(tx.conn, &row)?;
    let data = json!({ "key": row.id, "alg": row.alg, "active_at": Timestamp(active_at) });
    tx.emit("signing_key_created", None, None, format!("A signing key ({}) was made.", row.alg), &data);
    Ok(row)
}

/// The private half of a key.
fn open(tx: &Tx<'_>, row: &KeyRow) -> Result<Vec<u8>> {
    let secret = secret::secret_key(tx.config, false)?;
    seal::open(&secret, Sealing::SigningKeys, &row.id, &row.private_key).ok_or_else(|| Error::Conflict {
        detail: format!(
            "The signing key {} was sealed with another secret key than the one of the settings. Bring the old secret \
             key back, or make new signing keys with `waterbear keys rotate --compromised`.",
            row.id
        ),
    })
}

fn jwk(base: &str, row: &KeyRow) -> Option<Value> {
    match Purpose::of(&row.alg)? {
        Purpose::Tickets => {
            let point = URL_SAFE_NO_PAD.decode(&row.public_key).ok()?;
            serde_json::to_value(public_jwk(&row.id, &point)?).ok()
        }
        Purpose::Certificates => Some(certificates::public_of(row)?.jwk(&certificates::kid(base, &row.id))),
    }
}

fn view(row: &KeyRow) -> KeyView {
    KeyView {
        id: row.id.clone(),
        alg: row.alg.clone(),
        created_at: Timestamp(row.created_at),
        active_at: Timestamp(row.active_at),
        retired_at: row.retired_at.map(Timestamp),
        published_until: row.published_until.map(Timestamp),
    }
}
