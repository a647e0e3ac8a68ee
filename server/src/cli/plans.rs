//! `drill-plan`: what is due of a service, as files that are ready to run.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use waterbear::app::plans::{self, AskPlans};
use waterbear::app::views::{DrillPlan, DuePlans};
use waterbear::config::Overrides;

use super::{output, visit};

#[derive(Args)]
pub(crate) struct PlanArgs {
    /// Slug or catalog reference of the service
    #[arg(long)]
    service: String,
    /// What runs the plans: chaostoolkit, istio, chaos-mesh, litmus, toxiproxy, aws-fis, salt
    #[arg(long, value_name = "F", default_value = "chaostoolkit")]
    format: String,
    /// Only this failure class, due or not; its plan is printed
    #[arg(long)]
    failure: Option<String>,
    /// Only this target
    #[arg(long)]
    target: Option<String>,
    /// Where the plans run; where each drill ran last otherwise
    #[arg(long)]
    environment: Option<String>,
    /// Write every file of every plan into this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "out")]
    json: bool,
}

/// Prints or writes plans.
pub(crate) fn drill_plan(over: &Overrides, args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let ask = AskPlans::read(
        Some(&args.format),
        args.failure.as_deref(),
        args.target.clone(),
        args.environment.clone(),
    )
    .map_err(waterbear::error::Error::into_anyhow)?;
    let app = visit(over)?;
    let found = app.read_now(|tx| plans::due_plans(tx, &args.service, &ask))?;
    if args.json {
        output::json(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(dir) = &args.out {
        return write(&found, dir);
    }
    if args.failure.is_none() {
        list(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let plan = found.items.iter().find_map(|item| item.plan.as_ref());
    let text = plan.and_then(|plan| plan.files.first()).map(|file| file.text.as_str());
    if let Some(text) = text {
        output::say(text.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    complain_of_none(&found);
    Ok(ExitCode::FAILURE)
}

/// Why there is no plan, on standard error.
fn complain_of_none(found: &DuePlans) {
    for item in &found.items {
        if let Some(none) = &item.unsupported {
            output::note(&format!(
                "{}: no plan for {}: {} Take one of: {}",
                item.drill.failure,
                found.format,
                none.reason,
                none.formats.join(", ")
            ));
        }
    }
}

fn write(found: &DuePlans, dir: &std::path::Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let plans: Vec<&DrillPlan> = found.items.iter().filter_map(|item| item.plan.as_ref()).collect();
    for file in plans.iter().flat_map(|plan| &plan.files) {
        let path = dir.join(&file.name);
        std::fs::write(&path, &file.text).with_context(|| format!("cannot write {}", path.display()))?;
        output::say(&path.display().to_string());
    }
    complain_of_none(found);
    let none = plans.is_empty() && !found.items.is_empty();
    Ok(if none { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn list(found: &DuePlans) {
    if found.items.is_empty() {
        output::say("Nothing is due.");
        return;
    }
    for item in &found.items {
        let drill = &item.drill;
        let points = drill.points.map_or_else(String::new, |points| format!("+{points}"));
        let of = drill.target.as_ref().map_or_else(String::new, |target| format!(" of {target}"));
        output::say(&format!("{points:>4} {:<10} {}{of}: {}", drill.state, drill.failure, drill.why));
    }
    output::note("With --failure a plan is printed, with --out DIR all are written as files.");
}
