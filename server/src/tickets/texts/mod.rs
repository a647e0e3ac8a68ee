//! A drill in the words of tools: headers, a `curl` line, Envoy, Istio, flagd. Pure functions; hostile names stay names.

mod flagd;
mod istio;
mod shell;

use super::claims::{Drill, Fault};
use super::{Audience, HEADER, HOLD_MS};

pub use flagd::{FLAG, flagd};
pub use istio::istio;
pub use shell::{command, curl, issue, quoted, result};

/// What stands where a ticket is to be put, before there is one.
pub const PLACEHOLDER: &str = "TICKET";

/// A drill and, once it is issued, its ticket.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// What fails, and for whom.
    pub drill: &'a Drill,
    /// Until when, Unix seconds.
    pub until: i64,
    /// The ticket's id; none before it is issued.
    pub id: Option<&'a str>,
    /// The ticket itself; none before it is issued.
    pub token: Option<&'a str>,
}

impl Plan<'_> {
    fn token(&self) -> &str {
        self.token.unwrap_or(PLACEHOLDER)
    }

    fn id(&self) -> &str {
        self.id.unwrap_or(PLACEHOLDER)
    }
}

/// The headers that a tester sends.
pub fn headers(plan: &Plan<'_>) -> Vec<(String, String)> {
    let mut headers = vec![(HEADER.to_owned(), plan.token().to_owned())];
    if let Audience::Header { name, value } = &plan.drill.audience {
        headers.push((name.clone(), value.clone()));
    }
    headers
}

/// The headers that Envoy's fault filter takes (`header_abort`, `header_delay`), for a call straight to the failing
/// service. Source: Envoy's documentation of the HTTP fault filter.
pub fn envoy(plan: &Plan<'_>) -> Vec<(String, String)> {
    let (name, value) = match plan.drill.fault() {
        Some(Fault::Error(status)) => ("x-envoy-fault-abort-request", status.to_string()),
        Some(Fault::Delay(ms)) => ("x-envoy-fault-delay-request", ms.to_string()),
        // Envoy cannot keep silent: a delay longer than any timeout is the same to a caller.
        Some(Fault::Timeout) => ("x-envoy-fault-delay-request", HOLD_MS.to_string()),
        None => return Vec::new(),
    };
    let mut headers = vec![(name.to_owned(), value)];
    if let Audience::Percentage(share) = plan.drill.audience {
        headers.push((format!("{name}-percentage"), share.to_string()));
    }
    headers
}
