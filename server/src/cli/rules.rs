//! `rules check`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use scoring_rules::{Rulebook, default_pack};
use waterbear::app::rulebook::read_dir;
use waterbear::config::Overrides;

use super::output;

#[derive(Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Subcommand)]
enum RulesCommand {
    /// Check a rulebook; every error at once, with file, line and column
    Check {
        /// The rulebook's directory; without it the built-in pack is checked
        dir: Option<PathBuf>,
        /// Print the outcome as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the built-in pack to a directory, to begin your own from
    Export {
        /// Where to; must be empty or not exist
        dir: PathBuf,
    },
}

/// Checks or exports a rulebook.
pub(crate) fn rules(_over: &Overrides, args: &RulesArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        RulesCommand::Check { dir, json } => check(dir.as_ref(), *json),
        RulesCommand::Export { dir } => export(dir),
    }
}

fn check(dir: Option<&PathBuf>, json: bool) -> anyhow::Result<ExitCode> {
    let files = match dir {
        Some(dir) => read_dir(dir)?,
        None => default_pack(),
    };
    match Rulebook::load(&files) {
        Ok(book) => {
            let examples: usize = book.rules().iter().map(|r| r.examples.len()).sum();
            if json {
                output::json(&serde_json::json!({
                    "ok": true, "hash": book.hash(), "rules": book.rules().len(), "errors": []
                }))?;
            } else {
                output::say(&format!(
                    "{} rules, {examples} examples: all hold. Rulebook {}.",
                    book.rules().len(),
                    book.hash()
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(errors) => {
            if json {
                output::json(&serde_json::json!({ "ok": false, "errors": errors }))?;
            } else {
                for error in &errors {
                    output::note(&error.to_string());
                }
                let word = if errors.len() == 1 { "error" } else { "errors" };
                output::note(&format!("{} {word}; the rulebook would be refused.", errors.len()));
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn export(dir: &PathBuf) -> anyhow::Result<ExitCode> {
    let empty = !dir.exists() || std::fs::read_dir(dir)?.next().is_none();
    anyhow::ensure!(empty, "{} is not empty", dir.display());
    let files = default_pack();
    for (name, text) in &files {
        let path = dir.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    output::note(&format!(
        "{} files in {}. Put it in force with WATERBEAR_RULES_DIR, or [rules] dir in waterbear.toml.",
        files.len(),
        dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}
