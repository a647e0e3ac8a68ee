//! `certificate verify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use waterbear::app::{Tx, awards, keys};
use waterbear::clock::{Clock, SystemClock};
use waterbear::config::Overrides;
use waterbear::openbadges::{MAX_TOKEN_BYTES, Revocation, RsaJwks, Verified, verify};
use waterbear::types::Timestamp;

use super::{output, visit};

/// Longest file of keys that is read, bytes.
const MAX_KEYS_BYTES: usize = 256 * 1024;

#[derive(Args)]
pub(crate) struct CertificateArgs {
    #[command(subcommand)]
    command: CertificateCommand,
}

#[derive(Subcommand)]
enum CertificateCommand {
    /// Verify a certificate (Open Badges 3.0, VC-JWT) and say what it proves; exit code 1 if it is not to be trusted
    ///
    /// Without --jwks, the keys and the status list of this installation's own database count.
    Verify(VerifyArgs),
}

#[derive(Args)]
struct VerifyArgs {
    /// The credential, as it was got: a .jwt file
    file: PathBuf,
    /// The issuer's public keys: a JWK set, or one JWK
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The status list that the credential names, as it was got; may be repeated
    #[arg(long, value_name = "FILE", requires = "jwks")]
    status: Vec<PathBuf>,
    /// As of this instant instead of now
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Verifies certificates.
pub(crate) fn certificate(over: &Overrides, args: &CertificateArgs) -> anyhow::Result<ExitCode> {
    let CertificateCommand::Verify(args) = &args.command;
    let text = read(&args.file, MAX_TOKEN_BYTES)?;
    let now = match &args.at {
        Some(text) => Timestamp::parse(text).map_err(|expected| anyhow::anyhow!("--at: {expected}"))?,
        None => SystemClock.now(),
    };
    let (keys, lists) = match &args.jwks {
        Some(file) => {
            let keys = read(file, MAX_KEYS_BYTES)?;
            let keys = RsaJwks::parse(&keys).map_err(|e| anyhow::anyhow!("{}: {e}", file.display()))?;
            let lists = args.status.iter().map(|file| read(file, MAX_TOKEN_BYTES));
            (keys, lists.collect::<anyhow::Result<Vec<_>>>()?)
        }
        None => own(over, &text)?,
    };
    let found = verify(&text, &keys, &lists, now);
    if args.json {
        output::json(&match &found {
            Ok(good) => told(good),
            Err(refusal) => json!({ "valid": false, "part": refusal.part, "detail": refusal.detail }),
        })?;
    }
    match found {
        Ok(good) => {
            if !args.json {
                say(&good);
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            if !args.json {
                output::complain(&format!("not to be trusted: {refusal}"));
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn read(file: &Path, most: usize) -> anyhow::Result<String> {
    let size = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    anyhow::ensure!(size <= most as u64, "{}: longer than {most} bytes", file.display());
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Keys of the own database, and the status list that the credential names.
fn own(over: &Overrides, text: &str) -> anyhow::Result<(RsaJwks, Vec<String>)> {
    let app = visit(over)?;
    // Without a public address the server had whichever it listened on: the one that the credential names. That proves
    // nothing; the signature must be of a key in this database all the same.
    let named = awards::issuer_base(text).filter(|_| app.config.public_url.is_none());
    let at = |tx: &mut Tx<'_>| {
        if let Some(base) = &named {
            tx.base_url.clone_from(base);
        }
    };
    let set = app.read_now(|tx| {
        at(tx);
        keys::published(tx)
    })?;
    let keys = RsaJwks::parse(&serde_json::to_string(&set)?).map_err(|_| {
        anyhow::anyhow!("this database has no key that signs certificates: name one with --jwks FILE")
    })?;
    let list = match awards::status_number(text) {
        Some(number) => app.read_now(|tx| {
            at(tx);
            awards::status_list(tx, number)
        })?,
        None => None,
    };
    Ok((keys, list.into_iter().collect()))
}

fn told(good: &Verified) -> serde_json::Value {
    let revocation = match &good.revocation {
        Revocation::None => "none",
        Revocation::Unchecked(..) => "unchecked",
        Revocation::Holds => "holds",
    };
    json!({
        "valid": true,
        "id": good.id,
        "name": good.name,
        "issuer": good.issuer,
        "holder": good.holder,
        "achievement": good.achievement,
        "valid_from": good.from,
        "valid_until": good.until,
        "key": good.key,
        "revocation": revocation,
    })
}

fn say(good: &Verified) {
    output::say(&format!("{}\n  {}", good.name, good.id));
    output::say(&format!("  issued by {}, to {}", good.issuer, good.holder));
    let until = good.until.map_or_else(|| "for ever".to_owned(), |at| format!("until {at}"));
    output::say(&format!("  holds from {} {until}", good.from));
    output::say(&format!("  signed with {}", good.key));
    match &good.revocation {
        Revocation::None => output::say("  names no status list: whether it was revoked cannot be known"),
        Revocation::Holds => output::say("  not revoked"),
        Revocation::Unchecked(list, _) => {
            output::say(&format!(
                "  whether it was revoked was NOT checked: get {list} and give it as --status FILE"
            ));
        }
    }
}
