//! Core flows of the made-up organisation: one journey a team, whose services call their neighbours and other teams.

use serde_json::{Value, json};

use super::catalog::Made;
use super::dice::Dice;

/// A non-core call: who calls, who is called.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub to: String,
    /// How much its team cares: this share of diligence and it has a fallback.
    effort: f64,
}

/// What a fallback does, by strategy.
const WAYS: &[(&str, &str)] = &[
    ("trade_feature", "Show the best sellers of the day."),
    ("trade_feature", "Leave the panel out."),
    ("trade_complexity", "Answer from the cache of the last hour."),
    ("trade_complexity", "Ask the read replica."),
    ("trade_time", "Ask the other site."),
];

/// The non-core calls of a service, always the same.
pub(super) fn noncore(services: &[Made], at: usize) -> Vec<Call> {
    let Some(service) = services.get(at) else { return Vec::new() };
    let mut dice = Dice::of(6, &service.name);
    let mut calls: Vec<Call> = Vec::new();
    for _ in 0..dice.range(2, 5) {
        let other = services.get(usize::try_from(dice.range(0, 69)).unwrap_or(0));
        let effort = dice.range(20, 95) as f64 / 100.0;
        let Some(other) = other.filter(|o| o.name != service.name) else { continue };
        if calls.iter().all(|call| call.to != other.name) && !core(services, at).contains(&other.name) {
            calls.push(Call { to: other.name.clone(), effort });
        }
    }
    calls
}

/// The core calls of a service: the next of its team, and for some an external.
fn core(services: &[Made], at: usize) -> Vec<String> {
    let Some(service) = services.get(at) else { return Vec::new() };
    let mut dice = Dice::of(8, &service.name);
    let next = services.iter().skip(at + 1).find(|s| s.team == service.team).map(|s| s.name.clone());
    let mut all: Vec<String> = next.into_iter().collect();
    if dice.chance(0.1) {
        let names =
            ["external:card-scheme", "external:mail-relay", "external:map-tiles", "external:sms-gateway"];
        all.extend(names.get(usize::try_from(dice.range(0, 3)).unwrap_or(0)).map(|name| (*name).to_owned()));
    }
    all
}

/// The flow of a team, as diligent as it is then: slug and document. None while it has not written one.
pub(super) fn flow(services: &[Made], team: &str, diligence: f64) -> Option<(String, Value)> {
    let members: Vec<usize> =
        services.iter().enumerate().filter(|(_, s)| s.team == team).map(|(n, _)| n).collect();
    let entry = services.get(*members.first()?)?;
    let mut edges = Vec::new();
    for at in members {
        let Some(service) = services.get(at) else { continue };
        let mut dice = Dice::of(9, &service.name);
        for to in core(services, at) {
            edges.push(json!({ "from": service.name, "to": to, "core": true,
                               "deadline_ms": dice.range(4, 20) * 100 }));
        }
        for call in noncore(services, at) {
            let (strategy, how) = WAYS.get(usize::try_from(dice.range(0, 4)).unwrap_or(0))?;
            let mut edge = json!({ "from": service.name, "to": call.to, "core": false,
                                   "deadline_ms": dice.range(5, 40) * 10, "traffic": dice.range(1, 900) });
            if diligence + 0.35 >= call.effort
                && let Some(map) = edge.as_object_mut()
            {
                map.insert("fallback".into(), json!({ "strategy": strategy, "how": how }));
            }
            edges.push(edge);
        }
    }
    let title = format!("What users do with {}", entry.name.trim_end_matches("-api").replace('-', " "));
    Some((
        format!("{team}-journey"),
        json!({ "title": title, "owner": team, "entry": entry.name, "edges": edges }),
    ))
}
