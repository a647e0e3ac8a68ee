//! `audit`: who did what, as lines or as NDJSON.

use std::process::ExitCode;

use clap::Args;
use waterbear::app::audit::{self, AskAudit, AuditView};
use waterbear::config::Overrides;

use super::{output, visit};

/// Records read at once.
const PAGE: i64 = 500;

#[derive(Args)]
pub(crate) struct AuditArgs {
    /// Not before, e.g. 2026-11-01 or 2026-11-01T08:00:00Z
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Not after
    #[arg(long, value_name = "INSTANT")]
    to: Option<String>,
    /// Who: name or id
    #[arg(long)]
    actor: Option<String>,
    /// Id of a credential
    #[arg(long, value_name = "ID")]
    credential: Option<String>,
    /// Kind of event, such as token_created
    #[arg(long)]
    kind: Option<String>,
    /// Slug of a service
    #[arg(long)]
    service: Option<String>,
    /// Slug of a team
    #[arg(long)]
    team: Option<String>,
    /// Address it came from
    #[arg(long)]
    address: Option<String>,
    /// One JSON object a line (NDJSON)
    #[arg(long)]
    json: bool,
}

/// Prints all that fits, newest first, page by page.
pub(crate) fn audit(over: &Overrides, args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let app = visit(over)?;
    let bound = |name: &str, text: &Option<String>, end| {
        let read = text.as_deref().map(|text| audit::bound(name, text, end)).transpose();
        read.map_err(waterbear::error::Error::into_anyhow)
    };
    let ask = AskAudit {
        actor: args.actor.clone(),
        credential: args.credential.clone(),
        kind: args.kind.clone(),
        service: args.service.clone(),
        team: args.team.clone(),
        address: args.address.clone(),
        from: bound("--from", &args.from, false)?,
        to: bound("--to", &args.to, true)?,
    };
    let mut cursor: Option<String> = None;
    loop {
        let page = app.read_now(|tx| audit::page(tx, &ask, cursor.as_deref(), PAGE))?;
        for item in &page.items {
            output::say(&if args.json { serde_json::to_string(item)? } else { line(item) });
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn line(view: &AuditView) -> String {
    let from = view.address.as_deref().unwrap_or("-");
    let text = format!(
        "{}  {:<20} {}  {}  {from}  {}",
        view.at, view.kind, view.actor.name, view.credential.kind, view.sentence
    );
    // A name may hold what a terminal obeys.
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
