//! The server's life from bind to graceful end, and the order in which a request passes through its parts.

pub mod api;
pub mod assets;
pub mod auth;
pub mod body;
pub mod charts;
pub mod conditional;
pub mod csv;
pub mod feed;
pub mod headers;
pub mod metrics;
pub mod openapi;
pub mod pages;
pub mod problem;
pub mod query;
pub mod render;
pub mod routes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpServer, web};
use anyhow::Context;

use self::metrics::Metrics;
use crate::app::App;

/// The application, as handlers are given it.
pub type Shared = web::Data<Arc<App>>;

/// How long requests in flight may take to finish once the server is told to stop.
const SHUTDOWN_SECONDS: u64 = 30;
/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a client that was refused may go on sending before the connection is cut.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Serves until the process is told to stop (SIGTERM, SIGINT); requests in flight are finished first.
pub async fn serve(app: Arc<App>, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let listen = app.config.listen.clone();
    let workers = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let configure = configure(app);
    let server = HttpServer::new(move || actix_web::App::new().configure(configure.clone()))
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .client_disconnect_timeout(LINGER_TIME)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .shutdown_signal(told_to_stop())
        .bind(listen.as_str())
        .with_context(|| format!("cannot listen on {listen}"))?;
    let bound = server.addrs().first().copied().with_context(|| format!("not listening on {listen}"))?;
    let running = server.run();
    ready(bound);
    running.await.context("serving")
}

/// Everything there is to serve, for the server and for tests inside the process.
pub fn configure(app: Arc<App>) -> impl FnOnce(&mut web::ServiceConfig) + Clone {
    let metrics = web::Data::new(Metrics::new());
    let app: Shared = web::Data::new(app);
    move |config| {
        // The last one wrapped sees the request first: it names and times even what the others refuse.
        let all = web::scope("")
            .configure(routes::wire)
            .configure(pages::configure)
            .default_service(web::to(problem::no_such_path))
            .wrap(from_fn(auth::gate))
            .wrap(from_fn(problem::render))
            .wrap(Compress::default())
            .wrap(from_fn(headers::surround));
        config.app_data(app).app_data(metrics).service(all);
    }
}

/// Resolves when the process is asked to end.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            tracing::info!("told to stop; finishing requests in flight");
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals only the end of the process stops the server.
        std::future::pending::<()>().await;
    }
}
