//! The server's life from bind to graceful end, and the order in which a request passes through its parts.

pub mod answers;
pub mod api;
pub mod assets;
pub mod auth;
pub mod badge;
pub mod body;
pub mod cache;
pub mod charts;
pub mod conditional;
pub mod credentials;
pub mod csv;
pub mod feed;
pub mod form;
pub mod headers;
pub mod hosts;
pub mod ical;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod origin;
pub mod pages;
pub mod problem;
pub mod proxied;
pub mod query;
pub mod refusals;
pub mod render;
pub mod routes;
pub mod session;
pub mod shared;
pub mod weight;
pub mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::middleware::{Compress, from_fn};
use actix_web::web;
use anyhow::Context;

use self::cache::Cache;
use self::credentials::Credentials;
use self::metrics::Metrics;
pub use self::shared::Shared;
use self::weight::InFlight;
use crate::app::App;

/// The application, as the parts around the handlers are given it.
pub type Installed = web::Data<Arc<App>>;

/// Serves until the process is told to stop (SIGTERM, SIGINT); requests in flight are finished first.
pub async fn serve(app: Arc<App>, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let most = app.config.limits.max_connections;
    let listen = app.config.listen.clone();
    let (bound, server) = wire::open(&listen, most, configure(app), told_to_stop())?;
    ready(bound);
    server.await.context("serving")
}

/// Everything there is to serve. Called inside a runtime: it also starts the watch over the answers that are kept.
pub fn configure(app: Arc<App>) -> impl FnOnce(&mut web::ServiceConfig) + Clone {
    let metrics = web::Data::new(Metrics::new());
    let cache = web::Data::new(Cache::new(app.config.limits.cache_bytes));
    let in_flight = web::Data::new(InFlight::new(app.config.limits.max_in_flight_bytes));
    let credentials = web::Data::new(Credentials::default());
    tokio::spawn(answers::watch(Arc::clone(&app), web::Data::clone(&cache)));
    let app: Installed = web::Data::new(app);
    move |config| {
        // The last one wrapped sees the request first: it names and times even what the others refuse.
        let all = web::scope("")
            .configure(pages::configure)
            .configure(routes::wire)
            .default_service(web::to(problem::no_such_path))
            .wrap(from_fn(auth::gate))
            .wrap(from_fn(problem::render))
            .wrap(Compress::default())
            .wrap(from_fn(answers::surround))
            .wrap(from_fn(hosts::surround))
            .wrap(from_fn(headers::surround))
            .wrap(from_fn(wire::note_work));
        config
            .app_data(app)
            .app_data(metrics)
            .app_data(cache)
            .app_data(in_flight)
            .app_data(credentials)
            .service(all);
    }
}

/// Resolves when the process is asked to end; listens for that from the moment it is called.
#[cfg(unix)]
fn told_to_stop() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut term), Ok(mut interrupt)) = asked else {
            tracing::warn!("signals cannot be listened for; only the end of the process stops the server");
            return std::future::pending().await;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop; finishing requests in flight");
    }
}

/// Resolves when the process is asked to end.
#[cfg(not(unix))]
async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
