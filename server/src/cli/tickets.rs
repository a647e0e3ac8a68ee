//! `drill-ticket`, `keys`.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use waterbear::app::drill_tickets::{self, CreateTicket};
use waterbear::app::keys::Purpose;
use waterbear::app::{Actor, keys};
use waterbear::config::Overrides;
use waterbear::tickets::{Audience, Edge};

use super::{output, visit};

#[derive(Args)]
pub(crate) struct TicketArgs {
    #[command(subcommand)]
    command: TicketCommand,
}

#[derive(Subcommand)]
enum TicketCommand {
    /// Issue a ticket; its token is printed once, alone on standard output
    Create(Box<CreateArgs>),
    /// List the newest tickets, without their tokens
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a ticket back
    Revoke {
        /// Its id
        id: String,
    },
}

#[derive(Args)]
struct CreateArgs {
    /// A call that fails, as CALLER->CALLED; may be repeated
    #[arg(long = "edge", required = true, value_name = "FROM->TO")]
    edges: Vec<String>,
    /// error, delay or timeout
    #[arg(long)]
    failure: String,
    /// HTTP status of an error
    #[arg(long)]
    status: Option<i64>,
    /// Milliseconds of a delay
    #[arg(long)]
    delay_ms: Option<i64>,
    /// Where, e.g. staging
    #[arg(long)]
    environment: String,
    /// How long it holds
    #[arg(long)]
    minutes: Option<i64>,
    /// Flow it is for
    #[arg(long)]
    flow: Option<String>,
    /// Only calls with this header, as NAME=VALUE
    #[arg(long, group = "audience")]
    header: Option<String>,
    /// Only calls on behalf of this member; may be repeated
    #[arg(long = "member", group = "audience")]
    members: Vec<String>,
    /// Only so many of 100 members
    #[arg(long, group = "audience")]
    percentage: Option<u8>,
    /// Print everything that is needed to use it, as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// List the keys that sign drill tickets and certificates, without their private halves
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a new key; the one before stays published until what it signed has ended
    Rotate {
        /// What the key signs: tickets or certificates
        #[arg(long = "for", default_value = "tickets", value_name = "WHAT")]
        purpose: String,
        /// Take the keys before out of the published set at once: what they signed holds no more
        #[arg(long)]
        compromised: bool,
    },
}

/// Issues, lists and takes back drill tickets.
pub(crate) fn ticket(over: &Overrides, args: &TicketArgs) -> anyhow::Result<ExitCode> {
    let actor = Actor::command_line();
    match &args.command {
        TicketCommand::Create(create) => {
            let cmd = wish(create)?;
            let issued = visit(over)?.write_now(&actor, |tx| drill_tickets::create(tx, &cmd))?;
            if create.json {
                output::json(&issued)?;
            } else {
                output::say(&issued.ticket);
            }
        }
        TicketCommand::List { json } => {
            let list = visit(over)?.read_now(|tx| drill_tickets::list(tx, None, 100))?.items;
            if *json {
                output::json(&list)?;
            } else {
                for t in list {
                    let until = t.expires_at.to_rfc3339();
                    output::say(&format!(
                        "{}  {:<8} {until}  {} in {}",
                        t.id, t.state, t.failure, t.environment
                    ));
                }
            }
        }
        TicketCommand::Revoke { id } => {
            visit(over)?.write_now(&actor, |tx| drill_tickets::revoke(tx, id))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn wish(args: &CreateArgs) -> anyhow::Result<CreateTicket> {
    let edge = |text: &String| {
        let (from, to) = text
            .split_once("->")
            .with_context(|| format!("--edge `{text}`: expected CALLER->CALLED, quoted for the shell"))?;
        Ok(Edge { from: from.to_owned(), to: to.to_owned() })
    };
    let audience = if let Some(header) = &args.header {
        let (name, value) =
            header.split_once('=').with_context(|| format!("--header `{header}`: expected NAME=VALUE"))?;
        Audience::Header { name: name.to_owned(), value: value.to_owned() }
    } else if !args.members.is_empty() {
        Audience::Members(args.members.clone())
    } else if let Some(share) = args.percentage {
        Audience::Percentage(share)
    } else {
        Audience::Holder(true)
    };
    Ok(CreateTicket {
        flow: args.flow.clone(),
        edges: args.edges.iter().map(edge).collect::<anyhow::Result<_>>()?,
        failure: args.failure.clone(),
        status: args.status,
        delay_ms: args.delay_ms,
        audience,
        environment: args.environment.clone(),
        minutes: args.minutes,
    })
}

/// Lists and rotates signing keys.
pub(crate) fn signing(over: &Overrides, args: &KeysArgs) -> anyhow::Result<ExitCode> {
    let app = visit(over)?;
    match &args.command {
        KeysCommand::List { json } => {
            let list = app.read_now(keys::list)?;
            if *json {
                output::json(&list)?;
            } else {
                for key in list {
                    let until = key.retired_at.map_or_else(|| "on".to_owned(), |at| format!("to {at}"));
                    output::say(&format!("{}  {}  signs from {} {until}", key.id, key.alg, key.active_at));
                }
            }
        }
        KeysCommand::Rotate { purpose, compromised } => {
            let actor = Actor::command_line();
            let purpose = match purpose.as_str() {
                "tickets" => Purpose::Tickets,
                "certificates" => Purpose::Certificates,
                other => anyhow::bail!("--for {other}: expected tickets or certificates"),
            };
            let key = app.write_now(&actor, |tx| keys::rotate(tx, purpose, *compromised))?;
            output::say(&format!("{} signs from {}.", key.id, key.active_at));
        }
    }
    Ok(ExitCode::SUCCESS)
}
