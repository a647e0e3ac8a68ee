//! The secret key that seals what must not be read in the database, and who issues certificates.

use super::{Secret, Source};

/// A shorter secret key can be guessed, bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// `server.secret_key` or `server.secret_key_file`; none: a file beside the SQLite database.
pub(super) fn read(source: &mut Source) -> Option<Secret> {
    let here = source.text("server", "secret_key");
    let file = source.text("server", "secret_key_file");
    match (here, file) {
        (Some(_), Some(_)) => {
            source.errors.push("server.secret_key: give this or server.secret_key_file, not both".into());
            None
        }
        (Some(text), None) if text.trim().len() < MIN_SECRET_BYTES => {
            // The text is not repeated.
            source.errors.push(format!("server.secret_key: expected at least {MIN_SECRET_BYTES} characters"));
            None
        }
        (Some(text), None) => Some(Secret::of(text)),
        (None, Some(file)) => Some(Secret::in_file(file.into())),
        (None, None) => None,
    }
}

/// `[certificates]`: who issues them.
#[derive(Clone, Debug, Default)]
pub struct CertificateConfig {
    /// Name of the issuer as verifiers show it; none: Waterbear.
    pub issuer_name: Option<String>,
    /// The private RSA key that signs, PEM; none: one is made.
    pub signing_key: Option<Secret>,
}

/// Longest name of an issuer, characters.
const MAX_ISSUER: usize = 120;

/// Reads `[certificates]`.
pub(super) fn certificates(source: &mut Source) -> CertificateConfig {
    let issuer_name = source.text("certificates", "issuer_name");
    if let Some(name) = issuer_name.as_ref().filter(|name| name.chars().count() > MAX_ISSUER) {
        source.error("certificates.issuer_name", name, &format!("at most {MAX_ISSUER} characters"));
    }
    let signing_key =
        source.text("certificates", "signing_key_file").map(|file| Secret::in_file(file.into()));
    CertificateConfig { issuer_name, signing_key }
}
