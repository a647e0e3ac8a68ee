//! Degrader settings and traffic of the made-up services: most begin with the defaults of their tool, and those whose
//! teams keep at it come to settings that suit their traffic.

use std::collections::HashMap;

use scoring_rules::degrader::{Context, Dialect, Latency, Profile, Settings};
use serde_json::Value;

use super::catalog::Made;
use super::dice::Dice;
use crate::app::degrader::PutDegrader;
use crate::types::Timestamp;

/// How far a team has come with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Defaults,
    Errors,
    Latency,
    Tuned,
}

/// The settings of each service as they were written last.
#[derive(Debug, Default)]
pub(super) struct Degraders(HashMap<String, (Level, String)>);

impl Degraders {
    /// What the pipeline of a service sends: settings in force, and the traffic as it was measured that day.
    pub(super) fn put(&mut self, service: &Made, diligence: f64, at: Timestamp) -> PutDegrader {
        let mut dice = Dice::of(7, &service.name);
        let profile = traffic(&mut dice);
        let dialect = match dice.range(0, 9) {
            0..=6 => Dialect::D2,
            7 | 8 => Dialect::Envoy,
            _ => Dialect::Grpc,
        };
        let level = match diligence + dice.range(-10, 10) as f64 / 100.0 {
            d if d < 0.60 => Level::Defaults,
            d if d < 0.75 => Level::Errors,
            d if d < 0.90 => Level::Latency,
            _ => Level::Tuned,
        };
        let held = self.0.get(&service.name).filter(|(held, _)| *held == level);
        let text = held.map_or_else(
            || settings(dialect, level, &profile).write(&Context { service: service.name.clone() }),
            |(_, text)| text.clone(),
        );
        self.0.insert(service.name.clone(), (level, text.clone()));
        PutDegrader {
            dialect: Some(dialect.id().into()),
            settings: Some(Value::String(text)),
            profile: Some(profile),
            profile_at: Some(at),
        }
    }
}

fn traffic(dice: &mut Dice) -> Profile {
    let hosts = dice.range(6, 60);
    let clients = dice.range(4, 24);
    // So many calls for each host, client and second: between too few to know much, and plenty.
    let qps = (hosts * clients * dice.range(2, 9)) as f64;
    let mean = dice.range(4, 24) as f64;
    Profile {
        hosts: u32::try_from(hosts).unwrap_or(1),
        clients: u32::try_from(clients).ok(),
        qps,
        latency: Latency {
            mean_ms: Some(mean),
            cv: Some(dice.range(60, 120) as f64 / 100.0),
            ..Latency::default()
        },
        error_rate: dice.range(1, 20) as f64 / 10_000.0,
        timeout_ms: 1_000.0,
        slo_ms: Some((mean * 6.0).max(40.0)),
        ..Profile::default()
    }
}

fn settings(dialect: Dialect, level: Level, profile: &Profile) -> Settings {
    let defaults = Settings::defaults(dialect);
    let Ok(traffic) = profile.check() else { return defaults };
    match (dialect, level) {
        (_, Level::Tuned) => Settings::recommend(dialect, &traffic),
        (Dialect::D2, Level::Defaults) => defaults,
        (Dialect::D2, level) => {
            let mut changes = vec![
                ("degrader.highErrorRate", "0.3".to_owned()),
                ("degrader.lowErrorRate", "0.1".to_owned()),
            ];
            if level == Level::Latency {
                changes.push(("degrader.highLatency", format!("{:.0}", traffic.mean_ms * 6.0 + 20.0)));
                changes.push(("degrader.lowLatency", format!("{:.0}", traffic.mean_ms * 2.0 + 10.0)));
            }
            changes.iter().fold(defaults, |held, (key, text)| held.clone().with(key, text).unwrap_or(held))
        }
        (_, Level::Latency) => Settings::recommend(dialect, &traffic),
        (_, _) => defaults,
    }
}
