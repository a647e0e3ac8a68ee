//! A made-up organisation with a year of history, filled through the same use cases as real evidence.
//!
//! Deterministic: the same day gives the same organisation. Nothing of it is reachable from `serve`: it is filled
//! into a throw-away database that only the `demo` command opens.

mod catalog;
mod challenges;
mod degraders;
mod dice;
mod evidence;
mod flows;
mod journal;
mod played;
mod targets;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::app::catalog::{ImportCatalog, import};
use crate::app::ingest::{apply, batch, read};
use crate::app::people::{CreateUser, InTeam, MayBe, create as create_user, passwords};
use crate::app::posted::post;
use crate::app::tokens::{CreateToken, create};
use crate::app::{Actor, App, boards, degrader, flows as core_flows, runs};
use crate::clock::{Clock, FrozenClock, SystemClock};
use crate::config::Config;
use crate::formats::{Format, Hints, read_backstage};
use crate::types::Timestamp;

/// Days of history.
const DAYS: i64 = 365;

/// The day from which people are told: what happened since waits for them.
const TOLD_SINCE: i64 = DAYS - 30;

/// The team whose Home the demo opens on.
pub const HOME_TEAM: &str = "checkout-platform";
/// Who looks after the demo.
pub const LOGIN: &str = "robin";

/// Fills the database that `config` names and gives a token that may post drills.
pub fn fill(config: &Config) -> anyhow::Result<String> {
    let now = SystemClock.now();
    // The history ends at this minute; each of its days is lived through at the same time of day.
    let first = now.plus_days(-DAYS);
    let clock = Arc::new(FrozenClock::at(first));
    let app = App::build(config.clone(), Arc::clone(&clock) as Arc<dyn Clock>)?;
    let services = catalog::services();
    let yaml = catalog::yaml(&services);
    let reading = read_backstage(yaml.as_bytes())?;
    let cmd = ImportCatalog { reading, source: "demo".into(), dry_run: false, complete: true };
    app.write_now(&Actor::command_line(), |tx| import(tx, &cmd))?;
    let mut plan = evidence::Plan::new(&services);
    let ci = Actor::new(
        "demo CI",
        "demo-ci",
        vec!["drills:write".into(), "evidence:write".into(), "catalog:write".into()],
        None,
        None,
    );
    for day in 0..=DAYS {
        let at = first.plus_days(day);
        // A minute apart: what comes after the run belongs to the next day's sums.
        clock.set(Timestamp(at.0 - 60_000));
        live(&app, &ci, &mut plan, day, clock.now())?;
        clock.set(at);
        challenges::live(&app, day, at)?;
        if day == TOLD_SINCE {
            targets::add(&app, HOME_TEAM)?;
        }
    }
    let cmd = CreateToken {
        name: "demo".into(),
        scopes: vec!["drills:write".into(), "evidence:write".into(), "catalog:write".into()],
        services: Vec::new(),
        teams: Vec::new(),
        expires_at: None,
    };
    let (_, token) = app.write_now(&Actor::command_line(), |tx| create(tx, &cmd))?;
    Ok(token)
}

/// Makes the one who looks after the demo; gives the password.
pub fn person(config: &Config) -> anyhow::Result<String> {
    let app = App::visit(config.clone(), Arc::new(SystemClock))?;
    let password = passwords::random()?;
    let hash = passwords::hash(&password)?;
    let cmd = CreateUser {
        login: LOGIN.to_owned(),
        name: Some("Robin Berg".to_owned()),
        role: Some("admin".to_owned()),
        teams: vec![InTeam { team: HOME_TEAM.to_owned(), is: MayBe::Lead }],
        ..CreateUser::default()
    };
    app.write_now(&Actor::command_line(), |tx| create_user(tx, &cmd, hash))?;
    Ok(password)
}

/// One day: what the teams did, then the nightly grading.
fn live(app: &App, ci: &Actor, plan: &mut evidence::Plan, day: i64, at: Timestamp) -> anyhow::Result<()> {
    // Seasons end on the way, as they would have.
    boards::seasons::tick(app)?;
    let today = plan.day(day, at);
    app.write_now(ci, |tx| {
        if !today.facts.is_empty() {
            post(tx, &today.facts)?;
        }
        for (slug, document) in &today.flows {
            core_flows::put(tx, slug, document)?;
        }
        for (service, cmd) in &today.degraders {
            degrader::put(tx, service, cmd)?;
        }
        if !today.lines.is_empty() {
            for line in batch(tx, today.lines.join("\n").as_bytes(), None)? {
                if let Some(problem) = line.problem {
                    return Err(anyhow::anyhow!("demo line {}: {}", line.line, problem.detail).into());
                }
            }
        }
        for journal in &today.journals {
            apply(tx, read(Format::ChaosToolkit, journal.as_bytes(), &Hints::default(), None)?)?;
        }
        runs::enqueue(tx, "schedule")?;
        Ok(())
    })?;
    runs::work_off(app)?;
    Ok(())
}

/// A line to paste that posts a drill to the demo.
pub fn curl_line(addr: SocketAddr, token: &str) -> String {
    let now = SystemClock.now();
    let (start, end) = (Timestamp(now.0 - 60_000), now);
    format!(
        "curl -sS http://{addr}/api/v1/drills \\\n  -H 'Authorization: Bearer {token}' \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{{\"service\":\"checkout-api\",\"kind\":\"infrastructure\",\
         \"failure\":\"dns\",\"environment\":\"staging\",\"outcome\":\"passed\",\"started_at\":\"{start}\",\
         \"ended_at\":\"{end}\",\"detected_after_seconds\":20}}'"
    )
}
