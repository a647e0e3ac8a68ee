//! Istio: a `VirtualService` for each service that is to fail, matched by header.
//!
//! A fault without a percentage does nothing in Istio, so there is always one. Every text of somebody else's is
//! written as a JSON string, which is a YAML string too.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Audience, Fault, HEADER, HOLD_MS, Plan};

/// Longest label of the domain name system, bytes.
const MAX_LABEL: usize = 63;

/// The manifests.
pub fn istio(plan: &Plan<'_>) -> String {
    let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &plan.drill.edges {
        callers.entry(&edge.to).or_default().push(&edge.from);
    }
    let parts: Vec<String> = callers.iter().map(|(to, from)| manifest(plan, to, from)).collect();
    parts.join("---\n")
}

fn manifest(plan: &Plan<'_>, to: &str, callers: &[&str]) -> String {
    let host = label(to);
    let share = match plan.drill.audience {
        Audience::Percentage(share) => share,
        _ => 100,
    };
    let fault = match plan.drill.fault() {
        Some(Fault::Error(status)) => {
            format!(
                "        abort:\n          httpStatus: {status}\n          percentage: {{value: {share}}}\n"
            )
        }
        other => {
            let ms = if let Some(Fault::Delay(ms)) = other { ms } else { HOLD_MS };
            format!(
                "        delay:\n          fixedDelay: {ms}ms\n          percentage: {{value: {share}}}\n"
            )
        }
    };
    let matches: String = callers.iter().map(|from| a_match(plan, from)).collect();
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: {}\n  annotations:\n    \
         waterbear.dev/ticket: {}\n    waterbear.dev/environment: {}\nspec:\n  hosts: [{host}]\n  http:\n    - \
         match:\n{matches}      fault:\n{fault}      route:\n        - destination: {{host: {host}}}\n    - route:\n        \
         - destination: {{host: {host}}}\n",
        text(&label(&format!("drill-{host}"))),
        text(plan.id()),
        text(&plan.drill.environment),
        host = text(&host),
    )
}

fn a_match(plan: &Plan<'_>, from: &str) -> String {
    let header = |name: &str, kind: &str, value: &str| {
        format!("            {}: {{{kind}: {}}}\n", text(&name.to_lowercase()), text(value))
    };
    let headers = match &plan.drill.audience {
        Audience::Header { name, value } => header(name, "exact", value),
        Audience::Members(members) => {
            let any: Vec<String> = members.iter().map(|member| escaped(member)).collect();
            header("x-member-id", "regex", &any.join("|"))
        }
        Audience::Percentage(_) | Audience::Holder(_) => header(HEADER, "exact", plan.token()),
    };
    format!("        - sourceLabels: {{app: {}}}\n          headers:\n{headers}", text(&label(from)))
}

/// A text as YAML takes it.
fn text(text: &str) -> String {
    json!(text).to_string()
}

/// A text of which no character means anything to RE2.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let special = r"\.+*?()|[]{}^$".contains(c);
            special.then_some('\\').into_iter().chain(std::iter::once(c))
        })
        .collect()
}

/// The nearest name that Kubernetes takes: lower-case letters, digits and hyphens, at most 63.
fn label(name: &str) -> String {
    let bare = name.rsplit(['/', ':']).next().unwrap_or(name).to_lowercase();
    let cleaned: String =
        bare.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(MAX_LABEL).collect();
    let trimmed = cleaned.trim_matches('-');
    if trimmed.is_empty() { "service".to_owned() } else { trimmed.to_owned() }
}
