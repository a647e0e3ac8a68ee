//! The product from outside: a real server process on a database of its own, and short words to talk to it.

mod bare;
mod chaos;
mod cli;
mod cluster;
mod database;
mod drills;
mod identity;
mod places;
mod prometheus;
mod raw;
mod reply;
mod server;
mod smtp;
mod stub;
mod visitor;

pub use bare::Bare;
pub use chaos::{Toy, chaos_dir};
pub use cli::{Output, run, run_with_input};
pub use cluster::Cluster;
pub use database::{Database, psql};
pub use drills::{drill, instant, now, passed, seconds_from_now};
pub use identity::IdentityProvider;
pub use places::{binary, files_under, root, sample, sample_json, samples_dir, vectors_dir};
pub use prometheus::Prometheus;
pub use raw::{RawReply, connect, raw_request};
pub use reply::Reply;
pub use server::{Server, Setup};
pub use smtp::{Encrypted, Letter, MailServer};
pub use stub::{Asked, Stream, Stub, Told};
pub use visitor::Visitor;

pub use serde_json::{Value, json};

/// Names the implementation of TLS; without it no HTTP client can be made.
pub fn prepare_tls() {
    // Done already: the same one was named.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Services `svc-0`, `svc-1` ... of `shop-team`, of all tiers in turn.
pub fn many_services(count: usize) -> String {
    let one = |n: usize| {
        format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n\
             metadata: {{name: svc-{n}, annotations: {{\"waterbear.dev/tier\": \"{}\"}}}}\n\
             spec: {{type: service, lifecycle: production, owner: shop-team}}\n",
            n % 4 + 1
        )
    };
    (0..count).map(one).collect()
}

/// A catalog of one service and its team, the least that can be graded.
pub const SMALL_CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: shop-team}
";
