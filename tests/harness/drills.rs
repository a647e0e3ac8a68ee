//! Drill results as a sender writes them, and instants around now.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

/// The machine's clock.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// An instant as the API writes it.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An instant so many seconds from now (negative: ago).
pub fn seconds_from_now(seconds: i64) -> String {
    instant(now() + Duration::seconds(seconds))
}

/// A result of one drill of `service` that ended an hour ago.
pub fn drill(service: &str, failure: &str, outcome: &str) -> Value {
    let kind = match failure {
        "code" | "config" | "schema" => "rollback",
        "error" | "delay" | "timeout" => "dependency",
        _ => "infrastructure",
    };
    let mut body = json!({
        "service": service,
        "kind": kind,
        "failure": failure,
        "environment": "staging",
        "outcome": outcome,
        "started_at": seconds_from_now(-3660),
        "ended_at": seconds_from_now(-3600),
        "rollback": {"outcome": "succeeded", "seconds": 41},
        "source": {"tool": "curl"},
    });
    if kind == "dependency" {
        body["target"] = json!("ads");
    }
    body
}

/// A passed drill.
pub fn passed(service: &str, failure: &str) -> Value {
    drill(service, failure, "passed")
}
