//! `serve`, `demo`, `healthcheck`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use waterbear::app::{App, keys, people, rulebook};
use waterbear::clock::SystemClock;
use waterbear::config::{Config, Overrides, env};
use waterbear::store::{DatabaseUrl, lock};
use waterbear::{demo, http, jobs};

use super::{clock, output, settings};

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on; port 0 picks a free one [env: WATERBEAR_LISTEN]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

fn with_listen(over: &Overrides, args: &ServeArgs) -> Overrides {
    Overrides { listen: args.listen.clone(), ..over.clone() }
}

/// Serves the product until it is told to stop.
pub(crate) fn serve(over: &Overrides, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = settings(&with_listen(over, args))?;
    output::log(config.log_json, &config.log_level);
    config.database.prepare()?;
    let _lock = lock::hold(&config.database)?;
    if let Some(warning) = config.database.unproven(env) {
        tracing::warn!("{warning}");
    }
    let app = App::build(config.clone(), clock(&config))?;
    let reasons = config.unsafe_to_serve(app.read_now(people::has_admin)?);
    anyhow::ensure!(
        reasons.is_empty(),
        "{} is no address of this machine alone, and others would reach a server that is not safe yet:\n  {}",
        config.listen,
        reasons.join("\n  ")
    );
    keys::prepare(&app)?;
    run(&app, |_| {})?;
    app.db().checkpoint();
    Ok(ExitCode::SUCCESS)
}

/// Serves the made-up organisation.
pub(crate) fn demo(over: &Overrides, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        over.database.is_none(),
        "demo makes a throw-away database of its own; --database belongs to `serve`"
    );
    let mut config = settings(&with_listen(over, args))?;
    output::log(config.log_json, "warn");
    let folder = tempfile::Builder::new().prefix("waterbear-demo-").tempdir()?;
    config.database = DatabaseUrl::Sqlite { path: folder.path().join("demo.db"), durable: false };
    config.rules_dir = None;
    // Made-up services have no telemetry, and must not make anybody ask for it.
    config.sources.clear();
    config.demo = true;
    output::note("Making up an organisation: 200 services, 24 teams, a year of drills ...");
    let began = std::time::Instant::now();
    let token = demo::fill(&config)?;
    output::note(&format!("Done in {:.1} s.", began.elapsed().as_secs_f64()));
    let password = demo::person(&config)?;
    let app = App::build(config, Arc::new(SystemClock))?;
    run(&app, |addr| {
        output::note(&format!("\nSign in as {} with the password {password}", demo::LOGIN));
        output::note(&format!("\nPost a drill result of your own:\n\n{}\n", demo::curl_line(addr, &token)));
    })?;
    Ok(ExitCode::SUCCESS)
}

fn run(app: &Arc<App>, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        jobs::start(app);
        reload_on_hangup(Arc::clone(app));
        http::serve(Arc::clone(app), |addr| {
            app.set_bound(addr);
            output::say(&format!("listening on http://{addr}"));
            ready(addr);
        })
        .await
    })
}

/// Reads the rulebook again on SIGHUP.
fn reload_on_hangup(app: Arc<App>) {
    #[cfg(unix)]
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
        while hangups.recv().await.is_some() {
            let app = Arc::clone(&app);
            let done = waterbear::app::blocking(move || rulebook::reload(&app)).await;
            match done {
                Ok(true) => tracing::info!("another rulebook is in force"),
                Ok(false) => tracing::info!("the rulebook stays as it is"),
                Err(error) => tracing::error!(%error, "reading the rulebook"),
            }
        }
    });
    #[cfg(not(unix))]
    drop(app);
}

/// Asks the server at the configured address for `/healthz`.
pub(crate) fn healthcheck(over: &Overrides, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config: Config = settings(&with_listen(over, args))?;
    let mut addr: SocketAddr = config.listen.parse().context("server.listen")?;
    if addr.ip().is_unspecified() {
        addr.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let wait = Duration::from_secs(3);
    let mut stream =
        TcpStream::connect_timeout(&addr, wait).with_context(|| format!("no answer at {addr}"))?;
    stream.set_read_timeout(Some(wait))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut head = [0_u8; 12];
    stream.read_exact(&mut head)?;
    anyhow::ensure!(head.ends_with(b"200"), "not healthy: {}", String::from_utf8_lossy(&head));
    Ok(ExitCode::SUCCESS)
}
