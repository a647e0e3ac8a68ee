//! Command lines; every word of somebody else's is quoted for the shell.

use super::{Audience, Drill, Fault, HEADER, PLACEHOLDER, Plan, headers};

/// A word for a POSIX shell, in single quotes: nothing in it means anything.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The `curl` line of a tester; the address is theirs to put in.
pub fn curl(plan: &Plan<'_>) -> String {
    let mut words = vec!["curl --include".to_owned()];
    for (name, value) in headers(plan) {
        words.push(format!("--header {}", quoted(&format!("{name}: {value}"))));
    }
    words.push("\"$URL\"".to_owned());
    words.join(" \\\n  ")
}

/// The `curl` line that issues a ticket; `body` is the JSON that is asked for.
pub fn issue(base_url: &str, body: &str) -> String {
    format!(
        "curl --fail-with-body {} \\\n  --header \"authorization: Bearer $WATERBEAR_TOKEN\" \\\n  \
         --header 'content-type: application/json' \\\n  --data {}",
        quoted(&format!("{base_url}/api/v1/drill-tickets")),
        quoted(body)
    )
}

/// The command that issues a ticket.
pub fn command(drill: &Drill, minutes: i64, flow: Option<&str>) -> String {
    let mut words = vec!["waterbear drill-ticket create".to_owned()];
    for edge in &drill.edges {
        words.push(format!("--edge {}", quoted(&format!("{}->{}", edge.from, edge.to))));
    }
    words.push(format!("--failure {}", drill.failure.as_str()));
    match drill.fault() {
        Some(Fault::Error(status)) => words.push(format!("--status {status}")),
        Some(Fault::Delay(ms)) => words.push(format!("--delay-ms {ms}")),
        Some(Fault::Timeout) | None => {}
    }
    match &drill.audience {
        Audience::Header { name, value } => {
            words.push(format!("--header {}", quoted(&format!("{name}={value}"))));
        }
        Audience::Members(members) => {
            words.extend(members.iter().map(|member| format!("--member {}", quoted(member))));
        }
        Audience::Percentage(share) => words.push(format!("--percentage {share}")),
        Audience::Holder(_) => {}
    }
    words.push(format!("--environment {}", quoted(&drill.environment)));
    words.push(format!("--minutes {minutes}"));
    words.extend(flow.map(|slug| format!("--flow {}", quoted(slug))));
    words.join(" \\\n  ")
}

/// The `curl` line that sends a result, which the ticket completes.
pub fn result(base_url: &str) -> String {
    format!(
        "curl --fail-with-body {} \\\n  --header \"authorization: Bearer $WATERBEAR_TOKEN\" \\\n  \
         --header 'content-type: application/json' \\\n  --header '{HEADER}: {PLACEHOLDER}' \\\n  \
         --data \"{{\\\"outcome\\\": \\\"passed\\\", \\\"started_at\\\": \\\"$STARTED\\\", \\\"ended_at\\\": \\\"$ENDED\\\"}}\"",
        quoted(&format!("{base_url}/api/v1/drills"))
    )
}
