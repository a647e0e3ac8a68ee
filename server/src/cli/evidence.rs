//! `ingest`, `grade`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use waterbear::app::grading::{Cause, regrade};
use waterbear::app::ingest::{self as uses, Ingested};
use waterbear::app::{Actor, owners, replay, runs, scorecard};
use waterbear::config::Overrides;
use waterbear::formats::{self, Format, Hints, Read as Reading};
use waterbear::types::Failure;

use super::{output, visit};

#[derive(Args)]
pub(crate) struct IngestArgs {
    /// drill (our own JSON), chaostoolkit, junit, litmus, chaos-mesh, aws-fis, k6, steadybit, gremlin, cloudevents,
    /// alertmanager
    #[arg(required_unless_present = "replay")]
    format: Option<String>,
    /// The document; `-` for standard input
    #[arg(required_unless_present = "replay")]
    file: Option<PathBuf>,
    /// Slug or catalog reference of the service
    #[arg(long)]
    service: Option<String>,
    /// rollback, infrastructure, dependency
    #[arg(long)]
    kind: Option<String>,
    /// Failure class, e.g. config, dns, error
    #[arg(long)]
    failure: Option<String>,
    /// What was hit, e.g. a dependency
    #[arg(long)]
    target: Option<String>,
    /// Where, e.g. staging
    #[arg(long)]
    environment: Option<String>,
    /// The drill ticket under which it was run, or its id
    #[arg(long)]
    ticket: Option<String>,
    /// How the tool ended, where its document does not tell (k6: 99 is a broken threshold)
    #[arg(long)]
    exit_code: Option<u8>,
    /// Say how the document reads and store nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    /// Read every kept document again by today's mapping
    #[arg(long, conflicts_with_all = ["format", "file", "service"])]
    replay: bool,
}

#[derive(Args)]
pub(crate) struct GradeArgs {
    /// Only this service
    #[arg(long)]
    service: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Records one document, or reads the kept ones again.
pub(crate) fn ingest(over: &Overrides, args: &IngestArgs) -> anyhow::Result<ExitCode> {
    if args.replay {
        return read_again(over, args);
    }
    let (Some(name), Some(file)) = (&args.format, &args.file) else {
        anyhow::bail!("ingest needs a format and a file");
    };
    let format = Format::parse(name)
        .with_context(|| format!("unknown format `{name}`: expected one of {}", Format::words()))?;
    let mut body = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut body)?;
    } else {
        body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let hints = Hints {
        service: args.service.clone(),
        kind: args.kind.clone(),
        failure: args.failure.clone(),
        target: args.target.clone(),
        environment: args.environment.clone(),
        ticket: args.ticket.as_deref().map(waterbear::tickets::id_of),
        exit_code: args.exit_code.map(|code| code.to_string()),
    };
    if args.dry_run {
        return dry(format, &body, &hints, args.json);
    }
    let app = visit(over)?;
    for document in uses::read_all(format, &body, &hints, None)? {
        let document = document?;
        let done = app.write_now(&Actor::command_line(), |tx| uses::apply(tx, document))?;
        tell(args, done)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what became of one document.
fn tell(args: &IngestArgs, done: Ingested) -> anyhow::Result<()> {
    match done {
        Ingested::Kept { id, reason } if args.json => {
            output::json(&json!({ "recorded": false, "reason": reason, "kept": id }))?;
        }
        Ingested::Deployed(view, _) if args.json => output::json(&view)?,
        Ingested::Deployed(view, _) => {
            let version = view.version.as_deref().unwrap_or("a version without a name");
            output::say(&format!("{}: {version} {} in {}", view.service, view.kind, view.environment));
        }
        Ingested::Alerts(answer) if args.json => output::json(&answer)?,
        Ingested::Alerts(answer) => output::say(&format!(
            "{} alerts taken, {} known before, {} of no known service, {} drills detected",
            answer.taken,
            answer.repeated,
            answer.ignored,
            answer.detected.len()
        )),
        Ingested::Ignored(reason) if args.json => {
            output::json(&json!({ "recorded": false, "reason": reason }))?;
        }
        Ingested::Kept { reason, .. } | Ingested::Ignored(reason) => {
            output::say(&format!("Nothing recorded: {reason}"));
        }
        Ingested::Recorded(recorded) if args.json => output::json(&recorded.answer)?,
        Ingested::Recorded(recorded) => {
            let answer = &recorded.answer;
            let grade = |g: &Option<String>| g.clone().unwrap_or_else(|| "not graded".into());
            let again = if recorded.replayed { " (recorded before)" } else { "" };
            output::say(&format!("{}: {}{again}", answer.service, answer.outcome));
            if let Some(reason) = &answer.reason {
                output::say(reason);
            }
            let (before, after) = (grade(&answer.grade.before), grade(&answer.grade.after));
            output::say(&format!("Grade {before} -> {after}: {}", answer.scorecard_url));
        }
    }
    Ok(())
}

fn dry(format: Format, body: &[u8], hints: &Hints, as_json: bool) -> anyhow::Result<ExitCode> {
    for part in formats::parts(format, body)? {
        let value = shown(formats::read(format, &part, hints)?);
        if as_json {
            output::json(&value)?;
        } else if let Value::Object(map) = &value {
            for (key, value) in map {
                output::say(&format!(
                    "{key}: {}",
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How a document reads.
fn shown(reading: Reading) -> Value {
    match reading {
        Reading::Ignored { reason } | Reading::Unknown { reason } => {
            json!({ "recorded": false, "reason": reason })
        }
        Reading::Deployment(reading) => json!({
            "service": reading.service,
            "environment": reading.environment,
            "version": reading.version,
            "kind": reading.kind,
            "deployed_at": reading.deployed_at,
        }),
        Reading::Alerts(alerts) => {
            let alert = |alert: formats::AlertReading| {
                json!({
                    "labels": alert.labels, "starts_at": alert.starts_at, "firing": alert.firing,
                    "fingerprint": alert.fingerprint,
                })
            };
            json!({ "alerts": alerts.into_iter().map(alert).collect::<Vec<_>>() })
        }
        Reading::Drill(reading) => {
            let mut value = json!({
                "service": reading.service,
                "kind": reading.kind,
                "failure": reading.failure.as_deref().and_then(Failure::from_loose),
                "target": reading.target,
                "environment": reading.environment,
                "outcome": reading.outcome,
                "reason": reading.reason,
                "rollback": { "outcome": reading.rollback.outcome, "reason": reading.rollback.reason },
                "started_at": reading.started_at,
                "ended_at": reading.ended_at,
            });
            if let (Some(seconds), Value::Object(map)) = (reading.recovered_after_seconds, &mut value) {
                map.insert("recovered_after_seconds".into(), json!(seconds));
            }
            value
        }
    }
}

fn read_again(over: &Overrides, args: &IngestArgs) -> anyhow::Result<ExitCode> {
    let app = visit(over)?;
    let report = replay::replay(&app, &Actor::command_line(), args.dry_run)?;
    if args.json {
        output::json(&report)?;
    } else {
        let verb = if args.dry_run { "would change" } else { "changed" };
        output::say(&format!("{} documents read again, {} {verb}.", report.documents, report.changed));
        for problem in &report.problems {
            output::note(problem);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Grades all services, or one.
pub(crate) fn grade(over: &Overrides, args: &GradeArgs) -> anyhow::Result<ExitCode> {
    let app = visit(over)?;
    let actor = Actor::command_line();
    if let Some(name) = &args.service {
        let card = app.write_now(&actor, |tx| {
            let service = owners::service(tx, name)?;
            regrade(tx, &service, Cause::Expiry)?;
            scorecard::scorecard(tx, &service.slug, None)
        })?;
        if args.json {
            output::json(&card)?;
        } else {
            let score = card.score.map_or_else(|| "not graded".to_owned(), |s| s.to_string());
            output::say(&format!(
                "{}: {} ({score}), {}% of points known",
                card.service,
                card.grade.as_deref().unwrap_or("-"),
                card.coverage
            ));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = runs::request(&app, &actor, "command line")?;
    let run = runs::finish(&app, &wanted.id)?;
    if args.json {
        output::json(&run)?;
    } else {
        output::say(&format!("{} services graded, {} changed.", run.services, run.changed));
    }
    let good = run.state == "finished";
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
