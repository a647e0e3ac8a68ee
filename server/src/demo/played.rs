//! What somebody may ask about: in one team a drill is repeated until it passes, in another one takes no time.

use serde_json::json;

use super::DAYS;
use super::catalog::Made;
use crate::types::Timestamp;

/// How many days ago it happened.
const AGO: i64 = 4;
/// Minutes between one try and the next.
const PAUSE: i64 = 12;
/// Where it happens, so that no other drill is touched by it.
const PLACE: &str = "canary";

/// Results of `day`, if it is that day.
pub(super) fn lines(services: &[Made], day: i64, at: Timestamp) -> Vec<String> {
    if day != DAYS - AGO {
        return Vec::new();
    }
    let first_of = |team: &str| services.iter().find(|service| service.team == team).map(|s| s.name.as_str());
    let result = |service: &str, failure: &str, outcome: &str, ago: i64, seconds: i64| {
        let end = Timestamp(at.0 - ago * 60_000);
        json!({
            "service": service, "kind": "infrastructure", "failure": failure, "environment": PLACE,
            "outcome": outcome, "started_at": Timestamp(end.0 - seconds * 1_000), "ended_at": end,
            "source": { "tool": "drill-runner", "version": "3.2" },
        })
        .to_string()
    };
    let mut lines = Vec::new();
    if let Some(service) = first_of("content-catalog") {
        for (n, outcome) in ["failed", "failed", "failed", "passed"].into_iter().enumerate() {
            lines.push(result(service, "cpu", outcome, (4 - n as i64) * PAUSE, 70));
        }
    }
    if let Some(service) = first_of("merchant-tools") {
        lines.push(result(service, "memory", "passed", 30, 0));
    }
    lines
}
