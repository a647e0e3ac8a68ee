//! A filter around a reqwest client: calls that a ticket names fail as it says, and every call carries the ticket on.

use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};
use waterbear::tickets::{Call, Decision, HEADER, HOLD_MS, decide};

use super::Carried;

/// Why a call brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// It was answered with an error.
    Status,
    /// It was not answered in time.
    Timeout,
    /// It was not answered.
    Network,
}

impl CallError {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Timeout => "timeout",
            Self::Network => "network",
        }
    }
}

/// Calls other services on behalf of one.
pub struct DrillClient {
    own: &'static str,
    patience: Duration,
    http: reqwest::Client,
}

impl DrillClient {
    /// Calls as `own`, with this much patience.
    pub fn new(own: &'static str, patience: Duration) -> Self {
        harness::prepare_tls();
        Self { own, patience, http: reqwest::Client::new() }
    }

    /// The text that `to` at `url` answers, asked while `cause` is served, on behalf of `member`.
    pub async fn get(
        &self,
        to: &str,
        url: &str,
        cause: &HttpRequest,
        member: Option<&str>,
    ) -> Result<String, CallError> {
        let carried = cause.extensions().get::<Carried>().cloned();
        let header = |name: &str| cause.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let request_id = header("x-request-id");
        let decision = carried.as_ref().map_or(Decision::None, |carried| {
            let call =
                Call { from: Some(self.own), to, member, request_id: request_id.as_deref(), header: &header };
            decide(&carried.claims, &call)
        });
        let wait = |ms: u32| actix_web::rt::time::sleep(Duration::from_millis(u64::from(ms)));
        let call = async {
            match decision {
                Decision::None => {}
                Decision::Abort(status) if status < 400 => {}
                Decision::Abort(_) => return Err(CallError::Status),
                Decision::Delay(ms) => wait(ms).await,
                Decision::Timeout => {
                    wait(HOLD_MS).await;
                    return Err(CallError::Timeout);
                }
            }
            let mut request = self.http.get(url);
            if let Some(carried) = &carried {
                request = request.header(HEADER, &carried.token);
            }
            let answer = request.send().await.map_err(|_| CallError::Network)?;
            let answer = answer.error_for_status().map_err(|_| CallError::Status)?;
            answer.text().await.map_err(|_| CallError::Network)
        };
        // The caller's own patience ends a delay and a silence alike: that is what is rehearsed.
        actix_web::rt::time::timeout(self.patience, call).await.unwrap_or(Err(CallError::Timeout))
    }
}
