//! `prune`, `token`, `openapi`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use waterbear::app::tokens::{self, CreateToken};
use waterbear::app::{Actor, retention};
use waterbear::config::Overrides;
use waterbear::types::Timestamp;

use super::{output, visit};

#[derive(Args)]
pub(crate) struct PruneArgs {
    /// Only count what would go
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token; it is printed once, alone on standard output
    Create(CreateArgs),
    /// List tokens, without their secrets
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End a token at once
    Revoke {
        /// Its id
        id: String,
    },
}

#[derive(Args)]
struct CreateArgs {
    /// Name shown with everything it sends
    #[arg(long)]
    name: String,
    /// read, drills:write, evidence:write, catalog:write, admin; may be repeated
    #[arg(long = "scope", required = true, num_args = 1.., value_delimiter = ',')]
    scopes: Vec<String>,
    /// Only for this service; may be repeated
    #[arg(long = "service", num_args = 1.., value_delimiter = ',')]
    services: Vec<String>,
    /// Only for services of this team and those below it; may be repeated
    #[arg(long = "team", num_args = 1.., value_delimiter = ',')]
    teams: Vec<String>,
    /// Ends then, e.g. 2027-01-01T00:00:00Z
    #[arg(long)]
    expires_at: Option<String>,
    /// Print id and token as JSON
    #[arg(long)]
    json: bool,
}

/// Rolls up and deletes what is past its time.
pub(crate) fn prune(over: &Overrides, args: &PruneArgs) -> anyhow::Result<ExitCode> {
    let app = visit(over)?;
    let done = retention::prune(&app, args.dry_run)?;
    if args.json {
        output::json(&done)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(floor) = done.floor else {
        output::say("Everything is kept for ever (retention.raw_months is 0).");
        return Ok(ExitCode::SUCCESS);
    };
    let verb = if args.dry_run { "would go" } else { "are gone" };
    output::say(&format!(
        "Of the time before {floor} {verb}: {} drills, {} documents, {} idempotency keys, {} changes of scores, \
         {} values of facts, {} drill tickets, {} tokens of CI jobs.",
        done.drills, done.documents, done.keys, done.scores, done.facts, done.tickets, done.ci_tokens
    ));
    Ok(ExitCode::SUCCESS)
}

/// Makes, lists and ends tokens.
pub(crate) fn token(over: &Overrides, args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let app = visit(over)?;
    let actor = Actor::command_line();
    match &args.command {
        TokenCommand::Create(create) => {
            let expires_at = create.expires_at.as_deref().map(Timestamp::parse).transpose();
            let cmd = CreateToken {
                name: create.name.clone(),
                scopes: create.scopes.clone(),
                services: create.services.clone(),
                teams: create.teams.clone(),
                expires_at: expires_at.map_err(|e| anyhow::anyhow!("--expires-at: {e}"))?,
            };
            let (view, text) = app.write_now(&actor, |tx| tokens::create(tx, &cmd))?;
            if create.json {
                output::json(&serde_json::json!({ "id": view.id, "token": text }))?;
            } else {
                output::say(&text);
            }
        }
        TokenCommand::List { json } => {
            let list = app.read_now(tokens::list)?;
            if *json {
                output::json(&list)?;
            } else {
                for t in list {
                    let state = if t.revoked_at.is_some() { "revoked" } else { "active" };
                    output::say(&format!("{}  {state:<8} {}  {}", t.id, t.name, t.scopes.join(",")));
                }
            }
        }
        TokenCommand::Revoke { id } => app.write_now(&actor, |tx| tokens::revoke(tx, id))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the OpenAPI document.
pub(crate) fn openapi() -> anyhow::Result<ExitCode> {
    output::json(&waterbear::http::openapi::document())?;
    Ok(ExitCode::SUCCESS)
}
