//! The facts that follow from an assessment.

use scoring_rules::EvidenceClass;
use serde_json::{Value, json};

use super::Assessment;
use crate::app::Tx;
use crate::app::facts::class_code;
use crate::error::Result;
use crate::store::degraders::DegraderRow;
use crate::store::facts::FactRow;

/// Settings are known from when they were told; all else is as old as the traffic it was worked out from.
pub(super) fn of(tx: &Tx<'_>, row: &DegraderRow) -> Result<Vec<FactRow>> {
    let mut facts = Vec::new();
    let mut add = |fact: &str, value: Value, as_of: i64, class: EvidenceClass, sender: &str| {
        facts.push(FactRow {
            id: tx.new_id(),
            service_id: row.service_id.clone(),
            fact: fact.to_owned(),
            value: value.to_string(),
            as_of,
            evidence_class: class_code(class),
            sender: sender.to_owned(),
            received_at: tx.now.0,
        });
    };
    // What a CI job sent that proved who it is was set or measured by a run, not told by somebody.
    let told = |by_ci: bool| if by_ci { EvidenceClass::ExecutedCi } else { EvidenceClass::Declared };
    if let Some(at) = row.settings_at {
        add("degrader.settings_known", json!(true), at, told(row.settings_by_ci), &row.settings_from);
    }
    let Some(at) = row.profile_at else { return Ok(facts) };
    let class = if row.observed { EvidenceClass::Observed } else { told(row.profile_by_ci) };
    let mut simulated = |fact: &str, value: Value| add(fact, value, at, class, &row.profile_from);
    simulated("degrader.profile_known", json!(true));
    let Some(text) = &row.assessment else { return Ok(facts) };
    let assessment: Assessment = serde_json::from_str(text).map_err(anyhow::Error::new)?;
    let tuning = &assessment.tuning;
    simulated("degrader.refuses_healthy", json!(!tuning.hard_failures.is_empty()));
    if !tuning.refusals.is_empty() {
        // Too little is known of the traffic to hold a score against anybody.
        return Ok(facts);
    }
    let current = &tuning.current;
    simulated("degrader.tuning_score", json!(tenths(tuning.score)));
    if let Some(seconds) = current.seconds_to_isolate() {
        simulated("degrader.seconds_to_isolate", json!(tenths(seconds)));
    }
    simulated("degrader.leaked_ppm", json!(ppm(current.leaked())));
    simulated("degrader.false_drop_ppm", json!(ppm(current.healthy.false_drop)));
    let to_gain = tuning.recommended.as_ref().map_or(0.0, |r| r.score - tuning.score);
    simulated("degrader.points_from_recommended", json!(tenths(to_gain.max(0.0))));
    Ok(facts)
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn ppm(share: f64) -> i64 {
    (share * 1e6).round() as i64
}
