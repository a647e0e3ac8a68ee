//! `publisher`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use waterbear::app::Actor;
use waterbear::app::publishers::{self, CreatePublisher};
use waterbear::config::Overrides;

use super::{output, visit};

#[derive(Args)]
pub(crate) struct PublisherArgs {
    #[command(subcommand)]
    command: PublisherCommand,
}

#[derive(Subcommand)]
enum PublisherCommand {
    /// Trust the jobs of a workflow; its id is printed
    Add(Box<AddArgs>),
    /// List trusted publishers
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Trust a publisher no more; the tokens of its jobs end at once
    Remove {
        /// Its id
        id: String,
    },
}

#[derive(Args)]
struct AddArgs {
    /// github or gitlab
    #[arg(long)]
    provider: String,
    /// Issuer of the settings, where it is not the hosted one
    #[arg(long)]
    issuer: Option<String>,
    /// owner/repository, or the whole path of a project
    #[arg(long)]
    repository: String,
    /// Id of the owner or namespace; GitHub needs it
    #[arg(long)]
    owner_id: Option<String>,
    /// Id of the repository or project; the first job's unless given
    #[arg(long)]
    repository_id: Option<String>,
    /// Workflow file, or path of the CI configuration
    #[arg(long)]
    workflow: Option<String>,
    /// Only jobs written in this reusable workflow, as owner/repository/path[@ref]
    #[arg(long)]
    reusable_workflow: Option<String>,
    /// Only jobs of this environment
    #[arg(long)]
    environment: Option<String>,
    /// Only jobs of this branch or ref
    #[arg(long = "ref", value_name = "REF")]
    git_ref: Option<String>,
    /// Only jobs of protected refs
    #[arg(long)]
    protected_ref_only: bool,
    /// Also runs for pull or merge requests
    #[arg(long)]
    allow_pull_requests: bool,
    /// drills:write unless given; also evidence:write, read; may be repeated
    #[arg(long = "scope", num_args = 1.., value_delimiter = ',')]
    scopes: Vec<String>,
    /// For this service; may be repeated
    #[arg(long = "service", num_args = 1.., value_delimiter = ',')]
    services: Vec<String>,
    /// For services of this team and those below it; may be repeated
    #[arg(long = "team", num_args = 1.., value_delimiter = ',')]
    teams: Vec<String>,
    /// Print the publisher as JSON
    #[arg(long)]
    json: bool,
}

/// Adds, lists and removes trusted publishers.
pub(crate) fn publisher(over: &Overrides, args: &PublisherArgs) -> anyhow::Result<ExitCode> {
    let actor = Actor::command_line();
    match &args.command {
        PublisherCommand::Add(add) => {
            let cmd = wish(add);
            let view = visit(over)?.write_now(&actor, |tx| publishers::create(tx, &cmd))?;
            if add.json {
                output::json(&view)?;
            } else {
                output::say(&view.id);
            }
        }
        PublisherCommand::List { json } => {
            let list = visit(over)?.read_now(publishers::list)?;
            if *json {
                output::json(&list)?;
            } else {
                for p in list {
                    let used =
                        p.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
                    let whom =
                        [p.services.unwrap_or_default(), p.teams.unwrap_or_default()].concat().join(",");
                    output::say(&format!(
                        "{}  {:<8} {} {} {} for {whom}; {used}",
                        p.id, p.state, p.provider, p.repository, p.workflow
                    ));
                }
            }
        }
        PublisherCommand::Remove { id } => {
            visit(over)?.write_now(&actor, |tx| publishers::remove(tx, id))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn wish(args: &AddArgs) -> CreatePublisher {
    CreatePublisher {
        provider: args.provider.clone(),
        issuer: args.issuer.clone(),
        repository: args.repository.clone(),
        owner_id: args.owner_id.clone(),
        repository_id: args.repository_id.clone(),
        workflow: args.workflow.clone(),
        reusable_workflow: args.reusable_workflow.clone(),
        environment: args.environment.clone(),
        git_ref: args.git_ref.clone(),
        protected_ref_only: args.protected_ref_only,
        allow_pull_requests: args.allow_pull_requests,
        scopes: args.scopes.clone(),
        services: args.services.clone(),
        teams: args.teams.clone(),
    }
}
