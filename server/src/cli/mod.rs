//! The command line: one file a group of commands. Data on standard output, errors on standard error;
//! exit code 0 done, 1 failed, 2 usage.

mod audit;
mod catalog;
mod certificates;
mod degrader;
mod evidence;
mod operate;
mod output;
mod people;
mod plans;
mod publishers;
mod rules;
mod serve;
mod tickets;
mod tune;
mod upkeep;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use waterbear::app::App;
use waterbear::clock::{Clock, FrozenClock, SystemClock};
use waterbear::config::{Config, Overrides};

/// Grades every service of an engineering organisation on how it survives failure.
#[derive(Parser)]
#[command(name = "waterbear", version, about, max_term_width = 100)]
struct Cli {
    /// Settings file; without it `waterbear.toml` here, if there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where everything is kept: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE [env: DATABASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the product; with no settings at all: SQLite in ./data/waterbear.db, http on 127.0.0.1:8080
    Serve(serve::ServeArgs),
    /// Serve a made-up organisation with a year of history, on a fresh throw-away database
    Demo(serve::ServeArgs),
    /// Bring the database's schema up to date; with --from and --to, move a whole installation
    Migrate(upkeep::MigrateArgs),
    /// Copy the database to FILE while it is in use (SQLite)
    Backup(upkeep::BackupArgs),
    /// Bring a backup back as the database; never over an existing one (SQLite)
    Restore(upkeep::RestoreArgs),
    /// Read everything through and compare what can be computed again; writes nothing, `clean` if all is well
    Verify,
    /// Print who did what, when, from where and through which credential, newest first
    Audit(audit::AuditArgs),
    /// Roll up and delete results older than `retention.raw_months`; `serve` does it each day by itself
    Prune(operate::PruneArgs),
    /// Import a service catalog: Backstage YAML or CSV
    Import(catalog::ImportArgs),
    /// Record a drill result from a file, or read every kept document again (--replay)
    Ingest(evidence::IngestArgs),
    /// Grade all services now, or one
    Grade(evidence::GradeArgs),
    /// Print or write what is due of a service, ready to run
    DrillPlan(plans::PlanArgs),
    /// Work on rulebooks
    Rules(rules::RulesArgs),
    /// Work on degrader settings
    Degrader(degrader::DegraderArgs),
    /// Work on the accounts of people
    User(people::UserArgs),
    /// Work on API tokens
    Token(operate::TokenArgs),
    /// Work on trusted publishers: CI jobs that send results without a secret
    Publisher(publishers::PublisherArgs),
    /// Issue drill tickets: whoever holds one meets a fault, until it ends
    DrillTicket(tickets::TicketArgs),
    /// Work on certificates
    Certificate(certificates::CertificateArgs),
    /// Work on the keys that sign drill tickets and certificates
    Keys(tickets::KeysArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Ask a running server whether it is alive (for container health checks)
    Healthcheck(serve::ServeArgs),
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let over = Overrides { file: cli.config.clone(), database: cli.database.clone(), listen: None };
    let result = match cli.command {
        Command::Serve(args) => serve::serve(&over, &args),
        Command::Demo(args) => serve::demo(&over, &args),
        Command::Healthcheck(args) => serve::healthcheck(&over, &args),
        Command::Migrate(args) => upkeep::migrate(&over, &args),
        Command::Backup(args) => upkeep::backup(&over, &args),
        Command::Restore(args) => upkeep::restore(&over, &args),
        Command::Verify => upkeep::verify(&over),
        Command::Audit(args) => audit::audit(&over, &args),
        Command::Prune(args) => operate::prune(&over, &args),
        Command::Token(args) => operate::token(&over, &args),
        Command::User(args) => people::user(&over, &args),
        Command::Publisher(args) => publishers::publisher(&over, &args),
        Command::Openapi => operate::openapi(),
        Command::Import(args) => catalog::import(&over, &args),
        Command::Ingest(args) => evidence::ingest(&over, &args),
        Command::Grade(args) => evidence::grade(&over, &args),
        Command::DrillPlan(args) => plans::drill_plan(&over, &args),
        Command::Rules(args) => rules::rules(&over, &args),
        Command::DrillTicket(args) => tickets::ticket(&over, &args),
        Command::Certificate(args) => certificates::certificate(&over, &args),
        Command::Keys(args) => tickets::signing(&over, &args),
        Command::Degrader(args) => degrader::degrader(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The settings, or every error in them at once.
fn settings(over: &Overrides) -> anyhow::Result<Config> {
    Config::load(over).map_err(|errors| anyhow::anyhow!("the settings are wrong:\n  {}", errors.join("\n  ")))
}

fn clock(config: &Config) -> Arc<dyn Clock> {
    match config.frozen_now {
        Some(now) => Arc::new(FrozenClock::with_ids_from(now, 1 << 62)),
        None => Arc::new(SystemClock),
    }
}

/// The application for a command that visits a database that is there.
fn visit(over: &Overrides) -> anyhow::Result<Arc<App>> {
    settings(over)?.database.must_exist()?;
    visit_or_make(over)
}

/// The same for a command that may be the first: where there is no database it makes one.
fn visit_or_make(over: &Overrides) -> anyhow::Result<Arc<App>> {
    output::log(false, "warn");
    let config = settings(over)?;
    let clock = visit_clock(&config);
    App::visit(config, clock)
}

/// Under a clock that stands still each visit takes ids of its own, below those of the server: what the server
/// does comes after what was imported.
fn visit_clock(config: &Config) -> Arc<dyn Clock> {
    match config.frozen_now {
        Some(now) => {
            let real = SystemClock.now().0;
            let apart = u64::try_from(real).unwrap_or(0) << 20 | u64::from(std::process::id());
            Arc::new(FrozenClock::with_ids_from(now, apart))
        }
        None => Arc::new(SystemClock),
    }
}
