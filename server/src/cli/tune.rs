//! `degrader tune`: the tuner for one profile, no server needed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use scoring_rules::degrader::{
    Assessment, Context, Dialect, Level, Problem, Profile, Replay, Settings, Traffic, assess,
};
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use super::output;

#[derive(Args)]
pub(crate) struct TuneArgs {
    /// What the traffic is like, as JSON or YAML: hosts, clients, qps, latency, error_rate, timeout_ms, slo_ms, day
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// The settings in force, in the tool's own form; its defaults otherwise
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Whose settings: d2, relative, envoy, grpc, istio, resilience4j, finagle
    #[arg(long, value_name = "D", default_value = "d2")]
    dialect: String,
    /// Name of the service in the block to paste
    #[arg(long, value_name = "NAME", default_value = "my-service")]
    service: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Judges settings on a profile, and prints what is better.
pub(crate) fn tune(args: &TuneArgs) -> anyhow::Result<ExitCode> {
    let names = Dialect::ALL.map(Dialect::id).join(", ");
    let dialect = Dialect::from_id(&args.dialect)
        .with_context(|| format!("--dialect {}: there is no such tool here; one of {names}", args.dialect))?;
    let profile = profile(&args.profile)?;
    let traffic = profile.check().map_err(|found| all(&args.profile, &found))?;
    let (settings, notes) = match &args.settings {
        Some(file) => {
            let reading = Settings::read(dialect, &document(file)?).map_err(|found| all(file, &found))?;
            (reading.settings, reading.notes)
        }
        None => (Settings::defaults(dialect), Vec::new()),
    };
    for note in &notes {
        output::note(&format!("{}: {}", place(&note.pointer), note.detail));
    }
    let assessment = assess(&settings, &traffic);
    let better = assessment.tuning.recommended.as_ref().map(|r| &r.settings);
    let paste = (better.is_some() || assessment.tuning.refusals.is_empty())
        .then(|| better.unwrap_or(&settings).write(&Context { service: args.service.clone() }));
    if args.json {
        output::json(&json!({ "dialect": dialect.id(), "assessment": assessment, "paste": paste }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in text(dialect, &traffic, &assessment) {
        output::say(&line);
    }
    if let Some(paste) = paste {
        output::say("");
        output::say(paste.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn document(file: &Path) -> anyhow::Result<Value> {
    let file_name = || file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(file_name)?;
    waterbear::formats::read_settings(&text)
        .map_err(waterbear::error::Error::into_anyhow)
        .with_context(file_name)
}

/// The profile of a file that holds nothing else.
fn profile(file: &Path) -> anyhow::Result<Profile> {
    let document = document(file)?;
    if let Value::Array(parts) = &document {
        let detail =
            format!("one profile is wanted, not a list or several documents ({} parts)", parts.len());
        return Err(all(file, &[Problem::new("", detail)]));
    }
    serde_path_to_error::deserialize(document)
        .map_err(|e| all(file, &[Problem::new(pointer(e.path()), e.inner().to_string())]))
}

/// A path as a JSON pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let parts = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        Segment::Enum { variant } => Some(format!("/{variant}")),
        Segment::Unknown => None,
    });
    parts.collect()
}

/// A JSON pointer for a person: the whole document has one too.
fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}

fn all(file: &Path, found: &[Problem]) -> anyhow::Error {
    let lines: Vec<String> =
        found.iter().map(|p| format!("{}: {}: {}", file.display(), place(&p.pointer), p.detail)).collect();
    anyhow::anyhow!(lines.join("\n"))
}

fn text(dialect: Dialect, traffic: &Traffic, assessment: &Assessment) -> Vec<String> {
    let level = match assessment.tuning.confidence.level {
        Level::High => "high",
        Level::Medium => "medium",
        Level::Low => "low",
    };
    let mut lines = vec![
        format!(
            "{}: {:.0} calls/s, {:.0} hosts, {:.0} clients, {:.1} calls a window",
            dialect.name(),
            traffic.qps,
            traffic.hosts,
            traffic.clients,
            assessment.tuning.calls_per_window
        ),
        format!("score {:.0} of 100, confidence {level}", assessment.tuning.score),
    ];
    lines.extend(assessment.tuning.confidence.why.iter().map(|why| format!("  {why}")));
    let remarks = assessment.tuning.hard_failures.iter().map(|r| ("outage", r));
    let remarks = remarks.chain(assessment.tuning.refusals.iter().map(|r| ("nothing recommended", r)));
    lines.extend(remarks.map(|(what, r)| format!("{what}: {}", r.detail)));
    lines.push(String::new());
    let better = assessment.tuning.recommended.as_ref().map_or(&assessment.tuning.best, |r| &r.judged);
    lines.push(format!(
        "{:<14}{:>14}{:>14}{:>10}{:>14}{:>10}",
        "bad requests", "nobody reacts", "now", "", "better", ""
    ));
    for (now, better) in assessment.tuning.current.replays.iter().zip(&better.replays) {
        lines.push(format!(
            "{:<14}{:>14.0}{:>14.0}{:>10}{:>14.0}{:>10}",
            now.scenario.id(),
            now.undefended,
            now.bad_requests,
            after(now),
            better.bad_requests,
            after(better)
        ));
    }
    lines.push(format!(
        "{:<14}{:>14}{:>13.3}%{:>10}{:>13.3}%",
        "false drop",
        "",
        assessment.tuning.current.healthy.false_drop * 100.0,
        "",
        better.healthy.false_drop * 100.0
    ));
    lines.push(String::new());
    match &assessment.tuning.recommended {
        Some(recommended) => lines.extend(recommended.changes.iter().map(|change| {
            format!("{}: {} -> {} (score then {:.0})", change.field, change.from, change.to, change.score)
        })),
        None if assessment.tuning.refusals.is_empty() => {
            lines.push("Good as it is: nothing to change.".to_owned());
        }
        None => {}
    }
    lines.extend(remarks_of(assessment));
    lines
}

/// What else to know of the figures.
fn remarks_of(assessment: &Assessment) -> Vec<String> {
    let mut lines: Vec<String> =
        assessment.tuning.notes.iter().map(|note| format!("note: {}", note.detail)).collect();
    let sight = &assessment.sight;
    lines.push(format!("does not see: {}", sight.blind_to));
    if !sight.paired_with.is_empty() {
        lines.push(format!("paired with: {}", sight.paired_with));
    }
    lines
}

fn after(replay: &Replay) -> String {
    replay.isolated_after_s.map_or_else(|| "never".to_owned(), |s| format!("{s:.0} s"))
}
