//! `migrate`, `backup`, `restore`, `verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use waterbear::app::verify::{self, TOLD};
use waterbear::config::Overrides;
use waterbear::store::{self, DatabaseUrl, Db, backup, restore as back, transfer};

use super::{output, settings};

#[derive(Args)]
pub(crate) struct MigrateArgs {
    /// Move a whole installation: the database to read, as for --database; stop its service first
    #[arg(long, value_name = "URL", requires = "to", conflicts_with = "database")]
    from: Option<String>,
    /// The empty database to write
    #[arg(long, value_name = "URL", requires = "from")]
    to: Option<String>,
}

#[derive(Args)]
pub(crate) struct BackupArgs {
    /// Where to; must not exist yet
    file: PathBuf,
}

#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// A backup made by `waterbear backup`
    file: PathBuf,
}

/// Brings the schema up to date, or moves an installation.
pub(crate) fn migrate(over: &Overrides, args: &MigrateArgs) -> anyhow::Result<ExitCode> {
    output::log(false, "warn");
    if let (Some(from), Some(to)) = (&args.from, &args.to) {
        return move_all(from, to);
    }
    let config = settings(over)?;
    store::migrate(&Db::open(&config.database)?)?;
    output::note(&format!("{} is up to date.", config.database));
    Ok(ExitCode::SUCCESS)
}

fn move_all(from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let read = |name: &str, text: &str| {
        DatabaseUrl::parse(text).map_err(|expected| anyhow::anyhow!("{name}: {expected}"))
    };
    let (from, to) = (read("--from", from)?, read("--to", to)?);
    let mut rows = 0;
    transfer::transfer(&from, &to, |table, n| {
        rows += n;
        output::say(&format!("{table:<20}{n:>12}"));
    })?;
    output::note(&format!(
        "{rows} rows moved, each table counted on both sides. {to} is complete; {from} is as it was."
    ));
    Ok(ExitCode::SUCCESS)
}

/// Copies a SQLite database while it is in use.
pub(crate) fn backup(over: &Overrides, args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let config = settings(over)?;
    let bytes = backup::copy(&config.database, &args.file)?;
    output::note(&format!("{} bytes in {}.", bytes, args.file.display()));
    Ok(ExitCode::SUCCESS)
}

/// Brings a backup back as the database.
pub(crate) fn restore(over: &Overrides, args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let config = settings(over)?;
    let done = back::restore(&config.database, &args.file)?;
    let age = if done.older {
        " It is of an older version: the next start brings its schema up to date."
    } else {
        ""
    };
    output::note(&format!(
        "{} restored as {}, {} bytes, checked.{age}",
        args.file.display(),
        config.database,
        done.bytes
    ));
    Ok(ExitCode::SUCCESS)
}

/// Reads a database through and says what is wrong with it.
pub(crate) fn verify(over: &Overrides) -> anyhow::Result<ExitCode> {
    let config = settings(over)?;
    config.database.must_exist()?;
    let clean = verify::verify(&config.database, |check| {
        let word = match check.problems {
            0 => "ok".to_owned(),
            1 => "1 PROBLEM".to_owned(),
            n => format!("{n} PROBLEMS"),
        };
        output::say(&format!("{:<12}{word:<14} {}", check.name, check.extent));
        for text in &check.told {
            output::say(&format!("  ! {text}"));
        }
        if check.told.len() == TOLD && check.problems > TOLD {
            output::say(&format!("  ! and {} more", check.problems - TOLD));
        }
    })
    .with_context(|| format!("cannot verify {}", config.database))?;
    output::say(if clean { "clean" } else { "NOT clean" });
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
