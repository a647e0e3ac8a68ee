//! OpenFeature with flagd: a flag whose targeting says for whom a call fails, and which ends by itself.
//!
//! Source: flagd's schema (`https://flagd.dev/schema/v0/flags.json`): `state`, `variants` of one type,
//! `defaultVariant`, `targeting` in JsonLogic with `fractional`, `$flagd.timestamp` in Unix seconds.

use serde_json::{Value, json};

use super::{Audience, Fault, Plan};

/// Name of the flag.
pub const FLAG: &str = "waterbear-fault";

/// The flag definition: variant `fault` for those who are meant, `none` for all others.
pub fn flagd(plan: &Plan<'_>) -> Value {
    let drill = plan.drill;
    let mut fault = json!({
        "failure": drill.failure.as_str(),
        "edges": drill.edges.iter().map(|edge| json!(format!("{}->{}", edge.from, edge.to))).collect::<Vec<_>>(),
        "ticket": plan.id(),
        "environment": drill.environment,
    });
    match drill.fault() {
        Some(Fault::Error(status)) => fault["status"] = json!(status),
        Some(Fault::Delay(ms)) => fault["delay_ms"] = json!(ms),
        Some(Fault::Timeout) | None => {}
    }
    let in_time = json!({ "<": [{ "var": "$flagd.timestamp" }, plan.until] });
    json!({
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "flags": {
            (FLAG): {
                "state": "ENABLED",
                "variants": { "none": { "failure": "none" }, "fault": fault },
                "defaultVariant": "none",
                "targeting": { "if": [in_time, chosen(plan), "none"] },
            },
        },
    })
}

/// Which variant, while the drill lasts.
fn chosen(plan: &Plan<'_>) -> Value {
    let either = |condition: Value| json!({ "if": [condition, "fault", "none"] });
    match &plan.drill.audience {
        Audience::Header { name, value } => {
            either(json!({ "==": [{ "var": header_attribute(name) }, value] }))
        }
        Audience::Members(members) => either(json!({ "in": [{ "var": "targetingKey" }, members] })),
        Audience::Percentage(100..) => json!("fault"),
        Audience::Percentage(share) => json!({ "fractional": [
            { "cat": [{ "var": "$flagd.flagKey" }, plan.id(), { "var": "targetingKey" }] },
            ["fault", share],
            ["none", 100 - share],
        ] }),
        Audience::Holder(_) => either(json!({ "==": [{ "var": "waterbear_drill" }, plan.id()] })),
    }
}

/// The attribute of the evaluation context that carries a header: `header_x_team` of `X-Team`. A dot or a dash would
/// be read as a path.
fn header_attribute(name: &str) -> String {
    let word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    format!("header_{word}")
}
