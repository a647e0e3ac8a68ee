//! The RSA keys that sign certificates: made with the OpenSSL that the binary has for PostgreSQL (ring makes none), or
//! given by the settings.

use anyhow::Context;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::{LEAD_MS, Purpose, make, make_first, open, signing_now};
use crate::app::{Actor, App, Tx};
use crate::error::{Error, Result};
use crate::openbadges::{PublicKey, Signer};
use crate::store;
use crate::store::signing::KeyRow;

/// The row that is written first by whoever makes a key.
const TURN: &str = "keys.certificates";
/// Bits of a new key.
const BITS: u32 = 3_072;

/// The address of a key's public half, which is its id in credentials.
pub(super) fn kid(base: &str, id: &str) -> String {
    format!("{base}/keys/{id}")
}

/// A new private key, as PKCS #8.
pub(super) fn generate() -> anyhow::Result<Vec<u8>> {
    let key = PKey::from_rsa(Rsa::generate(BITS).context("an RSA key cannot be made")?)?;
    Ok(key.private_key_to_pkcs8()?)
}

/// The public half as it is stored: modulus and exponent.
pub(super) fn public_text(private: &[u8]) -> anyhow::Result<String> {
    let PublicKey { n, e } = Signer::from_pkcs8("new", private).map_err(anyhow::Error::msg)?.public();
    Ok(format!("{n}.{e}"))
}

/// The public half of a stored key.
pub(super) fn public_of(row: &KeyRow) -> Option<PublicKey> {
    let (n, e) = row.public_key.split_once('.')?;
    Some(PublicKey { n: n.to_owned(), e: e.to_owned() })
}

/// The key that signs certificates now; none before the first was made.
///
/// # Errors
///
/// [`Error::Conflict`] says which setting is missing or does not fit.
pub fn certificate_signer(tx: &mut Tx<'_>) -> Result<Option<Signer>> {
    let Some(row) = signing_now(tx, Purpose::Certificates)? else { return Ok(None) };
    let private = open(tx, &row)?;
    let signer = Signer::from_pkcs8(&kid(&tx.base_url, &row.id), &private).map_err(anyhow::Error::msg)?;
    Ok(Some(signer))
}

/// Makes the first key that signs certificates, unless there is one.
///
/// # Errors
///
/// As [`certificate_signer`].
pub fn ensure_certificate_key(tx: &mut Tx<'_>) -> Result<()> {
    take_turn(tx)?;
    if signing_now(tx, Purpose::Certificates)?.is_none() {
        make_first(tx, Purpose::Certificates)?;
    }
    Ok(())
}

/// Of two processes at once, one goes first: the other waits for its commit.
fn take_turn(tx: &mut Tx<'_>) -> Result<()> {
    Ok(store::books::set(tx.conn, TURN, &tx.now.0.to_string())?)
}

/// Has a key that signs certificates from the first start on: the one that the settings name, or one that is made where
/// they name a secret key to seal it with. Without one, a key and its secret come with the first certificate that is asked
/// for (on SQLite), since a secret that is made unasked is one that nobody keeps a copy of.
///
/// # Errors
///
/// As where a key of the settings is adopted. A secret key that does not fit is a line in the log.
pub fn prepare(app: &App) -> anyhow::Result<()> {
    adopt(app)?;
    if app.config.secret_key.is_none() || app.read_now(|tx| signing_now(tx, Purpose::Certificates))?.is_some()
    {
        return Ok(());
    }
    match app.write_now(&Actor::schedule(), ensure_certificate_key) {
        // Who needs the key is told the same; nothing else waits for it.
        Err(Error::Conflict { detail }) => {
            tracing::warn!("there is no key for certificates yet: {detail}");
            Ok(())
        }
        done => done.map_err(Error::into_anyhow),
    }
}

/// Takes over the key that the settings name, unless it is known: from then on it signs, and the one before it stays
/// published until what it signed has ended.
///
/// # Errors
///
/// Says what is wrong with the file, or which setting is missing.
fn adopt(app: &App) -> anyhow::Result<()> {
    let Some(file) = &app.config.certificates.signing_key else { return Ok(()) };
    let place = |what: &str| format!("certificates.signing_key_file: {what}");
    let pem = file.read().map_err(anyhow::Error::msg).with_context(|| place("cannot be read"))?;
    let key = PKey::private_key_from_pem(pem.as_bytes())
        .map_err(|_| anyhow::anyhow!(place("expected an unencrypted private RSA key, PEM")))?;
    let private = key.private_key_to_pkcs8().with_context(|| place("no private key"))?;
    let public = public_text(&private).with_context(|| place("expected an RSA key of 2048 to 4096 bits"))?;
    let taken = app.write_now(&Actor::schedule(), |tx| {
        take_turn(tx)?;
        let rows = super::of(tx, Purpose::Certificates)?;
        if rows.iter().any(|row| row.public_key == public) {
            return Ok(());
        }
        let now = tx.now.0;
        let lead = if rows.is_empty() { 0 } else { LEAD_MS };
        for row in rows.iter().filter(|row| row.retired_at.is_none()) {
            let until = now + lead + Purpose::Certificates.tail_ms();
            store::signing::retire(tx.conn, &row.id, now + lead, until)?;
        }
        let new_secret = store::signing::all(tx.conn)?.is_empty();
        make(tx, Purpose::Certificates, now + lead, new_secret, Some(private.clone())).map(|_| ())
    });
    taken.map_err(Error::into_anyhow)
}
