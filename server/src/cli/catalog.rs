//! `import`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use waterbear::app::catalog::{ImportCatalog, ImportReport, import as take_over};
use waterbear::app::{Actor, App};
use waterbear::config::Overrides;
use waterbear::formats::{read_backstage, read_csv};
use waterbear::store::DatabaseUrl;

use super::{clock, output, settings, visit, visit_or_make};

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// Backstage YAML (many documents are fine) or CSV
    file: PathBuf,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Name of the source: what an earlier import of the same source named and this one does not is marked as removed
    /// [default: the file's name]
    #[arg(long)]
    source: Option<String>,
}

/// Imports a catalog.
pub(crate) fn import(over: &Overrides, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let body = std::fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let csv = args.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let reading = if csv { read_csv(&body) } else { read_backstage(&body) }?;
    let source = args.source.clone().unwrap_or_else(|| file_source(&args.file));
    let cmd = ImportCatalog { reading, source, dry_run: args.dry_run, complete: true };
    let report = if args.dry_run {
        dry(over, &cmd)?
    } else {
        visit_or_make(over)?.write_now(&Actor::command_line(), |tx| take_over(tx, &cmd))?
    };
    if args.json {
        output::json(&report)?;
    } else {
        show(&report);
    }
    let nothing = report.created + report.updated + report.unchanged == 0;
    Ok(if nothing && !report.problems.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn file_source(file: &std::path::Path) -> String {
    let path = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    format!("file:{}", path.display())
}

/// A dry run never makes a database: where there is none, it compares with an empty one.
fn dry(over: &Overrides, cmd: &ImportCatalog) -> anyhow::Result<ImportReport> {
    let mut config = settings(over)?;
    let absent = config.database.sqlite_path().is_some_and(|p| !p.exists());
    let folder = tempfile::tempdir()?;
    let app: Arc<App> = if absent {
        config.database = DatabaseUrl::Sqlite { path: folder.path().join("empty.db"), durable: false };
        config.rules_dir = None;
        let clock = clock(&config);
        App::visit(config, clock)?
    } else {
        visit(over)?
    };
    Ok(app.read_now(|tx| take_over(tx, cmd))?)
}

fn show(report: &ImportReport) {
    output::say(&format!(
        "{} new, {} changed, {} unchanged, {} removed.",
        report.created, report.updated, report.unchanged, report.removed
    ));
    for problem in &report.problems {
        let place = match (problem.document, problem.line) {
            (Some(document), Some(line)) => format!("document {document}, line {line}: "),
            _ => String::new(),
        };
        output::note(&format!("{place}{}", problem.detail));
    }
}
