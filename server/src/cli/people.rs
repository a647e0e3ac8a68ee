//! `user`: accounts, from the command line of the server.

use std::io::Read;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use waterbear::app::people::{self, ChangeUser, CreateUser, InTeam, MayBe, passwords};
use waterbear::app::{Actor, App};
use waterbear::config::Overrides;

use super::{output, visit, visit_or_make};

#[derive(Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Make an account; a password that is made up for it is printed once, alone on standard output
    Create(CreateArgs),
    /// List accounts
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Change role, teams or name of an account; its sessions end when its rights change
    Change(ChangeArgs),
    /// Give an account a new password; it is printed once, alone on standard output, unless it was given
    Password {
        /// Name to sign in with
        login: String,
        /// Read the password from standard input instead of making one up
        #[arg(long)]
        password_stdin: bool,
    },
    /// An account may not sign in any more, and its sessions end
    Disable {
        /// Name to sign in with
        login: String,
    },
    /// A disabled account may sign in again
    Enable {
        /// Name to sign in with
        login: String,
    },
    /// End all sessions of an account
    SignOut {
        /// Name to sign in with
        login: String,
    },
}

#[derive(Args)]
struct CreateArgs {
    /// Name to sign in with
    #[arg(long)]
    login: String,
    /// Name as shown
    #[arg(long)]
    name: Option<String>,
    /// Mail address
    #[arg(long)]
    email: Option<String>,
    /// viewer, owner or admin
    #[arg(long, default_value = "viewer", conflicts_with = "admin")]
    role: String,
    /// The same as --role admin
    #[arg(long)]
    admin: bool,
    /// A team to be a member of; may be repeated
    #[arg(long = "team", num_args = 1.., value_delimiter = ',')]
    teams: Vec<String>,
    /// A team to lead; may be repeated
    #[arg(long = "lead", num_args = 1.., value_delimiter = ',')]
    leads: Vec<String>,
    /// Read the password from standard input instead of making one up
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args)]
struct ChangeArgs {
    /// Name to sign in with
    login: String,
    /// Name as shown
    #[arg(long)]
    name: Option<String>,
    /// viewer, owner or admin
    #[arg(long)]
    role: Option<String>,
    /// All teams to be a member of; with --lead, these two replace what was there
    #[arg(long = "team", num_args = 1.., value_delimiter = ',')]
    teams: Vec<String>,
    /// All teams to lead
    #[arg(long = "lead", num_args = 1.., value_delimiter = ',')]
    leads: Vec<String>,
}

/// Makes, lists and changes accounts.
pub(crate) fn user(over: &Overrides, args: &UserArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        UserCommand::Create(args) => create(&*visit_or_make(over)?, args)?,
        UserCommand::List { json } => list(&*visit(over)?, *json)?,
        UserCommand::Change(args) => {
            let teams = in_teams(&args.teams, &args.leads);
            let cmd = ChangeUser {
                name: args.name.clone(),
                role: args.role.clone(),
                teams: (!teams.is_empty()).then_some(teams),
                ..ChangeUser::default()
            };
            change(&*visit(over)?, &args.login, &cmd, None)?;
        }
        UserCommand::Password { login, password_stdin } => {
            let (password, made_up) = password(*password_stdin)?;
            let hash = hashed(&password, login)?;
            change(&*visit(over)?, login, &ChangeUser::default(), Some(hash))?;
            if made_up {
                output::say(&password);
            }
        }
        UserCommand::Disable { login } => disable(&*visit(over)?, login, true)?,
        UserCommand::Enable { login } => disable(&*visit(over)?, login, false)?,
        UserCommand::SignOut { login } => {
            visit(over)?.write_now(&Actor::command_line(), |tx| {
                let user = people::by_login(tx, login)?;
                let row = people::found(tx, &user.id)?;
                people::sessions::end_of(tx, &row, None)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn create(app: &App, args: &CreateArgs) -> anyhow::Result<()> {
    let (password, made_up) = password(args.password_stdin)?;
    let cmd = CreateUser {
        login: args.login.clone(),
        name: args.name.clone(),
        email: args.email.clone(),
        role: Some(if args.admin { "admin".to_owned() } else { args.role.clone() }),
        teams: in_teams(&args.teams, &args.leads),
        password: None,
    };
    let hash = hashed(&password, &args.login)?;
    app.write_now(&Actor::command_line(), |tx| people::create(tx, &cmd, hash))?;
    if made_up {
        output::say(&password);
    }
    Ok(())
}

fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let mut users = Vec::new();
    loop {
        let after = users.last().map(|user: &people::UserView| user.login.clone());
        let page = app.read_now(|tx| people::list(tx, after.as_deref(), 500))?;
        let more = page.len() == 500;
        users.extend(page);
        if !more {
            break;
        }
    }
    if json {
        return output::json(&users);
    }
    for user in users {
        let teams: Vec<String> = user.teams.iter().map(people::MemberOf::word).collect();
        let state = if user.disabled { "disabled" } else { "active" };
        output::say(&format!("{state:<8} {:<6} {}  {}", user.role, user.login, teams.join(",")));
    }
    Ok(())
}

fn change(app: &App, login: &str, cmd: &ChangeUser, password: Option<String>) -> anyhow::Result<()> {
    app.write_now(&Actor::command_line(), |tx| {
        let id = people::by_login(tx, login)?.id;
        people::change(tx, &id, cmd, password)
    })?;
    Ok(())
}

fn disable(app: &App, login: &str, disabled: bool) -> anyhow::Result<()> {
    change(app, login, &ChangeUser { disabled: Some(disabled), ..ChangeUser::default() }, None)
}

fn in_teams(members: &[String], leads: &[String]) -> Vec<InTeam> {
    let of = |is: MayBe| move |team: &String| InTeam { team: team.clone(), is };
    members.iter().map(of(MayBe::Member)).chain(leads.iter().map(of(MayBe::Lead))).collect()
}

/// A password from standard input, its line end left out, or one that is made up.
fn password(from_stdin: bool) -> anyhow::Result<(String, bool)> {
    if !from_stdin {
        return Ok((passwords::random()?, true));
    }
    let mut text = String::new();
    let most = passwords::MAX_BYTES as u64 + 2;
    std::io::stdin().take(most).read_to_string(&mut text)?;
    Ok((text.trim_end_matches(['\r', '\n']).to_owned(), false))
}

fn hashed(password: &str, login: &str) -> anyhow::Result<String> {
    if let Some(weak) = passwords::weakness(password, login) {
        anyhow::bail!("the password: {weak}");
    }
    Ok(passwords::hash(password)?)
}
